from __future__ import annotations

import json
import random

import pytest

from trainer.measures.intervals import Interval
from trainer.measures.spans import Span, spans, tagging_report


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", []),
        ("O O", []),
        ("B-PER I-PER O", [("PER", 0, 2)]),
        ("B-PER B-PER", [("PER", 0, 1), ("PER", 1, 2)]),
        ("O I-PER I-PER", [("PER", 1, 3)]),
        ("I-PER", [("PER", 0, 1)]),
        ("B-PER I-LOC I-LOC", [("PER", 0, 1), ("LOC", 1, 3)]),
        ("B-LOC O I-LOC", [("LOC", 0, 1), ("LOC", 2, 3)]),
        ("O B-ORG-X I-ORG-X", [("ORG-X", 1, 3)]),
    ],
)
def test_spans_are_read_as_conlleval_does(tags: str, expected: list[tuple[str, int, int]]) -> None:
    assert spans(tags.split()) == [Span(*span) for span in expected]


@pytest.mark.parametrize("tag", ["PER", "B", "I-", "E-PER", "", "o"])
def test_a_tag_that_is_not_bio_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="no BIO tag"):
        spans(["O", tag])


def test_a_small_case_worked_out_by_hand() -> None:
    truth = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC"], ["B-PER", "O"]]
    predicted = [["B-PER", "O", "O", "B-LOC"], ["O", "B-PER"], ["B-PER", "O"]]
    report = tagging_report(truth, predicted)
    # Four true entities, four predicted; right: one place, one person. A span cut short is wrong, so is another type.
    assert [report.figures[name].value for name in ("precision", "recall", "f1")] == [0.5, 0.5, 0.5]
    assert report.figures["token_accuracy"].value == 6 / 8
    assert report.figures["sentence_accuracy"].value == 1 / 3
    assert {figure.n for figure in report.figures.values()} == {3}
    location, person = report.detail["per_type"]["LOC"], report.detail["per_type"]["PER"]
    assert (location["right"], location["predicted"], location["truth"]) == (1, 1, 2)
    assert (location["precision"]["value"], location["recall"]["value"]) == (1.0, 0.5)
    assert (person["right"], person["predicted"], person["truth"]) == (1, 3, 2)
    assert person["f1"]["value"] == pytest.approx(2 / 5)


def test_the_interval_is_over_sentences() -> None:
    rng = random.Random(1)
    truth = [rng.choices(["O", "B-PER", "I-PER"], k=8) for _ in range(100)]
    # Whole sentences are right or wrong: their entities are no independent trials.
    predicted = [tags if rng.random() < 0.5 else ["O"] * 8 for tags in truth]
    found = tagging_report(truth, predicted).figures["recall"]
    entities = sum(len(spans(tags)) for tags in truth)
    as_if_independent = 2 * 1.96 * (found.value * (1 - found.value) / entities) ** 0.5
    assert found.high - found.low > 1.4 * as_if_independent


def test_perfect_tags_and_none_at_all() -> None:
    truth = [["B-PER", "I-PER", "O"]] * 4
    assert tagging_report(truth, truth).figures["f1"].value == 1.0
    missed = tagging_report(truth, [["O"] * 3] * 4).figures
    assert (missed["precision"].value, missed["recall"].value, missed["f1"].value) == (0.0, 0.0, 0.0)


def test_sentences_without_entities_and_no_sentences() -> None:
    plain = tagging_report([["O", "O"]] * 3, [["O", "O"]] * 3)
    assert plain.figures["f1"] == Interval(0.0, 0.0, 1.0, 0)
    assert plain.figures["token_accuracy"].value == 1.0
    assert plain.detail == {"per_type": {}}
    empty = tagging_report([], [])
    assert set(empty.figures.values()) == {Interval(0.0, 0.0, 1.0, 0)}


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="predictions"):
        tagging_report([["O"]], [])
    with pytest.raises(ValueError, match="predictions"):
        tagging_report([["O"]], [["O", "O"]])


def test_the_report_is_json() -> None:
    report = tagging_report([["B-PER", "O"], ["O"]], [["B-LOC", "O"], ["O"]])
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False)) == report.to_dict()
