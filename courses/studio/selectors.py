"""Reads of the studio: chapters and their drafts, versions and their differences, what publishing would do."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from courses.loading.compiler import Compiled
from courses.models import LANGUAGES, Chapter, ChapterProgress, ChapterVersion, localised
from courses.progress import rules
from courses.progress.selectors import evidence_of
from courses.studio import texts as checking
from courses.studio.texts import FILES, Texts, texts_of
from portal.lib.diffs import Line, diff

if TYPE_CHECKING:
    from portal.accounts.models import User

HEAVY = ("body", "figures")


def require_author(user: User | AnonymousUser) -> None:
    """Raises PermissionDenied with words for everybody but authors and administrators."""
    if not (getattr(user, "is_author", False) or getattr(user, "is_administrator", False)):
        raise PermissionDenied(_("The studio is for authors of chapters."))


@dataclass(frozen=True)
class Entry:
    """A chapter in the studio's list."""

    chapter: Chapter
    title: str
    draft: ChapterVersion | None
    behind: list[str]
    learners: int


@dataclass(frozen=True)
class Editing:
    """A chapter with its texts as the author sees them: the draft's, else those of the current version.

    `locks` says by text which state the author saw; saving gives it back.
    """

    chapter: Chapter
    current: ChapterVersion
    draft: ChapterVersion | None
    texts: Texts
    locks: dict[str, str]
    changed: list[str]

    @property
    def base(self) -> int:
        """The number of the version that the draft was begun from."""
        return int(self.draft.edits["base"]) if self.draft else self.current.number

    @property
    def overtaken(self) -> bool:
        """Whether a newer version was published since the draft was begun."""
        return self.base < self.current.number

    @property
    def figures(self) -> dict[str, str]:
        return dict((self.draft or self.current).figures)


@dataclass(frozen=True)
class Changes:
    """The differences of one text."""

    name: str
    file: str
    lines: list[Line]


@dataclass(frozen=True)
class Effect:
    """How many people each kind of publication reaches."""

    begun: int
    complete: int
    moved: int
    redone: int
    sections: list[str]
    quiz: bool


def chapters(user: User) -> list[Entry]:
    """All chapters with their drafts. Two queries."""
    require_author(user)
    rows = Chapter.objects.select_related("course", "current", "current__author").annotate(
        learners=Count("progress", distinct=True)
    )
    rows = rows.defer("current__body", "current__source", "current__figures").order_by("course__position", "number")
    drafts = {draft.chapter_id: draft for draft in ChapterVersion.objects.filter(published_at=None).defer(*HEAVY)}
    return [
        Entry(
            chapter=chapter,
            title=str(localised(chapter.current.title)) if chapter.current else chapter.slug,
            draft=drafts.get(chapter.pk),
            behind=behind(chapter.current) if chapter.current else [],
            learners=getattr(chapter, "learners", 0),
        )
        for chapter in rows
    ]


def behind(version: ChapterVersion) -> list[str]:
    """Languages whose text follows an older version than another language's."""
    follows = {language: version.follows.get(language, version.number) for language in LANGUAGES}
    return [language for language, number in follows.items() if number < max(follows.values())]


def chapter_get(user: User, course: str, chapter: str) -> Chapter:
    """A published chapter for an author. Raises PermissionDenied, Http404. One query."""
    require_author(user)
    rows = Chapter.objects.select_related("course", "current").filter(current__isnull=False)
    return get_object_or_404(rows, course__slug=course, slug=chapter)


def editing(user: User, course: str, chapter: str) -> Editing:
    """What the editor works on. Raises PermissionDenied, Http404. Two queries."""
    found = chapter_get(user, course, chapter)
    if found.current is None:
        raise Http404
    draft = found.versions.filter(published_at=None).defer("body").first()
    published = texts_of(found, found.current)
    texts = texts_of(found, draft) if draft else published
    return Editing(
        chapter=found,
        current=found.current,
        draft=draft,
        texts=texts,
        locks={name: lock_of(draft or found.current, name) for name in FILES},
        changed=[name for name in FILES if texts[name] != published[name]],
    )


def lock_of(version: ChapterVersion, name: str) -> str:
    """The state of one text: when it was last saved in the draft, else the version that it comes from."""
    edits = version.edits
    return str(edits[name]["at"]) if name in edits else f"v{edits.get('base', version.number)}"


def history(user: User, course: str, chapter: str) -> tuple[Chapter, list[ChapterVersion]]:
    """Published versions, latest first. Two queries."""
    found = chapter_get(user, course, chapter)
    rows = found.versions.exclude(published_at=None).select_related("author").defer(*HEAVY, "source")
    return found, list(rows)


def version_texts(chapter: Chapter, number: int) -> Texts:
    """The texts of a published version. Raises Http404. One query."""
    rows = chapter.versions.exclude(published_at=None).defer("body")
    return texts_of(chapter, get_object_or_404(rows, number=number))


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> list[Changes]:
    """The texts that differ, with their changed lines."""
    pairs = [(name, file, diff(before[name], after[name])) for name, file in FILES.items()]
    return [Changes(name, file, lines) for name, file, lines in pairs if lines]


def effect(chapter: Chapter, compiled: Compiled) -> Effect:
    """What publishing `compiled` would mean for learners, in the terms of `apply_publication`. Three queries."""
    rows = list(
        ChapterProgress.objects.filter(chapter=chapter)
        .select_related("version__quiz")
        .defer("version__body", "version__source", "version__figures", "version__quiz__questions")
    )
    open_rows = [row for row in rows if row.completed_at is None]
    facts = evidence_of(open_rows)
    current: Any = chapter.current
    changed = rules.changed_sections(current.outline, compiled.outline)
    titles = {section["id"]: str(localised(section["title"])) for section in compiled.outline}
    return Effect(
        begun=len(open_rows),
        complete=len(rows) - len(open_rows),
        moved=sum(rules.fits(row.rule, compiled.outline, facts.get(row.pk, [])) for row in open_rows),
        redone=sum(_differs(row.version, compiled) for row in rows),
        sections=[title for key, title in titles.items() if key in changed],
        quiz=(current.quiz.content_hash if current.quiz else "") != compiled.quiz_hash,
    )


def _differs(version: ChapterVersion, compiled: Compiled) -> bool:
    quiz = version.quiz.content_hash if version.quiz else ""
    return quiz != compiled.quiz_hash or bool(rules.changed_sections(version.outline, compiled.outline))


def check(found: Editing) -> checking.Checked:
    """The whole draft, compiled as publishing would."""
    return checking.check(found.texts, found.figures)


def last_saved(found: Editing) -> tuple[str, datetime.datetime] | None:
    """Who saved the draft last, and when."""
    edits = [entry for name, entry in (found.draft.edits if found.draft else {}).items() if name in FILES]
    if not edits:
        return None
    latest = max(edits, key=lambda entry: str(entry["at"]))
    return str(latest["by"]), datetime.datetime.fromisoformat(latest["at"])


def next_number(chapter: Chapter) -> int:
    """The number that the next published version gets. One query."""
    return (chapter.versions.aggregate(last=Max("number"))["last"] or 0) + 1
