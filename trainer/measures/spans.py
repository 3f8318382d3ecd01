"""Named entities: precision, recall and F1 of whole spans. Called by whoever evaluates a tagger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from trainer.measures.intervals import Floats, bootstrap, bootstrap_ratio, ratio, wilson
from trainer.measures.report import Report, same_length


class Span(NamedTuple):
    """An entity: its type, its first word, and the one after its last."""

    kind: str
    start: int
    end: int


def spans(tags: Sequence[str]) -> list[Span]:
    """Entities of a sentence's BIO tags, in order.

    As the CoNLL-2000 script `conlleval` reads them: an I- after O, after another type or at the start begins an entity,
    as B- would. Raises ValueError for a tag that is not O, B-type or I-type.
    """
    found: list[Span] = []
    kind, start = "", 0
    for i, tag in enumerate([*tags, "O"]):
        mark, _, new = tag.partition("-")
        if tag != "O" and (mark not in {"B", "I"} or not new):
            raise ValueError(f"{tag!r} is no BIO tag")
        if kind and (mark != "I" or new != kind):
            found.append(Span(kind, start, i))
            kind = ""
        if new and not kind:
            kind, start = new, i
    return found


def tagging_report(truth: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> Report:
    """Figures `precision`, `recall`, `f1` of entities (micro: each entity weighs the same; right where type, start and
    end are), `token_accuracy`, `sentence_accuracy` (all tags right); their unit is the sentence.

    Detail: per_type with precision, recall and f1 as interval dicts and the counts truth, predicted, right.
    A ratio over nothing is 0.
    """
    same_length(len(truth), len(predicted))
    for wanted, given in zip(truth, predicted, strict=True):
        same_length(len(wanted), len(given))
    real, found = [spans(tags) for tags in truth], [spans(tags) for tags in predicted]
    kinds = sorted({span.kind for sentence in [*real, *found] for span in sentence})
    rows = _rows(real, found, kinds)
    scores = bootstrap(rows, _scores)
    right = [sum(a == b for a, b in zip(*pair, strict=True)) for pair in zip(truth, predicted, strict=True)]
    lengths = [len(tags) for tags in truth]
    exact = sum(hits == length for hits, length in zip(right, lengths, strict=True))
    names = ("precision", "recall", "f1")
    figures = dict(zip(names, scores[:3], strict=True)) | {
        "token_accuracy": bootstrap_ratio(right, lengths),
        "sentence_accuracy": wilson(exact, len(truth)),
    }
    per_type: dict[str, Any] = {}
    for i, (kind, counts) in enumerate(zip(kinds, rows.sum(axis=0).reshape(-1, 3).astype(int).tolist(), strict=True)):
        own = scores[3 * (i + 1) : 3 * (i + 2)]
        per_type[kind] = {name: score.to_dict() for name, score in zip(names, own, strict=True)}
        per_type[kind] |= dict(zip(("right", "predicted", "truth"), counts, strict=True))
    return Report(figures, {"per_type": per_type})


def _rows(real: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]], kinds: Sequence[str]) -> Floats:
    """What each sentence adds (N, 3 a type): entities right, predicted, true."""
    rows = np.zeros((len(real), len(kinds), 3))
    place = {kind: i for i, kind in enumerate(kinds)}
    for row, true, predicted in zip(rows, real, found, strict=True):
        for column, entities in enumerate((set(true) & set(predicted), predicted, true)):
            for span in entities:
                row[place[span.kind], column] += 1
    return rows.reshape(len(real), 3 * len(kinds))


def _scores(sums: Floats) -> Floats:
    """Precision, recall, F1 of all types together, then of each: (R, 3 + 3 a type)."""
    by_type = sums.reshape(len(sums), sums.shape[1] // 3, 3)
    both = np.concatenate([by_type.sum(axis=1, keepdims=True), by_type], axis=1)
    right, predicted, true = both[..., 0], both[..., 1], both[..., 2]
    scores = np.stack([ratio(right, predicted), ratio(right, true), ratio(2 * right, predicted + true)], axis=-1)
    return scores.reshape(len(sums), 3 + sums.shape[1])
