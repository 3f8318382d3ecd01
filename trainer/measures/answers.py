"""Written answers: exact match and token F1, as SQuAD counts them; sequences of symbols. Called by whoever evaluates
question answering or a diagnostic task.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from trainer.measures.intervals import Interval, bootstrap_mean, bootstrap_ratio, wilson
from trainer.measures.report import Report, same_length

UNKNOWN = "unknown"
"""The answer of a question that has none."""
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_RUNS = re.compile(r"[a-z0-9]+|\S")
BY_LENGTH_AT_MOST = 50
"""Lengths in a sequence report's detail."""


def answer_tokens(text: str, language: str) -> tuple[str, ...]:
    """What of an answer is compared.

    English: the words without case, punctuation and articles (Rajpurkar et al. 2016, the official script). Chinese
    (`zh`, `zh-Hans`, ...): without case, width and punctuation; each character is a token, and each run of Latin
    letters and digits (Cui et al. 2019, CMRC 2018).
    """
    if not language.lower().startswith("zh"):
        return tuple(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())
    folded = unicodedata.normalize("NFKC", text).lower()
    return tuple(_RUNS.findall("".join(c if unicodedata.category(c)[0] not in "PS" else " " for c in folded)))


def token_f1(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """Harmonic mean of token precision and recall; where either is empty, 1 if both are."""
    if not truth or not predicted:
        return float(not truth and not predicted)
    shared = sum((Counter(truth) & Counter(predicted)).values())
    return 2 * shared / (len(truth) + len(predicted))


def answer_report(truth: Sequence[str], predicted: Sequence[str], language: str, *, unknown: str = UNKNOWN) -> Report:
    """Figures `exact_match` and `token_f1` over all questions; `answerable_accuracy`, `answerable_token_f1` and
    `unanswerable_accuracy` over those that have an answer and those whose answer is `unknown`.

    Saying `unknown`, or to what is unknown anything else, is right or wrong as a whole (Rajpurkar et al. 2018).
    Detail: answerable, unanswerable (counts), withheld (answerable, yet `unknown` said), invented (unanswerable, yet
    something else said), tokens (how answers were split).
    """
    same_length(len(truth), len(predicted))
    nothing = answer_tokens(unknown, language)
    pairs = [(answer_tokens(a, language), answer_tokens(b, language)) for a, b in zip(truth, predicted, strict=True)]
    answerable = [(a, b) for a, b in pairs if a != nothing]
    unanswerable = [(a, b) for a, b in pairs if a == nothing]

    def f1(some: Iterable[tuple[tuple[str, ...], tuple[str, ...]]]) -> Interval:
        return bootstrap_mean([float(a == b) if nothing in (a, b) else token_f1(a, b) for a, b in some])

    figures = {
        "exact_match": _share(pairs),
        "token_f1": f1(pairs),
        "answerable_accuracy": _share(answerable),
        "answerable_token_f1": f1(answerable),
        "unanswerable_accuracy": _share(unanswerable),
    }
    detail = {
        "answerable": len(answerable),
        "unanswerable": len(unanswerable),
        "withheld": sum(b == nothing for _, b in answerable),
        "invented": sum(b != nothing for _, b in unanswerable),
        "tokens": "characters" if language.lower().startswith("zh") else "words",
    }
    return Report(figures, detail)


def sequence_report(truth: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> Report:
    """Figures `exact_match` and `token_accuracy` of sequences of tokens: a token is right in its own place only, and
    missing and surplus ones are wrong.

    Detail: by_length, the exact match of the BY_LENGTH_AT_MOST shortest true lengths, as [length, interval dict].
    """
    same_length(len(truth), len(predicted))
    pairs = [(tuple(a), tuple(b)) for a, b in zip(truth, predicted, strict=True)]
    right = [sum(x == y for x, y in zip(a, b, strict=False)) for a, b in pairs]
    figures = {
        "exact_match": _share(pairs),
        "token_accuracy": bootstrap_ratio(right, [max(len(a), len(b)) for a, b in pairs]),
    }
    lengths = sorted({len(a) for a, _ in pairs})[:BY_LENGTH_AT_MOST]
    by_length = [[length, _share([(a, b) for a, b in pairs if len(a) == length]).to_dict()] for length in lengths]
    return Report(figures, {"by_length": by_length})


def _share(pairs: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> Interval:
    return wilson(sum(a == b for a, b in pairs), len(pairs))
