from __future__ import annotations

import json
import random

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_score, recall_score

from trainer.measures.classes import BINS, averages, classification_report, reliability
from trainer.measures.intervals import Interval

LABELS = ("bad", "good", "mixed")


def random_answers(count: int, *, seed: int = 1) -> tuple[list[str], list[str]]:
    rng = random.Random(seed)
    truth = rng.choices(LABELS, weights=(5, 3, 1), k=count)
    return truth, [label if rng.random() < 0.7 else rng.choice(LABELS) for label in truth]


def test_a_small_case_worked_out_by_hand() -> None:
    truth = ["bad", "bad", "bad", "good", "good", "mixed"]
    predicted = ["bad", "bad", "good", "good", "bad", "bad"]
    report = classification_report(truth, predicted, None, LABELS)
    assert report.detail["confusion"] == [[2, 1, 0], [1, 1, 0], [1, 0, 0]]
    bad, good, mixed = report.detail["per_class"]
    assert bad == {
        "label": "bad",
        "precision": 2 / 4,
        "recall": 2 / 3,
        "f1": pytest.approx(4 / 7),
        "truth": 3,
        "predicted": 4,
    }
    assert (good["precision"], good["recall"], good["f1"]) == (0.5, 0.5, 0.5)
    assert (mixed["precision"], mixed["recall"], mixed["f1"], mixed["predicted"]) == (0, 0, 0, 0)
    assert report.figures["macro_f1"].value == pytest.approx((4 / 7 + 1 / 2 + 0) / 3)
    assert report.figures["accuracy"].value == report.figures["micro_f1"].value == 0.5


@pytest.mark.parametrize("count", [7, 60, 500])
def test_averages_equal_scikit_learn(count: int) -> None:
    truth, predicted = random_answers(count)
    figures = classification_report(truth, predicted, None, LABELS).figures
    assert figures["accuracy"].value == pytest.approx(accuracy_score(truth, predicted))
    for name, score in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        for average in ("macro", "micro"):
            expected = score(truth, predicted, average=average, zero_division=0)
            assert figures[f"{average}_{name}"].value == pytest.approx(expected)


def test_the_interval_of_a_macro_average_is_that_of_resampled_examples() -> None:
    truth, predicted = random_answers(300)
    rng = np.random.default_rng(9)
    codes = np.array([[LABELS.index(a), LABELS.index(b)] for a, b in zip(truth, predicted, strict=True)])
    scores = [f1_score(*codes[rng.integers(0, 300, 300)].T, average="macro") for _ in range(400)]
    found = averages(confusion_matrix(truth, predicted, labels=LABELS))["macro_f1"]
    assert found.n == 300
    assert [found.low, found.high] == pytest.approx(np.percentile(scores, [2.5, 97.5]).tolist(), abs=0.02)


def test_a_class_that_never_occurs_keeps_its_row_and_leaves_the_average_alone() -> None:
    report = classification_report(["bad", "good"] * 5, ["bad", "good"] * 5, None, LABELS)
    assert report.detail["confusion"] == [[5, 0, 0], [0, 5, 0], [0, 0, 0]]
    assert [row["truth"] for row in report.detail["per_class"]] == [5, 5, 0]
    assert report.figures["macro_f1"] == Interval(1.0, 1.0, 1.0, 10)
    assert report.figures["accuracy"].low == pytest.approx(0.7225, abs=1e-4)


def test_a_class_that_is_predicted_but_never_true_lowers_the_average() -> None:
    report = classification_report(["bad"] * 4, ["bad", "bad", "bad", "mixed"], None, LABELS)
    assert report.figures["macro_f1"].value == pytest.approx(6 / 7 / 2)


def test_labels_keep_their_order() -> None:
    report = classification_report(["bad"], ["good"], None, ("mixed", "good", "bad"))
    assert report.detail["labels"] == ["mixed", "good", "bad"]
    assert report.detail["confusion"] == [[0, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_calibration_worked_out_by_hand() -> None:
    truth = ["bad", "good", "good", "good"]
    predicted = ["bad", "bad", "good", "good"]
    probabilities = [[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]
    error, bins = reliability(truth, predicted, probabilities, ("bad", "good"))
    # The bin of 0.9 is half right: a gap of 0.4 for two of four; then 0.4 and 0.2 for one each.
    assert error.value == pytest.approx(0.4 * 2 / 4 + 0.4 / 4 + 0.2 / 4)
    filled = {i: (one["n"], one["confidence"], one["accuracy"]) for i, one in enumerate(bins) if one["n"]}
    assert filled == {8: (1, 0.6, 1.0), 11: (1, 0.8, 1.0), 13: (2, 0.9, 0.5)}
    assert bins[0] == {"low": 0.0, "high": 1 / BINS, "n": 0, "confidence": None, "accuracy": None}
    assert error.low <= error.value <= error.high


def test_certain_and_right_is_calibrated_and_certain_and_wrong_is_not() -> None:
    sure = [[1.0, 0.0]] * 6
    for truth, expected in ((["bad"] * 6, 0.0), (["good"] * 6, 1.0)):
        error, bins = reliability(truth, ["bad"] * 6, sure, ("bad", "good"))
        assert error.value == expected
        assert bins[-1]["n"] == 6


def test_answers_as_sure_as_they_are_right_have_a_small_calibration_error() -> None:
    rng = np.random.default_rng(4)
    first = 0.5 + rng.random(5000) / 2
    truth = ["bad" if lucky else "good" for lucky in rng.random(5000) < first]
    error, _ = reliability(truth, ["bad"] * 5000, np.stack([first, 1 - first], axis=1), ("bad", "good"))
    assert error.value < 0.03


def test_no_examples_give_zeros_that_say_so() -> None:
    report = classification_report([], [], np.zeros((0, 3)), LABELS)
    assert set(report.figures.values()) == {Interval(0.0, 0.0, 1.0, 0)}
    assert report.detail["confusion"] == [[0] * 3] * 3
    assert [row["f1"] for row in report.detail["per_class"]] == [0.0] * 3


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="2 examples, but 1"):
        classification_report(["bad", "bad"], ["bad"], None, LABELS)
    with pytest.raises(ValueError, match="awful"):
        classification_report(["awful"], ["bad"], None, LABELS)
    for probabilities in ([[0.5, 0.5]], [[2.0, -1.0, 0.0]], [[3.1, 0.2, 0.0]]):
        with pytest.raises(ValueError, match="probabilities of 3 labels"):
            classification_report(["bad"], ["bad"], probabilities, LABELS)


def test_the_report_is_json() -> None:
    truth, predicted = random_answers(30)
    report = classification_report(truth, predicted, np.full((30, 3), 1 / 3), LABELS)
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False)) == report.to_dict()
