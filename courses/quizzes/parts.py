"""The parts of a question as a learner sees them: items to order, pairs to match, gaps to fill.

As in `presenting`, whose questions hold these, nothing of the key is copied unless it is to be revealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from courses.models import localised
from courses.quizzes import grading


@dataclass(frozen=True)
class ShownChoice:
    """One entry of a select."""

    id: str
    text: str
    chosen: bool


@dataclass(frozen=True)
class ShownPart:
    """An item, pair or gap; without `choices` it is typed. `right`, `given` and `answer` are set only after grading.

    In a cloze `html` is the text before the gap, and the last part is the text behind all of them, without an id.
    """

    id: str
    place: int
    html: str
    """Sanitised, or escaped, by courses.loading when the quiz was published."""
    choices: list[ShownChoice]
    value: str
    right: bool | None = None
    given: str = ""
    answer: str = ""


def parts_of(question: Mapping[str, Any], order: Sequence[str], value: Any, *, reveal: bool) -> list[ShownPart]:
    """The parts in the order in which they are shown; none for a question without parts."""
    build = {"order": _items, "match": _pairs, "cloze": _gaps}.get(question["kind"])
    if build is None:
        return []
    given = value if isinstance(value, dict) else {}
    parts = build(question, order, given)
    return [_revealed(question, part, given) for part in parts] if reveal else parts


def _items(question: Mapping[str, Any], order: Sequence[str], given: Mapping[str, str]) -> list[ShownPart]:
    """Items as mixed for the attempt; once all have a place of their own, in the learner's order."""
    by_id = {item["id"]: item for item in question["items"]}
    places = [str(place) for place in range(1, len(order) + 1)]
    if sorted(given.values()) == places:
        order = sorted(order, key=lambda key: int(given[key]))
    return [
        ShownPart(
            id=key,
            place=place,
            html=str(localised(by_id[key]["text"])),
            choices=[ShownChoice(one, one, given.get(key) == one) for one in places],
            value=given.get(key, ""),
        )
        for place, key in enumerate(order, start=1)
    ]


def _pairs(question: Mapping[str, Any], order: Sequence[str], given: Mapping[str, str]) -> list[ShownPart]:
    texts = {choice["id"]: str(localised(choice["text"])) for choice in question["choices"]}
    return [
        ShownPart(
            id=pair["id"],
            place=place,
            html=str(localised(pair["text"])),
            choices=[ShownChoice(key, texts[key], given.get(pair["id"]) == key) for key in order],
            value=given.get(pair["id"], ""),
        )
        for place, pair in enumerate(question["pairs"], start=1)
    ]


def _gaps(question: Mapping[str, Any], order: Sequence[str], given: Mapping[str, str]) -> list[ShownPart]:
    gaps = {gap["id"]: gap for gap in question["gaps"]}
    parts = []
    for place, (before, key) in enumerate(localised(question["pieces"]) or [], start=1):
        texts = {one["id"]: str(localised(one["text"])) for one in gaps.get(key, {}).get("choices", ())}
        mixed = [one.partition("/")[2] for one in order if one.partition("/")[0] == key]
        parts.append(
            ShownPart(
                id=key,
                place=place,
                html=before,
                choices=[ShownChoice(one, texts[one], given.get(key) == one) for one in mixed],
                value=given.get(key, ""),
            )
        )
    return parts


def _revealed(question: Mapping[str, Any], part: ShownPart, given: Mapping[str, str]) -> ShownPart:
    """The part with what was given and what is right."""
    if not part.id:
        return part
    texts = {choice.id: choice.text for choice in part.choices}
    key = _key(question, part.id)
    return ShownPart(
        id=part.id,
        place=part.place,
        html=part.html,
        choices=part.choices,
        value=part.value,
        right=grading.right_parts(question, given)[part.id],
        given=texts.get(part.value, part.value),
        answer=texts.get(key, key),
    )


def _key(question: Mapping[str, Any], part: str) -> str:
    """The right answer of a part: the id of a choice, or the first accepted text in the reader's language."""
    if question["kind"] == "order":
        return next(str(place) for place, item in enumerate(question["items"], start=1) if item["id"] == part)
    if question["kind"] == "match":
        return next(str(pair["choice"]) for pair in question["pairs"] if pair["id"] == part)
    gap = next(gap for gap in question["gaps"] if gap["id"] == part)
    if "choices" in gap:
        return next(str(choice["id"]) for choice in gap["choices"] if choice["right"])
    return str(localised(gap["accept"])[0])
