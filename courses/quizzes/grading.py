"""Grading as pure functions of a question and an answer. Called when an attempt is submitted and by the result page.

A question is one item of `Quiz.questions`; an answer is a list of option ids, a text as typed, a value for each part
of the question (its items, pairs or gaps), or None.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from courses.quizzes import spelling

Question = Mapping[str, Any]
Answer = Sequence[str] | Mapping[str, str] | str | None

NUMBERS = frozenset({"number", "curve"})
TYPED = NUMBERS | {"text", "shape"}
IN_PARTS = frozenset({"order", "match", "cloze"})

_SIGNS = str.maketrans({"−": "-", "–": "-", "。": "."})
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_SLACK = 1e-9
"""Relative slack, so that 2.33 lies within 0.02 of 2.31 in binary fractions too."""


@dataclass(frozen=True)
class Mark:
    """What one answer earned. `right` means full points."""

    points: float
    maximum: float
    answered: bool

    @property
    def right(self) -> bool:
        return self.points >= self.maximum


@dataclass(frozen=True)
class Score:
    """What an attempt earned. `percent` is rounded down, so that 79.9 never passes for 80."""

    marks: dict[str, Mark]
    points: float
    maximum: float
    percent: int


def is_blank(answer: Answer) -> bool:
    """No option chosen, nothing typed, no part filled."""
    if isinstance(answer, Mapping):
        return not any(value.strip() for value in answer.values())
    return answer is None or len(answer) == 0 or (isinstance(answer, str) and not answer.strip())


def read_numbers(text: str, units: Iterable[str] = ()) -> list[float]:
    """The numbers that `text` can mean; empty when it is none.

    Full-width digits and signs, a decimal comma, spaces between groups, and one of `units` behind the number are
    understood. "1,234" can be read in two ways (1.234 and 1234), and both are returned: they lie so far apart that at
    most one of them is near any answer.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_SIGNS).strip().casefold()
    for unit in sorted(
        (unicodedata.normalize("NFKC", unit).strip().casefold() for unit in units), key=len, reverse=True
    ):
        if unit and plain.endswith(unit):
            plain = plain[: -len(unit)]
            break
    plain = re.sub(r"(?<=\d)[ ](?=\d{3}(\D|$))", "", plain.strip())
    readings = []
    if _GROUPED.fullmatch(plain):
        readings.append(float(plain.replace(",", "")))
    if _NUMBER.fullmatch(plain):
        readings.append(float(plain.replace(",", ".")))
    return [number for number in readings if math.isfinite(number)]


def units_of(question: Question) -> list[str]:
    """The question's unit in every language."""
    unit = question.get("unit") or {}
    return [str(text) for text in (unit.values() if isinstance(unit, Mapping) else [unit])]


def grade(question: Question, answer: Answer) -> Mark:
    """Points for one answer. A blank earns nothing, costs nothing; right options and right parts earn a share each."""
    maximum = float(question.get("points", 1))
    if is_blank(answer):
        return Mark(0.0, maximum, answered=False)
    return Mark(round(_share(question, answer) * maximum, 6), maximum, answered=True)


def _share(question: Question, answer: Answer) -> float:
    """What part of the points an answer earns, by the kind of the question: from 0 to 1."""
    kind = question["kind"]
    if kind in IN_PARTS:
        right = right_parts(question, answer)
        return sum(right.values()) / len(right)
    if kind not in TYPED:
        return _share_of_options(question, answer)
    if not isinstance(answer, str):
        return 0.0
    if kind == "text":
        return float(is_accepted(question["accept"], answer))
    if kind == "shape":
        return float(spelling.shape(answer) == spelling.shape(question["answer"]))
    return _share_of_number(question, answer)


def is_accepted(accept: Mapping[str, Iterable[str]], typed: str, *, is_code: bool = False) -> bool:
    """Whether `typed` is one of the accepted answers of any language: readers may know a term in one of them only."""
    spelled = spelling.code if is_code else spelling.words
    return any(spelled(typed) == spelled(text) for texts in accept.values() for text in texts)


def right_parts(question: Question, answer: Answer) -> dict[str, bool]:
    """For each item, pair or gap whether it was answered rightly; a part left blank was not."""
    given = answer if isinstance(answer, Mapping) else {}
    if question["kind"] == "order":
        places = {item["id"]: str(place) for place, item in enumerate(question["items"], start=1)}
        return {key: given.get(key) == place for key, place in places.items()}
    if question["kind"] == "match":
        return {pair["id"]: given.get(pair["id"]) == pair["choice"] for pair in question["pairs"]}
    is_code = bool(question.get("code"))
    return {gap["id"]: _fills(gap, given.get(gap["id"], ""), is_code=is_code) for gap in question["gaps"]}


def _fills(gap: Mapping[str, Any], value: str, *, is_code: bool) -> bool:
    """Whether `value` is right in `gap`: the id of its right choice, or an accepted text."""
    if "choices" in gap:
        return any(choice["id"] == value and choice["right"] for choice in gap["choices"])
    return bool(value.strip()) and is_accepted(gap["accept"], value, is_code=is_code)


def _share_of_number(question: Question, answer: str) -> float:
    """1 when one reading lies within the tolerance."""
    target, tolerance = float(question["answer"]), float(question.get("tolerance", 0))
    slack = _SLACK * max(1.0, abs(target))
    readings = read_numbers(answer, units_of(question))
    return 1.0 if any(abs(number - target) <= tolerance + slack for number in readings) else 0.0


def _share_of_options(question: Question, answer: Answer) -> float:
    """Right options chosen minus wrong ones, over all right ones, never below 0. A single choice: all or nothing."""
    chosen = {answer} if isinstance(answer, str) else set(answer or ())
    right = {option["id"] for option in question["options"] if option.get("right")}
    if question["kind"] == "single":
        return 1.0 if chosen == right else 0.0
    return max(0.0, (len(chosen & right) - len(chosen - right)) / len(right))


def is_readable(question: Question, answer: Answer) -> bool:
    """Whether what was typed is a number or a shape where one is asked for; says nothing about right or wrong."""
    if not isinstance(answer, str) or is_blank(answer):
        return True
    if question["kind"] in NUMBERS:
        return bool(read_numbers(answer, units_of(question)))
    return question["kind"] != "shape" or bool(spelling.shape(answer))


def grade_attempt(questions: Iterable[Question], answers: Mapping[str, Answer]) -> Score:
    """All questions of an attempt; the ones without an answer count as blank."""
    marks = {question["id"]: grade(question, answers.get(question["id"])) for question in questions}
    points = round(sum(mark.points for mark in marks.values()), 6)
    maximum = sum(mark.maximum for mark in marks.values())
    percent = math.floor(100 * points / maximum + _SLACK) if maximum else 0
    return Score(marks=marks, points=points, maximum=maximum, percent=percent)
