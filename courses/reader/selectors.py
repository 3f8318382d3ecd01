"""What the pages of a chapter show. Each function takes the reader, and picks the version that applies to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib.staticfiles import finders
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from courses.models import LANGUAGES, Chapter, ChapterProgress, ChapterVersion, Course, Evidence, localised
from courses.progress.rules import block_ids
from courses.progress.selectors import Explainer, RuleStatus, evidence_of, progress_of
from courses.reader.blocks import Facts, Shown, Typed, show_parts
from courses.reader.terms import Glossary, Term, glossary, marked

if TYPE_CHECKING:
    from portal.accounts.models import User

HEAVY = ("current__body", "current__source", "current__figures", "course__terms")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One section in the rail, in the outline of the version that applies."""

    id: str
    title: str
    read: bool
    here: bool = False


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One chapter of the course as rails and staircases show it."""

    chapter: Chapter
    version: ChapterVersion
    progress: ChapterProgress | None

    @property
    def title(self) -> str:
        """In the reader's language."""
        return str(localised(self.version.title))

    @property
    def summary(self) -> str:
        """In the reader's language."""
        return str(localised(self.version.summary))

    @property
    def complete(self) -> bool:
        """Whether every rule is met."""
        return self.progress is not None and self.progress.completed_at is not None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A section on its page."""

    stage: Stage
    stages: list[Stage]
    steps: list[Step]
    number: int
    section: Mapping[str, Any]
    parts: list[Shown]
    minutes: int
    rules: list[RuleStatus] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    """Those that the text marks."""

    @property
    def chapter(self) -> Chapter:
        """The chapter on the page."""
        return self.stage.chapter

    @property
    def progress(self) -> ChapterProgress | None:
        """The reader's own progress in it; None for somebody who is no learner."""
        return self.stage.progress

    @property
    def is_read(self) -> bool:
        """Whether the learner has read this section."""
        return self.steps[self.number - 1].read

    @property
    def before(self) -> Step | None:
        """The section before this one."""
        return self.steps[self.number - 2] if self.number > 1 else None

    @property
    def after(self) -> Step | None:
        """The section after this one."""
        return self.steps[self.number] if self.number < len(self.steps) else None

    @property
    def toc(self) -> list[tuple[str, str]]:
        """What stands on this page, as (anchor, title) in reading order."""
        headings = iter(self.section["headings"])
        entries = []
        for part in self.parts:
            if part.kind == "html" and part.facts["tag"] in {"h2", "h3"}:
                heading = next(headings)
                entries.append((heading["id"], heading["title"]))
            elif part.kind in {"check", "lab", "widget"}:
                entries.append((part.anchor, part.name))
        return entries

    @property
    def styles(self) -> tuple[str, ...]:
        """Style sheets that the page needs beside the shell's."""
        return widget_styles() if any(part.kind == "widget" for part in self.parts) else ()

    @property
    def newer(self) -> ChapterVersion | None:
        """The published version, when the reader goes on in an older one."""
        current = self.chapter.current
        return current if current and current.pk != self.stage.version.pk else None

    @property
    def to_redo(self) -> int:
        """Sections to read again after a redo."""
        redo = self.progress is not None and self.progress.redo_of_id is not None
        return sum(not step.read for step in self.steps) if redo else 0


@cache
def widget_styles() -> tuple[str, ...]:
    """The style sheets of all widgets: a chapter may use the widget of another one."""
    folder = finders.find("css")
    return tuple(sorted(f"css/{path.name}" for path in Path(str(folder)).glob("widgets-*.css"))) if folder else ()


def published(course: str) -> QuerySet[Chapter]:
    """Published chapters of a course with their current versions, without the texts."""
    chapters = Chapter.objects.filter(course__slug=course, current__isnull=False)
    return chapters.select_related("course", "current").defer(*HEAVY)


def glossary_of(course: str, wanted: str = "") -> Glossary:
    """The terms with `wanted` in one of their names. Raises Http404. Two queries."""
    titles = {one.slug: str(localised(one.current.title)) for one in published(course) if one.current}
    return glossary(get_object_or_404(Course, slug=course), titles, wanted)


def chapter_get(course: str, chapter: str) -> Chapter:
    """A published chapter. Raises Http404. One query."""
    return get_object_or_404(published(course), slug=chapter)


def stages_of(user: User, course: str) -> list[Stage]:
    """The course's published chapters, each in the version that applies to `user`. Raises Http404. Two queries."""
    chapters = list(published(course))
    if not chapters:
        raise Http404(course)
    begun = {row.chapter_id: row for row in progress_of(user, chapter__course=chapters[0].course_id)}
    return [_stage(chapter, begun.get(chapter.pk)) for chapter in chapters]


def stage_of(user: User, course: str, chapter: str) -> Stage:
    """One chapter in the version that applies to `user`. Raises Http404. Two queries."""
    stage = next((one for one in stages_of(user, course) if one.chapter.slug == chapter), None)
    if stage is None:
        raise Http404(chapter)
    return stage


def _stage(chapter: Chapter, progress: ChapterProgress | None) -> Stage:
    if chapter.current is None:
        raise Http404(chapter.slug)
    if progress is not None:
        progress.chapter = chapter
    return Stage(chapter=chapter, version=progress.version if progress else chapter.current, progress=progress)


def read_section(user: User, course: str, chapter: str, section: str, *, typed: Typed | None = None) -> Reading:
    """A section with its parts, rail and rules. Raises Http404. Five queries, and two for each lab named."""
    stages = stages_of(user, course)
    stage = next((one for one in stages if one.chapter.slug == chapter), None)
    ids = block_ids(stage.version.outline, "section") if stage else []
    if stage is None or section not in ids:
        raise Http404(section)
    index = ids.index(section)
    evidence = evidence_of([stage.progress]).get(stage.progress.pk, []) if stage.progress else []
    facts = {(fact.kind, fact.key): fact for fact in evidence}
    explainer = Explainer(user)
    shown, other = sections_at(stage.version.pk, index)
    cards = {part["id"]: explainer.card(part["id"]) for part in shown["parts"] if part["kind"] == "lab"}
    parts = show_parts(shown["parts"], facts=facts, others=other["parts"], typed=typed, cards=cards)
    titles = {one.chapter.slug: one.title for one in stages}
    parts, terms = marked(stage.chapter.course, titles, parts, place=f"{chapter}/{section}")
    return Reading(
        stage=stage,
        stages=stages,
        steps=steps_of(stage.version, facts, here=section),
        number=index + 1,
        section=shown,
        parts=parts,
        terms=terms,
        minutes=max(1, round(stage.version.outline[index]["weight"] * stage.chapter.minutes)),
        rules=explainer.explain(stage.progress, evidence) if stage.progress else [],
    )


def steps_of(version: ChapterVersion, facts: Facts, *, here: str = "") -> list[Step]:
    """The sections of a version with the read ones marked."""
    return [
        Step(
            id=section["id"],
            title=str(localised(section["title"])),
            read=("section", section["id"]) in facts,
            here=section["id"] == here,
        )
        for section in version.outline
    ]


def sections_at(version: int, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """One section of a version in the reader's language, and in the other one. One query."""
    body = ChapterVersion.objects.values_list("body", flat=True).get(pk=version)
    chosen = localised({language: language for language in LANGUAGES})
    other = next(language for language in LANGUAGES if language != chosen)
    return body[chosen][index], body[other][index]


def block_of(user: User, chapter: Chapter, kind: str, key: str) -> tuple[str, dict[str, Any]]:
    """The section and the block `key`, answer included, of the version that applies. Raises Http404. Two queries."""
    progress = progress_of(user, chapter=chapter).first()
    version = progress.version if progress else chapter.current
    for index, section in enumerate(version.outline if version else []):
        if version and {"kind": kind, "id": key}.items() <= _entry(section, key).items():
            parts = sections_at(version.pk, index)[0]["parts"]
            return section["id"], next(part for part in parts if part.get("id") == key)
    raise Http404(key)


def _entry(section: Mapping[str, Any], key: str) -> dict[str, Any]:
    return next((block for block in section["blocks"] if block["id"] == key), {})


def stopped_at(user: User, stage: Stage) -> str:
    """The section to open: where the reader stopped, else the first unread, else the first. Two queries."""
    ids = block_ids(stage.version.outline, "section")
    if stage.progress is None:
        return ids[0]
    last = stage.chapter.course.enrolments.filter(user=user, last_chapter=stage.chapter).first()
    if last is not None and last.last_section in ids:
        return last.last_section
    read = set(
        Evidence.objects.filter(progress=stage.progress, kind="section", retired_at=None).values_list("key", flat=True)
    )
    return next((section for section in ids if section not in read), ids[0])


def first_course() -> Course | None:
    """The course that home opens with. One query."""
    return Course.objects.filter(chapters__current__isnull=False).distinct().first()
