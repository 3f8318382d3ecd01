"""Classification: accuracy, precision, recall, F1, confusion, calibration. Loads scikit-learn.

Called by whoever evaluates a classifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from trainer.measures.intervals import Floats, Interval, Ints, bootstrap, ratio, unknown, wilson
from trainer.measures.report import Report, same_length

BINS = 15
"""Bins of equal width by confidence, as Guo et al. 2017 (section 2) count them."""
AVERAGES = ("macro_precision", "macro_recall", "macro_f1", "micro_precision", "micro_recall", "micro_f1")


def classification_report(
    truth: Sequence[str], predicted: Sequence[str], probabilities: npt.ArrayLike | None, labels: Sequence[str]
) -> Report:
    """Figures `accuracy`, AVERAGES, and with probabilities (N, labels) also `calibration_error`.

    Macro averages are over the labels that occur in the truth or are predicted; each class weighs the same. With one
    label an example, all micro averages equal the accuracy. A ratio over nothing is 0.
    Detail: labels, confusion (rows: truth), per_class, and with probabilities reliability (see `reliability`).
    Raises ValueError for a label that is not in `labels`, or shapes that do not fit.
    """
    same_length(len(truth), len(predicted))
    if strange := sorted(({*truth, *predicted}) - set(labels)):
        raise ValueError(f"labels that are not among the {len(labels)}: {', '.join(strange[:5])}")
    confusion = _confusion(truth, predicted, labels)
    figures = {"accuracy": wilson(int(np.trace(confusion)), len(truth)), **averages(confusion)}
    detail: dict[str, Any] = {
        "labels": list(labels),
        "confusion": confusion.tolist(),
        "per_class": _per_class(truth, predicted, labels, confusion),
    }
    if probabilities is not None:
        error, bins = reliability(truth, predicted, probabilities, labels)
        figures["calibration_error"] = error
        detail["reliability"] = bins
    return Report(figures, detail)


def averages(confusion: npt.ArrayLike) -> dict[str, Interval]:
    """AVERAGES of a confusion matrix (rows: truth), with bootstrap intervals over the examples in it."""
    matrix = np.asarray(confusion, dtype=np.int64)
    rows, columns = np.nonzero(matrix)
    one = np.eye(len(matrix))
    # What an example of each cell adds: hits, truths and predictions of each class.
    sums = np.concatenate([one[rows] * (rows == columns)[:, None], one[rows], one[columns]], axis=1)
    found = bootstrap(sums, _averages, counts=matrix[rows, columns])
    return dict(zip(AVERAGES, found, strict=True))


def _averages(sums: Floats) -> Floats:
    """AVERAGES (R, 6) of sums (R, 3 C)."""
    hits, truths, predictions = np.split(sums, 3, axis=1)
    scores = (ratio(hits, predictions), ratio(hits, truths), ratio(2 * hits, truths + predictions))
    occurring = ((truths + predictions) > 0).sum(axis=1, keepdims=True).astype(np.float64)
    macro = [ratio(score.sum(axis=1, keepdims=True), occurring) for score in scores]
    micro = ratio(hits.sum(axis=1, keepdims=True), truths.sum(axis=1, keepdims=True))
    return np.concatenate([*macro, micro, micro, micro], axis=1)


def reliability(
    truth: Sequence[str], predicted: Sequence[str], probabilities: npt.ArrayLike, labels: Sequence[str]
) -> tuple[Interval, list[dict[str, Any]]]:
    """Expected calibration error, and BINS dicts {low, high, n, confidence, accuracy}, the last two None where n is 0.

    Confidence is the probability given to the predicted label. A model that is calibrated perfectly still shows an
    error above 0 on few examples.
    """
    confidence = _confidence(predicted, probabilities, labels)
    right = np.array([a == b for a, b in zip(truth, predicted, strict=True)], dtype=np.float64)
    in_bin = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    one = np.eye(BINS)[in_bin]
    # What an example adds to its bin: one, its confidence, whether it is right.
    rows = np.concatenate([one, one * confidence[:, None], one * right[:, None]], axis=1)
    counts, confidences, rights = np.split(rows.sum(axis=0), 3)
    bins = [
        {
            "low": i / BINS,
            "high": (i + 1) / BINS,
            "n": int(n),
            "confidence": float(confidences[i] / n) if n else None,
            "accuracy": float(rights[i] / n) if n else None,
        }
        for i, n in enumerate(counts)
    ]
    return (bootstrap(rows, _calibration_error)[0] if len(rows) else unknown()), bins


def _calibration_error(sums: Floats) -> Floats:
    counts, confidences, rights = np.split(sums, 3, axis=1)
    gaps = np.abs(confidences - rights).sum(axis=1, keepdims=True)
    return ratio(gaps, counts.sum(axis=1, keepdims=True))


def _confidence(predicted: Sequence[str], probabilities: npt.ArrayLike, labels: Sequence[str]) -> Floats:
    if not len(predicted):
        return np.zeros(0)
    given = np.asarray(probabilities, dtype=np.float64)
    if given.shape != (len(predicted), len(labels)) or not ((given >= 0) & (given <= 1 + 1e-6)).all():
        raise ValueError(f"not {len(predicted)} rows of probabilities of {len(labels)} labels")
    place = {label: i for i, label in enumerate(labels)}
    confidence: Floats = given[np.arange(len(predicted)), [place[label] for label in predicted]]
    return confidence


def _confusion(truth: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> Ints:
    if not truth:  # scikit-learn refuses it
        return np.zeros((len(labels), len(labels)), dtype=np.int64)
    return np.asarray(confusion_matrix(truth, predicted, labels=labels), dtype=np.int64)


def _per_class(
    truth: Sequence[str], predicted: Sequence[str], labels: Sequence[str], confusion: Ints
) -> list[dict[str, Any]]:
    """One dict a label: precision, recall, f1, how often it is the truth and how often it is predicted."""
    scores = np.zeros((3, len(labels)))
    if truth:
        found = precision_recall_fscore_support(truth, predicted, labels=labels, average=None, zero_division=0)
        scores = np.asarray(found[:3], dtype=np.float64)
    columns = (*scores.tolist(), confusion.sum(axis=1).tolist(), confusion.sum(axis=0).tolist())
    names = ("label", "precision", "recall", "f1", "truth", "predicted")
    return [dict(zip(names, row, strict=True)) for row in zip(labels, *columns, strict=True)]
