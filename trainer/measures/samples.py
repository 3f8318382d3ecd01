"""What samples of a language model are like, beside its loss: varied, new, or copied and repeating. Called by whoever
evaluates sampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.measures.intervals import Interval, bootstrap_mean, bootstrap_ratio, jackknife, unknown, wilson
from trainer.measures.report import Report

NGRAM = {"words": 4, "characters": 16}
"""Units of an n-gram that counts as taken from a text: long enough that few recur by chance."""
_BASE = 0x9E3779B97F4A7C15
"""Odd, hence invertible modulo 2^64."""

Hashes = npt.NDArray[np.uint64]


def samples_report(samples: Sequence[str], training_text: str, *, unit: str) -> Report:
    """Figures over samples (the continuations, without their prompts), in units of words or characters:

    `distinct_1`, `_2`, `_3`: different n-grams of all samples, of all their n-grams (Li et al. 2016); it falls as
    samples get longer. `novel_ngrams`: share of the samples' NGRAM-grams that the training text lacks.
    `novel_samples`: share of samples that, as a whole, are nowhere in it. `repetition`: mean share of a sample's
    NGRAM-grams that it has written before (Welleck et al. 2020, seq-rep-n).
    Plausible and new at once, for texts of many short lines: `known_words`, share of the whole words that the training
    text has; `novel_lines`, share of the whole lines that are no line of it. What a sample's ends may have cut is left
    out.
    Detail: unit, n, samples, empty (samples without any unit, left out everywhere), longest_copy {length, text}: the
    longest run of units that stands in the training text too.
    """
    n, gap = NGRAM[unit], " " if unit == "words" else ""
    texts = [training_text, *samples]
    source, *split = [text.split() if unit == "words" else list(text) for text in texts]
    written = [units for units in split if units]
    known, *hashed = _hashed([source, *written])
    whole = f"{gap}{gap.join(source)}{gap}"
    new = [f"{gap}{gap.join(units)}{gap}" not in whole for units in written]
    long = [sample.windows(n) for sample in hashed]
    figures = {f"distinct_{k}": _distinct([sample.windows(k) for sample in hashed]) for k in (1, 2, 3)} | {
        "novel_ngrams": _novel(long, known.windows(n)),
        "novel_samples": wilson(sum(new), len(new)),
        "repetition": bootstrap_mean([1 - len(np.unique(grams)) / len(grams) for grams in long if len(grams)]),
        "known_words": _known_words(samples, training_text),
        "novel_lines": _novel_lines(samples, training_text),
    }
    detail: dict[str, Any] = {"unit": unit, "n": n, "samples": len(written), "empty": len(samples) - len(written)}
    copy = _longest_copy(written, hashed, known)
    detail["longest_copy"] = {"length": len(copy), "text": gap.join(copy)}
    return Report(figures, detail)


class _Hashed:
    """A sequence of units whose windows of any length are compared by 64-bit hashes (Karp and Rabin 1987)."""

    def __init__(self, numbers: Hashes) -> None:
        """numbers: a random one for each unit, equal for equal units."""
        self.size = len(numbers)
        start = np.zeros(1, dtype=np.uint64)
        self._sums = np.concatenate([start, np.cumsum(numbers * _powers(_BASE, self.size), dtype=np.uint64)])
        self._inverses = _powers(pow(_BASE, -1, 2**64), self.size + 1)

    def windows(self, length: int) -> Hashes:
        """Hash of each window: (max(0, size - length + 1),)."""
        ends = self._sums[length:]
        hashes: Hashes = (ends - self._sums[: len(ends)]) * self._inverses[: len(ends)]
        return hashes


def _powers(base: int, count: int) -> Hashes:
    """base to the 1, 2, ... count, modulo 2^64."""
    return np.cumprod(np.full(count, base, dtype=np.uint64), dtype=np.uint64)


def _hashed(sequences: Sequence[Sequence[str]]) -> list[_Hashed]:
    place: dict[str, int] = {}
    ids = [np.array([place.setdefault(unit, len(place)) for unit in units], dtype=np.int64) for units in sequences]
    numbers = np.random.default_rng(0).integers(2**64, size=len(place), dtype=np.uint64)
    return [_Hashed(numbers[one]) for one in ids]


def _known(wanted: Hashes, text: Hashes) -> npt.NDArray[np.bool_]:
    """Which of the wanted hashes are among the text's."""
    if not len(wanted):
        return np.zeros(0, dtype=np.bool_)
    # The text's are a hundred times as many: sorting only the wanted ones is the fast way round.
    kinds = np.unique(wanted)
    at = np.minimum(np.searchsorted(kinds, text), len(kinds) - 1)
    return np.isin(wanted, kinds[np.unique(at[kinds[at] == text])])


def _distinct(grams: Sequence[Hashes]) -> Interval:
    """Different n-grams of all samples, of all that there are; the interval by leaving out each sample in turn."""
    totals = np.array([len(one) for one in grams if len(one)])
    if not len(totals):
        return unknown()
    different = [np.unique(one) for one in grams if len(one)]
    kinds, samples_with = np.unique(np.concatenate(different), return_counts=True)
    own = np.array([np.isin(one, kinds[samples_with == 1]).sum() for one in different])
    left_out = (len(kinds) - own) / np.maximum(totals.sum() - totals, 1)
    return jackknife(len(kinds) / int(totals.sum()), left_out)


def _novel(grams: Sequence[Hashes], text: Hashes) -> Interval:
    """Share of all n-grams that the text lacks; the interval over samples."""
    long = [one for one in grams if len(one)]
    if not long:
        return unknown()
    copied = np.split(_known(np.concatenate(long), text), np.cumsum([len(one) for one in long])[:-1])
    return bootstrap_ratio([int((~one).sum()) for one in copied], [len(one) for one in long])


def _known_words(samples: Sequence[str], text: str) -> Interval:
    """The interval over samples."""
    known = set(text.split())
    whole = [sample.split()[1:-1] for sample in samples]
    right = [sum(word in known for word in words) for words in whole if words]
    return bootstrap_ratio(right, [len(words) for words in whole if words]) if right else unknown()


def _novel_lines(samples: Sequence[str], text: str) -> Interval:
    known = set(text.splitlines())
    whole = [line for sample in samples for line in sample.split("\n")[1:-1] if line]
    return wilson(sum(line not in known for line in whole), len(whole))


def _longest_copy(written: Sequence[Sequence[str]], hashed: Sequence[_Hashed], known: _Hashed) -> Sequence[str]:
    """The longest run of units of a sample that the text has too; the first of several."""
    low, high = 0, max((sample.size for sample in hashed), default=0)
    found: Sequence[str] = ()
    while low < high:  # a run is in the text only if all shorter parts of it are
        length = (low + high + 1) // 2
        windows = [sample.windows(length) for sample in hashed]
        copied = np.flatnonzero(_known(np.concatenate(windows), known.windows(length)))
        if not len(copied):
            high = length - 1
            continue
        low = length
        starts = np.cumsum([0, *(len(one) for one in windows)])
        sample = int(np.searchsorted(starts, copied[0], side="right")) - 1
        start = int(copied[0] - starts[sample])
        found = written[sample][start : start + length]
    return found
