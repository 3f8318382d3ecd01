"""A course's terms for readers: the glossary by initial, and the cards of those that a section's text marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language

from courses.models import LANGUAGES, Course, localised
from courses.reader.blocks import Shown
from courses.reader.marking import mark_terms


@dataclass(frozen=True, kw_only=True)
class Term:
    """One entry, in the reader's language."""

    id: str
    name: str
    other: str
    """The term in the other language; empty where it is the same."""
    other_language: str
    text: str
    chapter: str
    """Title of the chapter that introduces it."""
    url: str


@dataclass(frozen=True, kw_only=True)
class Glossary:
    """What the page shows: terms under the initial of the English one, for Chinese has no other common order."""

    course: Course
    groups: list[tuple[str, list[Term]]]
    count: int


def glossary(course: Course, titles: Mapping[str, str], wanted: str) -> Glossary:
    """The terms of the chapters in `titles` with `wanted` in one of their names."""
    groups: dict[str, list[Term]] = {}
    for entry in sorted(course.terms, key=lambda entry: entry["term"]["en"].casefold()):
        chapter = entry["section"].partition("/")[0]
        if chapter in titles and any(wanted.casefold() in name.casefold() for name in entry["term"].values()):
            groups.setdefault(entry["term"]["en"][0].upper(), []).append(_term(course, entry, titles[chapter]))
    return Glossary(course=course, groups=list(groups.items()), count=sum(map(len, groups.values())))


def marked(
    course: Course, titles: Mapping[str, str], parts: Sequence[Shown], *, place: str
) -> tuple[list[Shown], list[Term]]:
    """A section's parts with the course's terms marked in them, and a card for each that was found.

    `place` is "chapter/section". One query, for the course's terms.
    """
    language = "zh-hans" if (get_language() or "").startswith("zh") else "en"
    known = [entry for entry in course.terms if entry["section"].partition("/")[0] in titles]
    shown, found = mark_terms(parts, known, language=language, place=place)
    return shown, [_term(course, entry, titles[entry["section"].partition("/")[0]]) for entry in found]


def _term(course: Course, entry: Mapping[str, Any], title: str) -> Term:
    name = str(localised(entry["term"]))
    language = next((one for one in LANGUAGES if entry["term"][one] != name), "")
    chapter, section = entry["section"].split("/")
    return Term(
        id=entry["id"],
        name=name,
        other=entry["term"].get(language, ""),
        other_language=language,
        text=str(localised(entry["text"])),
        chapter=title,
        url=reverse("section", args=[course.slug, chapter, section]),
    )
