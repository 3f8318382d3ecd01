"""Grading as pure functions of a question and an answer. Called when an attempt is submitted and by the result page.

A question is one item of `Quiz.questions`; an answer is a list of option ids, a number as typed, or None.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Question = Mapping[str, Any]
Answer = Sequence[str] | str | None

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
    """No option chosen, or nothing typed."""
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
    """Points for one answer. A blank earns nothing and costs nothing; several right options earn a share each."""
    maximum = float(question.get("points", 1))
    if is_blank(answer):
        return Mark(0.0, maximum, answered=False)
    share = _share_of_number(question, answer) if question["kind"] == "number" else _share_of_options(question, answer)
    return Mark(round(share * maximum, 6), maximum, answered=True)


def _share_of_number(question: Question, answer: Answer) -> float:
    """1 when one reading lies within the tolerance."""
    target, tolerance = float(question["answer"]), float(question.get("tolerance", 0))
    slack = _SLACK * max(1.0, abs(target))
    readings = read_numbers(answer, units_of(question)) if isinstance(answer, str) else []
    return 1.0 if any(abs(number - target) <= tolerance + slack for number in readings) else 0.0


def _share_of_options(question: Question, answer: Answer) -> float:
    """Right options chosen minus wrong ones, over all right ones, never below 0. A single choice: all or nothing."""
    chosen = {answer} if isinstance(answer, str) else set(answer or ())
    right = {option["id"] for option in question["options"] if option.get("right")}
    if question["kind"] == "single":
        return 1.0 if chosen == right else 0.0
    return max(0.0, (len(chosen & right) - len(chosen - right)) / len(right))


def grade_attempt(questions: Iterable[Question], answers: Mapping[str, Answer]) -> Score:
    """All questions of an attempt; the ones without an answer count as blank."""
    marks = {question["id"]: grade(question, answers.get(question["id"])) for question in questions}
    points = round(sum(mark.points for mark in marks.values()), 6)
    maximum = sum(mark.maximum for mark in marks.values())
    percent = math.floor(100 * points / maximum + _SLACK) if maximum else 0
    return Score(marks=marks, points=points, maximum=maximum, percent=percent)
