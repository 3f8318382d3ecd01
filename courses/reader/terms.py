"""The glossary page: a course's terms by initial, each with its other language and the section that introduces it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse

from courses.models import LANGUAGES, Course, localised
from courses.reader.selectors import published


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


def glossary_of(course: str, wanted: str = "") -> Glossary:
    """The terms with `wanted` in one of their names. Raises Http404. Two queries."""
    found = get_object_or_404(Course, slug=course)
    titles = {one.slug: str(localised(one.current.title)) for one in published(course) if one.current}
    groups: dict[str, list[Term]] = {}
    for entry in sorted(found.terms, key=lambda entry: entry["term"]["en"].casefold()):
        chapter = entry["section"].partition("/")[0]
        if chapter in titles and any(wanted.casefold() in name.casefold() for name in entry["term"].values()):
            groups.setdefault(entry["term"]["en"][0].upper(), []).append(_term(found, entry, titles[chapter]))
    return Glossary(course=found, groups=list(groups.items()), count=sum(map(len, groups.values())))


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
