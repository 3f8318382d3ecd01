"""Grading is a table: what was answered, what it earns."""

from __future__ import annotations

from typing import Any

import pytest

from courses.quizzes import grading


def options(kind: str, right: str, wrong: str, points: float = 1) -> dict[str, Any]:
    listed = [{"id": key, "right": key in right} for key in right + wrong]
    return {"id": "q", "kind": kind, "points": points, "options": listed}


def number(answer: float, tolerance: float = 0.0, unit: dict[str, str] | None = None) -> dict[str, Any]:
    return {"id": "n", "kind": "number", "points": 1, "answer": answer, "tolerance": tolerance, "unit": unit or {}}


@pytest.mark.parametrize(
    ("answer", "points"),
    [(["a"], 1), (["b"], 0), ([], 0), (None, 0), (["a", "b"], 0), ("a", 1)],
)
def test_a_single_choice_is_all_or_nothing(answer: grading.Answer, points: float) -> None:
    assert grading.grade(options("single", "a", "bcd"), answer).points == points


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        ("abc", 1),
        ("ab", 2 / 3),
        ("a", 1 / 3),
        ("abd", 1 / 3),  # two right, one wrong
        ("ad", 0),
        ("ade", 0),  # never below nothing
        ("abcde", 1 / 3),  # everything ticked is not everything known
        ("d", 0),
        ("", 0),
    ],
)
def test_several_choices_earn_right_minus_wrong_over_all_right(answer: str, points: float) -> None:
    mark = grading.grade(options("multiple", "abc", "de"), list(answer))
    assert mark.points == pytest.approx(points, abs=1e-6)
    assert mark.right is (points == 1)


def test_points_scale_the_share() -> None:
    assert grading.grade(options("multiple", "ab", "c", points=3), ["a"]).points == 1.5


@pytest.mark.parametrize(
    ("typed", "readings"),
    [
        ("2.31", [2.31]),
        ("2,31", [2.31]),
        (" 2.31 bits ", [2.31]),
        ("2.31比特", [2.31]),
        ("2.31 BITS", [2.31]),
        ("２．３１", [2.31]),
        ("２，３１", [2.31]),
        ("2。31", [2.31]),
        (".5", [0.5]),
        ("5.", [5.0]),
        ("−3", [-3.0]),
        ("+3", [3.0]),
        ("1e-3", [0.001]),
        ("0,125", [0.125]),
        ("1,234", [1234.0, 1.234]),
        ("1,234.5", [1234.5]),
        ("1,234,567", [1234567.0]),
        ("12 345", [12345.0]),
        ("2.31 nats", []),
        ("about 2", []),
        ("1.2.3", []),
        ("", []),
        ("nan", []),
        ("inf", []),
        ("1e999", []),
        ("0x10", []),
        ("٢", [2.0]),
    ],
)
def test_a_number_is_read_as_people_type_it(typed: str, readings: list[float]) -> None:
    assert grading.read_numbers(typed, ["bits", "比特"]) == readings


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("2.31", True),
        ("2.33", True),
        ("2.29", True),
        ("2.34", False),
        ("2.3", True),
        ("2,31 bits", True),
        ("231", False),
    ],
)
def test_a_number_is_right_within_its_tolerance(typed: str, right: bool) -> None:
    question = number(2.31, 0.02, {"en": "bits", "zh-hans": "比特"})
    assert grading.grade(question, typed).right is right


@pytest.mark.parametrize("typed", ["1,234", "1234", "1.234e3"])
def test_thousands_may_be_grouped(typed: str) -> None:
    assert grading.grade(number(1234), typed).right


def test_a_blank_is_not_an_answer_and_costs_nothing() -> None:
    blanks: list[grading.Answer] = [None, [], "", "   "]
    for blank in blanks:
        mark = grading.grade(number(0), blank)
        assert (mark.points, mark.answered) == (0, False)


def test_an_attempt_adds_up_and_missing_answers_count_as_blank() -> None:
    questions = [
        options("single", "a", "b") | {"id": "one"},
        options("multiple", "ab", "c", 2) | {"id": "two"},
        number(7),
    ]
    score = grading.grade_attempt(questions, {"one": ["a"], "two": ["a"]})
    assert (score.points, score.maximum, score.percent) == (2.0, 4.0, 50)
    assert not score.marks["n"].answered


def test_a_percentage_is_never_rounded_up_to_a_pass() -> None:
    thirds = [options("multiple", "abc", "d") | {"id": str(place)} for place in range(5)]
    answers = {str(place): list("abc") for place in range(3)} | {"3": list("ab"), "4": list("a")}
    assert grading.grade_attempt(thirds, answers).percent == 80
    assert grading.grade_attempt(thirds, answers | {"4": []}).percent == 73


def test_no_question_is_no_percent() -> None:
    assert grading.grade_attempt([], {}).percent == 0
