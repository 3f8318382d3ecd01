"""Rules and evidence to statuses and a percentage."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

import pytest

from courses.progress import rules

NOW = datetime.datetime(2026, 11, 24, 14, 2, tzinfo=datetime.UTC)
OUTLINE: list[dict[str, Any]] = [
    {
        "id": "a",
        "hash": "1",
        "blocks": [{"kind": "guess", "id": "g"}, {"kind": "check", "id": "c1"}, {"kind": "check", "id": "c2"}],
    },
    {"id": "b", "hash": "2", "blocks": [{"kind": "widget", "id": "w"}, {"kind": "check", "id": "c3"}]},
]
RULE = rules.freeze(
    {"sections": "all", "guesses": 1, "checks": 2, "widgets": ["w"], "quiz": 80, "labs": ["l"]}, OUTLINE
)


@dataclass
class Fact:
    """Evidence without a database."""

    kind: str
    key: str
    passed: bool = True
    value: dict[str, Any] = field(default_factory=dict)
    updated_at: datetime.datetime = NOW


EVERYTHING = [
    Fact("section", "a"),
    Fact("section", "b"),
    Fact("guess", "g"),
    Fact("check", "c1"),
    Fact("check", "c3"),
    Fact("widget", "w"),
    Fact("quiz", "one", value={"percent": 88, "attempt": 2}),
    Fact("lab", "l"),
]


def status(kind: str, *facts: Fact) -> rules.Status:
    """The status of one rule of RULE."""
    return next(found for found in rules.evaluate(RULE, OUTLINE, facts) if found.kind == kind)


def test_all_sections_become_those_of_the_version_when_a_learner_begins() -> None:
    assert RULE["sections"] == ["a", "b"]


def test_nothing_reached_is_nothing_percent_and_every_rule_is_open() -> None:
    statuses = rules.evaluate(RULE, OUTLINE, [])
    assert [found.kind for found in statuses] == ["sections", "guesses", "widget", "checks", "quiz", "lab"]
    assert not any(found.passed for found in statuses)
    assert rules.percent(statuses) == 0


def test_everything_reached_is_complete() -> None:
    statuses = rules.evaluate(RULE, OUTLINE, EVERYTHING)
    assert rules.complete(statuses)
    assert rules.percent(statuses) == 100


@pytest.mark.parametrize("missing", range(len(EVERYTHING)))
def test_anything_missing_is_not_complete_and_never_100_percent(missing: int) -> None:
    statuses = rules.evaluate(RULE, OUTLINE, EVERYTHING[:missing] + EVERYTHING[missing + 1 :])
    assert not rules.complete(statuses)
    assert rules.percent(statuses) < 100


def test_the_percentage_weighs_a_quiz_and_a_lab_as_three_sections() -> None:
    # 2 sections + 1 guess + 1 widget + 2 checks + 3 + 3 = 12 steps
    assert rules.percent(rules.evaluate(RULE, OUTLINE, [Fact("section", "a")])) == 8
    assert rules.percent(rules.evaluate(RULE, OUTLINE, [Fact("lab", "l")])) == 25


def test_open_ids_come_in_reading_order() -> None:
    assert status("checks", Fact("check", "c2")).open == ("c1", "c3")
    assert status("sections", Fact("section", "a")).open == ("b",)


def test_a_wrong_check_does_not_count() -> None:
    assert status("checks", Fact("check", "c1", passed=False)).reached == 0


def test_a_quiz_below_the_mark_says_what_was_reached() -> None:
    found = status("quiz", Fact("quiz", "one", passed=False, value={"percent": 72, "attempt": 1}))
    assert (found.reached, found.needed, found.passed) == (72, 80, False)


def test_the_time_is_that_of_the_latest_evidence() -> None:
    later = NOW + datetime.timedelta(hours=1)
    assert status("sections", Fact("section", "b", updated_at=later), Fact("section", "a")).at == later


def test_evidence_of_a_vanished_block_does_not_count() -> None:
    assert status("checks", Fact("check", "gone")).reached == 0


def test_a_rule_that_asks_nothing_is_complete_at_once() -> None:
    empty = rules.freeze({"sections": []}, OUTLINE)
    statuses = rules.evaluate(empty, OUTLINE, [])
    assert statuses == []
    assert rules.percent(statuses) == 100


def test_a_new_outline_fits_when_nothing_that_was_asked_or_reached_is_gone() -> None:
    more = [*OUTLINE, {"id": "c", "hash": "3", "blocks": []}]
    assert rules.fits(RULE, more, EVERYTHING)
    assert not rules.fits(RULE, OUTLINE[:1], [])
    without_check = [OUTLINE[0] | {"blocks": OUTLINE[0]["blocks"][:2]}, OUTLINE[1]]
    assert rules.fits(RULE, without_check, [Fact("check", "c1")])
    assert not rules.fits(RULE, without_check, [Fact("check", "c2")])


def test_changed_sections_are_new_or_read_differently() -> None:
    after = [OUTLINE[0] | {"hash": "other"}, OUTLINE[1], {"id": "c", "hash": "3", "blocks": []}]
    assert rules.changed_sections(OUTLINE, after) == {"a", "c"}
