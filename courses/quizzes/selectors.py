"""Reads of quizzes and attempts, for the quiz pages, progress and reports. Each enforces who may see what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from courses.models import Allowance, Attempt, Chapter, ChapterProgress, Quiz

if TYPE_CHECKING:
    from portal.accounts.models import User


def heavy(prefix: str) -> list[str]:
    """The columns of the version at `prefix` that quizzes never need, for `defer`."""
    return [f"{prefix}__{name}" for name in ("body", "source", "figures")]


@dataclass(frozen=True)
class QuizOverview:
    """What the start page shows. `left` is None where attempts are not limited, `next_at` where one may begin now."""

    chapter: Chapter
    quiz: Quiz
    attempts: list[Attempt]
    open: Attempt | None
    allowed: int | None
    left: int | None
    next_at: datetime | None
    time_limit_s: int
    progress: ChapterProgress | None

    @property
    def best(self) -> Attempt | None:
        """The graded attempt with the highest score."""
        graded = [attempt for attempt in self.attempts if attempt.state == "graded" and self.counts(attempt)]
        return max(graded, key=lambda attempt: attempt.percent or 0, default=None)

    @property
    def passed(self) -> bool:
        return any(attempt.passed and self.counts(attempt) for attempt in self.attempts)

    def counts(self, attempt: Attempt) -> bool:
        """Whether it counts for the chapter as it now is."""
        return self.progress is None or not is_outdated(self.progress, attempt)


def chapter_get(course: str, chapter: str) -> Chapter:
    """A published chapter with its course and current version. Raises Http404. One query."""
    chapters = Chapter.objects.select_related("course", "current__quiz").defer(*heavy("current"))
    chapters = chapters.filter(current__isnull=False)
    return get_object_or_404(chapters, course__slug=course, slug=chapter)


def quiz_overview(user: User, chapter: Chapter) -> QuizOverview:
    """The quiz that applies to `user` and all their attempts at its quizzes. Raises Http404. Three queries."""
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
        open=next((one for one in attempts if one.state == "open" and not is_outdated(progress, one)), None),
        allowed=allowed,
        left=None if allowed is None else max(0, allowed - taken),
        next_at=next_at(quiz, attempts, timezone.now()),
        time_limit_s=time_limit_s(user, quiz),
        progress=progress,
    )


def is_outdated(progress: ChapterProgress | None, attempt: Attempt) -> bool:
    """Whether the chapter was given a new quiz, to be taken by everyone, after `attempt` at the old one had begun."""
    if progress is None or progress.redone_at is None or attempt.started_at >= progress.redone_at:
        return False
    return attempt.quiz_id != progress.version.quiz_id


def next_at(quiz: Quiz, attempts: Iterable[Attempt], now: datetime) -> datetime | None:
    """When the wait after the last attempt at `quiz` is over; None when an attempt may begin."""
    ends = [one.submitted_at for one in attempts if one.quiz_id == quiz.pk and one.submitted_at]
    over = max(ends) + timedelta(seconds=quiz.cool_down_s) if ends else now
    return over if over > now else None


def time_limit_s(user: User, quiz: Quiz) -> int:
    """The time that `user` has for `quiz`, with what a manager has allowed; 0 for no limit. One query."""
    latest = Allowance.objects.filter(user=user, kind="time").values_list("percent", flat=True).first()
    return quiz.time_limit_s * (100 + (latest or 0)) // 100


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
