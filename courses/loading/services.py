"""Publishing compiled chapters. Called by load_course and the studio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from courses.loading.compiler import Compiled, digest
from courses.loading.folder import ChapterFiles, CourseFiles
from courses.models import LANGUAGES, Chapter, ChapterVersion, Course, Quiz
from courses.progress.services import apply_publication

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True)
class Loaded:
    """What happened to one chapter: published, unchanged or left (its text belongs to the studio)."""

    slug: str
    outcome: str
    number: int
    moved: int = 0


@transaction.atomic
def load_course(*, files: CourseFiles, change: str = "minor") -> list[Loaded]:
    """Bring the database in step with a course's files: by stable id and hash, all or nothing.

    A chapter that has been published from the studio is left alone. A second run writes nothing.
    """
    course, _created = Course.objects.get_or_create(slug=files.slug)
    if (course.title, course.summary, course.terms) != (files.title, files.summary, files.terms):
        course.title, course.summary, course.terms = files.title, files.summary, files.terms
        course.save()
    return [_load_chapter(course, chapter, change) for chapter in files.chapters]


def _load_chapter(course: Course, files: ChapterFiles, change: str) -> Loaded:
    chapter, _created = Chapter.objects.get_or_create(course=course, slug=files.slug, defaults={"number": files.number})
    current = chapter.current
    if chapter.owner != "files":
        return Loaded(files.slug, "left", current.number if current else 0)
    facts = (chapter.number, chapter.minutes, chapter.labs)
    if facts != (files.number, files.minutes, files.labs):
        chapter.number, chapter.minutes, chapter.labs = files.number, files.minutes, files.labs
        chapter.save(update_fields=["number", "minutes", "labs"])
    if current is not None and current.content_hash == version_hash(files.compiled, files.title, files.summary):
        return Loaded(files.slug, "unchanged", current.number)
    version, moved = publish(
        chapter=chapter, compiled=files.compiled, title=files.title, summary=files.summary, change=change
    )
    return Loaded(files.slug, "published", version.number, moved)


@transaction.atomic
def publish(
    *,
    chapter: Chapter,
    compiled: Compiled,
    title: dict[str, str],
    summary: dict[str, str],
    change: str,
    author: User | None = None,
    note: str = "",
    follows: dict[str, int] | None = None,
) -> tuple[ChapterVersion, int]:
    """Make a new immutable version current and apply it to those who began. Returns it, and how many it reached.

    `follows` says for each language which version's text it follows; without it both follow the new one.
    """
    number = (chapter.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = ChapterVersion.objects.create(
        chapter=chapter,
        number=number,
        title=title,
        summary=summary,
        source=compiled.source,
        figures=compiled.figures,
        body=compiled.body,
        outline=compiled.outline,
        rule=compiled.rule,
        quiz=quiz_version(chapter, compiled),
        content_hash=version_hash(compiled, title, summary),
        follows=follows or dict.fromkeys(LANGUAGES, number),
        change=change,
        note=note,
        author=author,
        published_at=timezone.now(),
    )
    chapter.current = version
    chapter.save(update_fields=["current"])
    return version, apply_publication(version=version, change=change)


def version_hash(compiled: Compiled, title: dict[str, str], summary: dict[str, str]) -> str:
    """Tells two versions apart."""
    return digest([compiled.content_hash, title, summary])


def quiz_version(chapter: Chapter, compiled: Compiled) -> Quiz | None:
    """The chapter's quiz with this content: an earlier row when nothing in it changed, else a new one."""
    if compiled.quiz is None:
        return None
    same = chapter.quizzes.filter(content_hash=compiled.quiz_hash).order_by("-number").first()
    if same is not None:
        return same
    number = (chapter.quizzes.aggregate(last=Max("number"))["last"] or 0) + 1
    return Quiz.objects.create(
        chapter=chapter,
        number=number,
        content_hash=compiled.quiz_hash,
        pass_percent=compiled.quiz.pass_percent,
        time_limit_s=compiled.quiz.time_limit_s,
        max_attempts=compiled.quiz.max_attempts,
        cool_down_s=compiled.quiz.cool_down_s,
        questions=compiled.quiz.questions,
    )
