"""Reads of quizzes and attempts, for the quiz pages, progress and reports. Each enforces who may see what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from courses.models import Attempt, Chapter, ChapterProgress, Quiz

if TYPE_CHECKING:
    from portal.accounts.models import User


def heavy(prefix: str) -> list[str]:
    """The columns of the version at `prefix` that quizzes never need, for `defer`."""
    return [f"{prefix}__{name}" for name in ("body", "source", "figures")]


@dataclass(frozen=True)
class QuizOverview:
    """What the start page shows. `left` is None where attempts are not limited."""

    chapter: Chapter
    quiz: Quiz
    attempts: list[Attempt]
    open: Attempt | None
    allowed: int | None
    left: int | None

    @property
    def best(self) -> Attempt | None:
        """The graded attempt with the highest score."""
        graded = [attempt for attempt in self.attempts if attempt.state == "graded"]
        return max(graded, key=lambda attempt: attempt.percent or 0, default=None)

    @property
    def passed(self) -> bool:
        return any(attempt.passed for attempt in self.attempts)


def chapter_get(course: str, chapter: str) -> Chapter:
    """A published chapter with its course and current version. Raises Http404. One query."""
    chapters = Chapter.objects.select_related("course", "current__quiz").defer(*heavy("current"))
    chapters = chapters.filter(current__isnull=False)
    return get_object_or_404(chapters, course__slug=course, slug=chapter)


def quiz_overview(user: User, chapter: Chapter) -> QuizOverview:
    """The quiz that applies to `user` and all their attempts at the chapter's quizzes. Raises Http404. Two queries."""
    rows = ChapterProgress.objects.filter(user=user, chapter=chapter).select_related("version__quiz")
    progress = rows.defer(*heavy("version")).first()
    version = progress.version if progress else chapter.current
    quiz = version.quiz if version else None
    if quiz is None:
        raise Http404
    attempts = list(attempts_of(user, chapter))
    taken = max((attempt.number for attempt in attempts if attempt.quiz_id == quiz.pk), default=0)
    extra = progress.extra_attempts if progress else 0
    allowed = quiz.max_attempts + extra if quiz.max_attempts else None
    return QuizOverview(
        chapter=chapter,
        quiz=quiz,
        attempts=attempts,
        open=next((attempt for attempt in attempts if attempt.state == "open"), None),
        allowed=allowed,
        left=None if allowed is None else max(0, allowed - taken),
    )


def attempts_of(user: User, chapter: Chapter) -> QuerySet[Attempt]:
    """`user`'s own attempts at any version of the chapter's quiz, latest first."""
    return (
        Attempt.objects.filter(user=user, quiz__chapter=chapter).select_related("quiz").order_by("-started_at", "-pk")
    )


def attempt_get(user: User, pk: int) -> Attempt:
    """One's own attempt with its quiz, chapter and answers. Raises Http404. Two queries."""
    own = Attempt.objects.filter(user=user).select_related("quiz__chapter__course", "quiz__chapter__current")
    own = own.defer(*heavy("quiz__chapter__current")).prefetch_related("answers")
    return get_object_or_404(own, pk=pk)


def expired(before: datetime) -> QuerySet[Attempt]:
    """Open attempts of all learners whose deadline lies before `before`."""
    return Attempt.objects.filter(state="open", deadline_at__lt=before)
