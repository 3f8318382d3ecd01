"""The team report: read from the summary columns of ChapterProgress and Enrolment only, never from raw activity."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.db.models import Avg, Count, F, FilteredRelation, Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import cached_property

from courses.models import Chapter, ChapterProgress, Course, Enrolment, localised
from courses.reports.scope import Scope, TeamChoice, learners_in, scope_of

if TYPE_CHECKING:
    from portal.accounts.models import User

PAGE_SIZE = 50
IDLE = datetime.timedelta(days=7)
"""Somebody who has begun and did nothing for this long may need help."""
MANY_ATTEMPTS = 2
"""So does somebody who has failed a quiz this often."""
HELP_SHOWN = 8
SORTS: dict[str, Sequence[Any]] = {
    "progress": ("total", "display_name", "pk"),
    "-progress": ("-total", "display_name", "pk"),
    "name": ("display_name", "pk"),
    "active": (F("active").asc(nulls_first=True), "display_name", "pk"),
    "-active": (F("active").desc(nulls_last=True), "display_name", "pk"),
}


@dataclass(frozen=True)
class View:
    """What the URL asks for."""

    course: str = ""
    sort: str = "progress"
    search: str = ""
    only_help: bool = False
    page: str = "1"

    @classmethod
    def read(cls, query: Mapping[str, str]) -> View:
        """From a query string; what is not known falls back."""
        sort = query.get("sort", "")
        return cls(
            course=query.get("course", ""),
            sort=sort if sort in SORTS else "progress",
            search=query.get("q", "").replace("\x00", "").strip()[:80],
            only_help=query.get("only") == "help",
            page=query.get("page", "1"),
        )


@dataclass(frozen=True)
class ChapterColumn:
    """A column of the matrix."""

    pk: int
    number: int
    title: str


@dataclass(frozen=True)
class Cell:
    """One learner in one chapter; None fields where they have not begun."""

    percent: int = 0
    quiz: int | None = None
    begun: bool = False
    complete: bool = False
    completed_at: datetime.datetime | None = None

    @property
    def heat(self) -> int:
        """0 not begun, 1 to 4 by quarter, 5 complete."""
        return 5 if self.complete else 0 if not self.begun else min(4, 1 + self.percent // 25)


@dataclass(frozen=True)
class Row:
    """A learner with all chapters."""

    user: User
    team: str
    cells: list[Cell]
    percent: int
    active_at: datetime.datetime | None
    needs_help: bool


@dataclass(frozen=True)
class Help:
    """Somebody who may need help, and why: chapter and best score of a quiz failed twice, or days of silence."""

    user: User
    team: str
    chapter: int
    attempts: int
    best: int | None
    idle_days: int | None


@dataclass(frozen=True)
class Figures:
    """What the whole team reached. `help` counts all who may need it."""

    learners: int
    complete: int
    possible: int
    started: int
    active: int
    quiz_mean: int | None
    help: int

    @property
    def percent(self) -> int:
        return 100 * self.complete // self.possible if self.possible else 0


class Counted(Paginator[Any]):
    """Pages of rows whose number may be known already: counting over sums is as slow as reading them."""

    def __init__(self, rows: QuerySet[Any], size: int, known: int | None) -> None:
        super().__init__(rows, size)
        self.rows, self.known = rows, known

    @cached_property
    def count(self) -> int:
        return self.rows.count() if self.known is None else self.known


@dataclass(frozen=True)
class TeamReport:
    """Everything that the team page shows, as of one moment."""

    scope: Scope
    team: TeamChoice
    courses: list[Course]
    course: Course
    chapters: list[ChapterColumn]
    figures: Figures
    page: Page[Any]
    rows: list[Row]
    help: list[Help]
    as_of: datetime.datetime


@dataclass(frozen=True)
class TeamTable:
    """All learners of one team in the order of the page, read in slices."""

    scope: Scope
    team: TeamChoice
    chapters: list[ChapterColumn]
    chosen: QuerySet[User]
    as_of: datetime.datetime

    def rows(self, start: int, end: int) -> list[Row]:
        """Two queries."""
        users = list(self.chosen[start:end])
        progress = progress_of(users, self.chapters)
        return [row_of(user, self.scope, self.chapters, progress, self.as_of) for user in users]


def team_table(manager: User, team_id: int, view: View) -> TeamTable:
    """What the CSV holds. Raises Http404 for others' teams. Five queries, and two a slice."""
    scope, now = scope_of(manager), timezone.now()
    team = scope.choose(team_id)
    course = Course.objects.filter(slug=view.course).first() or get_object_or_404(Course.objects.all()[:1])
    chapters = chapter_columns(course)
    everybody = summaries(team, course, chapters)
    chosen = everybody.filter(needs_help(len(chapters), now)) if view.only_help else everybody
    return TeamTable(scope=scope, team=team, chapters=chapters, chosen=matching(chosen, view), as_of=now)


def team_report(manager: User, team_id: int | None, view: View) -> TeamReport | None:
    """The report on one team, None for somebody who manages none. Raises Http404 for others' teams. 12 queries."""
    scope = scope_of(manager)
    courses = list(Course.objects.all())
    if (not scope.teams and team_id is None) or not courses:
        return None
    team, now = scope.choose(team_id), timezone.now()
    course = next((one for one in courses if one.slug == view.course), courses[0])
    chapters = chapter_columns(course)
    everybody = summaries(team, course, chapters)
    troubled = everybody.filter(needs_help(len(chapters), now))
    help_count = troubled.count()
    chosen = matching(troubled if view.only_help else everybody, view)
    known = None if view.search else help_count if view.only_help else team.count
    page = Counted(chosen, PAGE_SIZE, known).get_page(view.page)
    shown, helped = list(page.object_list), list(troubled.order_by(*SORTS["active"])[:HELP_SHOWN])
    progress = progress_of([*shown, *helped], chapters)
    return TeamReport(
        scope=scope,
        team=team,
        courses=courses,
        course=course,
        chapters=chapters,
        figures=_figures(team, course, chapters, help_count, now),
        page=page,
        rows=[row_of(user, scope, chapters, progress, now) for user in shown],
        help=[_help(user, scope, chapters, progress, now) for user in helped],
        as_of=now,
    )


def chapter_columns(course: Course) -> list[ChapterColumn]:
    """Published chapters of a course. One query."""
    rows = Chapter.objects.filter(course=course, current__isnull=False).values_list("pk", "number", "current__title")
    return [ChapterColumn(pk, number, str(localised(title))) for pk, number, title in rows]


def summaries(team: TeamChoice, course: Course, chapters: Sequence[ChapterColumn]) -> QuerySet[User]:
    """Learners with the sums of their summary columns: total, done, started, failed, active."""
    ids = [chapter.pk for chapter in chapters]
    failed = Q(mine__quiz_attempts__gte=MANY_ATTEMPTS, mine__completed_at=None)
    return (
        learners_in(team.ids)
        .annotate(
            mine=FilteredRelation("chapter_progress", condition=Q(chapter_progress__chapter__in=ids)),
            seen=FilteredRelation("enrolments", condition=Q(enrolments__course=course)),
        )
        .annotate(
            total=Coalesce(Sum("mine__percent"), 0),
            started=Count("mine"),
            done=Count("mine__completed_at"),
            failed=Count("mine", filter=failed & Q(mine__quiz_percent__lt=F("mine__version__quiz__pass_percent"))),
            active=Max("seen__last_activity_at"),
        )
    )


def needs_help(chapters: int, now: datetime.datetime) -> Q:
    """Begun, not done, silent for a week; or failed a quiz twice."""
    return Q(failed__gt=0) | Q(started__gt=0, done__lt=chapters, active__lt=now - IDLE)


def matching(users: QuerySet[User], view: View) -> QuerySet[User]:
    """The part of `users` that the URL asks for, in its order."""
    found = users.filter(display_name__icontains=view.search) if view.search else users
    return found.order_by(*SORTS[view.sort])


def progress_of(users: Sequence[User], chapters: Sequence[ChapterColumn]) -> dict[tuple[int, int], Any]:
    """Summary rows by learner and chapter, with the `pass_percent` of their quiz. One query."""
    columns = ("user_id", "chapter_id", "percent", "quiz_percent", "quiz_attempts", "completed_at")
    rows = ChapterProgress.objects.filter(
        user__in=[user.pk for user in users], chapter__in=[one.pk for one in chapters]
    )
    rows = rows.annotate(pass_percent=F("version__quiz__pass_percent"))
    return {(row.user_id, row.chapter_id): row for row in rows.only(*columns)}


def row_of(
    user: Any,
    scope: Scope,
    chapters: Sequence[ChapterColumn],
    progress: Mapping[tuple[int, int], Any],
    now: datetime.datetime,
) -> Row:
    """A learner of `summaries` as a row of the matrix."""
    return Row(
        user=user,
        team=scope.team_names(user.pk),
        cells=[_cell(progress.get((user.pk, chapter.pk))) for chapter in chapters],
        percent=user.total // len(chapters) if chapters else 0,
        active_at=user.active,
        needs_help=bool(user.failed or _idle_days(user, chapters, now)),
    )


def _cell(row: Any) -> Cell:
    if row is None:
        return Cell()
    return Cell(
        percent=row.percent,
        quiz=row.quiz_percent,
        begun=True,
        complete=row.completed_at is not None,
        completed_at=row.completed_at,
    )


def _idle_days(user: Any, chapters: Sequence[ChapterColumn], now: datetime.datetime) -> int | None:
    """Whole days of silence when they are too many, in the same terms as `needs_help`."""
    if not user.started or user.done >= len(chapters) or user.active is None or user.active >= now - IDLE:
        return None
    return int((now - user.active).days)


def _help(
    user: Any,
    scope: Scope,
    chapters: Sequence[ChapterColumn],
    progress: Mapping[tuple[int, int], Any],
    now: datetime.datetime,
) -> Help:
    """The reason in numbers: a failed quiz first, since something can be done about it at once."""
    begun = [(chapter, row) for chapter in chapters if (row := progress.get((user.pk, chapter.pk)))]
    unfinished = [(chapter, row) for chapter, row in begun if row.completed_at is None]
    chapter, row = next(
        ((chapter, row) for chapter, row in unfinished if _failed(row)),
        (unfinished or begun)[-1],
    )
    return Help(
        user=user,
        team=scope.team_names(user.pk),
        chapter=chapter.number,
        attempts=row.quiz_attempts if user.failed else 0,
        best=row.quiz_percent,
        idle_days=_idle_days(user, chapters, now),
    )


def _failed(row: Any) -> bool:
    """In the same terms as `summaries`."""
    return row.quiz_attempts >= MANY_ATTEMPTS and (row.quiz_percent or 0) < (row.pass_percent or 0)


def _figures(
    team: TeamChoice, course: Course, chapters: Sequence[ChapterColumn], help_count: int, now: datetime.datetime
) -> Figures:
    """Two queries."""
    members = learners_in(team.ids).values("pk")
    rows = ChapterProgress.objects.filter(user__in=members, chapter__in=[chapter.pk for chapter in chapters])
    sums = rows.aggregate(complete=Count("completed_at"), quiz=Avg("quiz_percent"))
    enrolled = Enrolment.objects.filter(course=course, user__in=members)
    counts = enrolled.aggregate(started=Count("pk"), active=Count("pk", filter=Q(last_activity_at__gte=now - IDLE)))
    return Figures(
        learners=team.count,
        complete=sums["complete"],
        possible=team.count * len(chapters),
        started=counts["started"],
        active=counts["active"],
        quiz_mean=None if sums["quiz"] is None else int(sums["quiz"]),
        help=help_count,
    )
