"""What can be answered to a question, and the form in which an answer is stored. Called by the services of attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from courses.quizzes import grading
from portal.lib.errors import UserError

MAX_TYPED = 40
"""Longest number or shape as typed, characters."""
MAX_TEXT = 200
"""Longest short text as typed, characters."""


def choosable(question: Mapping[str, Any]) -> list[str]:
    """The ids that are mixed for each attempt: options, items, choices; those of gaps as "gap/choice"."""
    if question["kind"] == "cloze":
        return [f"{gap['id']}/{one['id']}" for gap in question["gaps"] for one in gap.get("choices", ())]
    name = {"order": "items", "match": "choices"}.get(question["kind"], "options")
    return [one["id"] for one in question.get(name) or ()]


def checked(question: Mapping[str, Any], value: grading.Answer) -> grading.Answer:
    """`value` in the form in which it is stored; None for a blank. Raises UserError "bad_answer"."""
    if grading.is_blank(value):
        return None
    kind = question["kind"]
    if kind in grading.TYPED:
        if isinstance(value, str) and _is_line(value, MAX_TEXT if kind == "text" else MAX_TYPED):
            return value.strip()
    elif kind in grading.IN_PARTS:
        if isinstance(value, Mapping) and (filled := _filled(question, value)):
            return filled
    elif not isinstance(value, str | Mapping) and (chosen := _chosen(question, value or ())):
        return chosen
    raise UserError("bad_answer", _("This is not an answer to the question."))


def _chosen(question: Mapping[str, Any], value: Sequence[str]) -> list[str]:
    """The options chosen, each once; empty when one is unknown or there are several where one is asked for."""
    chosen = set(value)
    is_one = len(value) == 1 or question["kind"] == "multiple"
    return sorted(chosen) if is_one and chosen <= set(choosable(question)) else []


def _is_line(text: str, limit: int) -> bool:
    return len(text) <= limit and text.strip().isprintable()


def _filled(question: Mapping[str, Any], value: Mapping[str, str]) -> dict[str, str]:
    """The parts that are not blank, in the question's order; empty when one of them is no answer."""
    allowed = _parts(question)
    given = {key: text.strip() for key, text in value.items() if text.strip()}
    for key, text in given.items():
        choices = allowed.get(key, [])
        if not (_is_line(text, MAX_TEXT) if choices is None else text in choices):
            return {}
    return {key: given[key] for key in allowed if key in given}


def _parts(question: Mapping[str, Any]) -> dict[str, list[str] | None]:
    """What may be given for each part: one of a list, or None for a text."""
    if question["kind"] == "order":
        places = [str(place) for place in range(1, len(question["items"]) + 1)]
        return {item["id"]: places for item in question["items"]}
    if question["kind"] == "match":
        return {pair["id"]: choosable(question) for pair in question["pairs"]}
    return {gap["id"]: [one["id"] for one in gap["choices"]] if "choices" in gap else None for gap in question["gaps"]}
