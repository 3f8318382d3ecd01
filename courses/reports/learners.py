"""One learner's report: chapters rule by rule, and the scores of their attempts. Called by the learner page."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Allowance, Attempt, Chapter, ChapterProgress, Course, Enrolment, localised
from courses.progress.selectors import RuleStatus, rules_of
from courses.reports.scope import learners, scope_of

if TYPE_CHECKING:
    from portal.accounts.models import User

GROUPS = {
    "read": (_("Read"), ("sections",)),
    "checks": (_("Guesses and checks"), ("guesses", "checks")),
    "widgets": (_("Try out"), ("widget",)),
    "quiz": (_("Quiz"), ("quiz",)),
    "labs": (_("Labs"), ("lab",)),
}
"""Columns of the table, each with the rules that it sums up."""


@dataclass(frozen=True)
class Group:
    """Rules of one column."""

    kind: str
    reached: int
    needed: int
    passed: bool


@dataclass(frozen=True)
class ChapterReport:
    """One chapter; `progress` is None where the learner has not begun."""

    number: int
    title: str
    progress: ChapterProgress | None
    groups: list[Group | None]
    rules: list[RuleStatus]


@dataclass(frozen=True)
class AttemptLine:
    """A graded attempt without its answers."""

    attempt: Attempt
    chapter: Chapter
    title: str


@dataclass(frozen=True)
class Locked:
    """A chapter whose attempts are used up without a pass."""

    chapter: Chapter
    title: str


@dataclass(frozen=True)
class Grant:
    """What a manager granted; `title` is the chapter's, empty where it is for all quizzes."""

    allowance: Allowance
    title: str


@dataclass(frozen=True)
class LearnerReport:
    """Everything that the learner page shows."""

    learner: User
    teams: str
    course: Course
    enrolment: Enrolment | None
    chapters: list[ChapterReport]
    attempts: list[AttemptLine]
    locked: list[Locked]
    allowances: list[Grant]
    extra_time: int
    complete: int
    quiz_mean: int | None
    as_of: datetime.datetime


def learner_get(viewer: User, pk: int) -> tuple[User, str]:
    """A learner in a team that `viewer` manages, or oneself; and the names of their teams. Raises Http404."""
    scope = scope_of(viewer)
    if pk != viewer.pk and pk not in scope.memberships:
        raise Http404
    found = learners().filter(pk=pk).first()
    if found is None:
        raise Http404
    return found, scope.team_names(pk)


def learner_report(viewer: User, pk: int, course: str = "") -> LearnerReport:
    """The report on one learner in one course. Raises Http404 for people in nobody's team of `viewer`.

    Eleven queries, and two for each lab that a rule names.
    """
    learner, teams = learner_get(viewer, pk)
    courses = list(Course.objects.all())
    chosen = next((one for one in courses if one.slug == course), courses[0] if courses else None)
    if chosen is None:
        raise Http404
    explained = {progress.chapter_id: (progress, rules) for progress, rules in rules_of(learner)}
    listed = list(chosen.chapters.filter(current__isnull=False).select_related("course").order_by("number"))
    titles = dict(chosen.chapters.filter(current__isnull=False).values_list("pk", "current__title"))
    chapters = [_chapter(one, str(localised(titles[one.pk])), explained.get(one.pk)) for one in listed]
    attempts = list(_attempts(learner, chosen))
    scores = [row.progress.quiz_percent for row in chapters if row.progress and row.progress.quiz_percent is not None]
    grants = list(Allowance.objects.filter(user=learner).select_related("granted_by", "chapter"))
    return LearnerReport(
        learner=learner,
        teams=teams,
        course=chosen,
        enrolment=Enrolment.objects.filter(user=learner, course=chosen).first(),
        chapters=chapters,
        attempts=[AttemptLine(one, one.quiz.chapter, str(localised(titles[one.quiz.chapter_id]))) for one in attempts],
        locked=[Locked(one, str(localised(titles[one.pk]))) for one in _locked(listed, explained, attempts)],
        allowances=[Grant(one, str(localised(titles.get(one.chapter_id or 0, {})) or "")) for one in grants],
        extra_time=next((one.percent for one in grants if one.kind == "time"), 0),
        complete=sum(bool(row.progress and row.progress.completed_at) for row in chapters),
        quiz_mean=sum(scores) // len(scores) if scores else None,
        as_of=timezone.now(),
    )


def _chapter(chapter: Chapter, title: str, explained: tuple[ChapterProgress, list[RuleStatus]] | None) -> ChapterReport:
    if explained is None:
        return ChapterReport(chapter.number, title, None, [None] * len(GROUPS), [])
    progress, rules = explained
    groups = [_group(kind, [rule for rule in rules if rule.kind in kinds]) for kind, (_name, kinds) in GROUPS.items()]
    return ChapterReport(chapter.number, title, progress, groups, rules)


def _group(kind: str, rules: list[RuleStatus]) -> Group | None:
    """Several rules as one cell; None when the chapter asks for nothing of the kind."""
    if not rules:
        return None
    reached = sum(min(rule.reached, rule.needed) if kind != "quiz" else rule.reached for rule in rules)
    return Group(kind, reached, sum(rule.needed for rule in rules), all(rule.passed for rule in rules))


def _attempts(learner: User, course: Course) -> Iterable[Attempt]:
    """Graded attempts, latest first, without questions and answers."""
    graded = Attempt.objects.filter(user=learner, state="graded", quiz__chapter__course=course)
    return graded.select_related("quiz__chapter").defer("quiz__questions", "results", "order")


def _locked(
    chapters: list[Chapter],
    explained: dict[int, tuple[ChapterProgress, list[RuleStatus]]],
    attempts: list[Attempt],
) -> Iterable[Chapter]:
    """Chapters at whose quiz no attempt is left and none has passed."""
    for chapter in chapters:
        if chapter.pk not in explained:
            continue
        progress, _rules = explained[chapter.pk]
        own = [one for one in attempts if one.quiz_id == progress.version.quiz_id]
        limit = own[0].quiz.max_attempts if own else 0
        if limit and len(own) >= limit + progress.extra_attempts and not any(one.passed for one in own):
            yield chapter
