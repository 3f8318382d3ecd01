"""Managers see their teams and the teams below, nobody else, from summary columns and in few queries."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from courses.models import Chapter, ChapterProgress, Course, Enrolment
from courses.quizzes import services as quizzes
from courses.reports import export, selectors
from courses.reports.scope import scope_of
from courses.reports.selectors import Cell, View
from courses.tests.quiz_factories import RIGHT, make_chapter, make_course
from portal.accounts.models import Team, User
from portal.lib import sheets

pytestmark = pytest.mark.django_db
ClientFor = Callable[..., Client]


@pytest.fixture
def course(db: None) -> Course:
    course = make_course()
    for number in (1, 2):
        make_chapter(course, number=number)
    return course


@pytest.fixture
def team(manager: User) -> Team:
    return manager.managed_teams.get()


def member(team: Team, name: str, **fields: Any) -> User:
    person = User.objects.create_user(f"{name.lower()}@gradus.example", display_name=name, **fields)
    team.members.add(person)
    return person


def begin(person: User, chapter: Chapter, *, days: int = 0, **fields: Any) -> ChapterProgress:
    """A summary row as the progress services would have written it `days` ago."""
    assert chapter.current
    at = timezone.now() - timedelta(days=days)
    Enrolment.objects.update_or_create(user=person, course=chapter.course, defaults={"last_activity_at": at})
    return ChapterProgress.objects.create(
        user=person, chapter=chapter, version=chapter.current, last_activity_at=at, **fields
    )


def report_of(manager: User, team: Team | None = None, **view: Any) -> selectors.TeamReport:
    report = selectors.team_report(manager, team.pk if team else None, View(**view))
    assert report is not None
    return report


def names(report: selectors.TeamReport) -> list[str]:
    return [row.user.display_name for row in report.rows]


def test_the_matrix_shows_percent_score_and_completion(manager: User, learner: User, course: Course) -> None:
    first, second = course.chapters.all()
    now = timezone.now()
    begin(learner, first, percent=100, quiz_percent=92, completed_at=now)
    begin(learner, second, percent=40, quiz_percent=60, quiz_attempts=1)
    (row,) = report_of(manager).rows
    assert row.cells == [Cell(100, 92, True, True, now), Cell(40, 60, True, False, None)]
    assert [cell.heat for cell in row.cells] == [5, 2]
    assert (row.percent, row.needs_help) == (70, False)


def test_heat_has_a_step_for_each_quarter() -> None:
    percents = (0, 24, 25, 50, 75, 99)
    assert [Cell(percent, begun=True).heat for percent in percents] == [1, 1, 2, 3, 4, 4]
    assert Cell().heat == 0


def test_figures_count_the_whole_team(manager: User, learner: User, team: Team, course: Course) -> None:
    first, second = course.chapters.all()
    begin(learner, first, percent=100, quiz_percent=90, completed_at=timezone.now())
    begin(member(team, "Zoe"), second, percent=10, quiz_percent=81, days=9)
    member(team, "Ben")
    figures = report_of(manager).figures
    assert (figures.learners, figures.complete, figures.possible, figures.percent) == (3, 1, 6, 16)
    assert (figures.started, figures.active, figures.quiz_mean, figures.help) == (2, 1, 85, 1)


def test_members_of_teams_below_are_included_with_their_team(
    manager: User, learner: User, team: Team, course: Course
) -> None:
    below = Team.objects.create(name="Below", parent=Team.objects.create(name="Between", parent=team))
    zoe = member(below, "Zoe")
    below.members.add(learner)
    scope = scope_of(manager)
    assert [(choice.name, choice.depth, choice.count) for choice in scope.teams] == [
        (team.name, 0, 2),
        ("Between", 1, 2),
        ("Below", 2, 2),
    ]
    teams = {row.user: row.team for row in report_of(manager).rows}
    assert teams[zoe] == "Below"
    assert set(teams[learner].split("、")) == {team.name, "Below"}


def test_who_is_no_learner_or_inactive_is_left_out(manager: User, learner: User, team: Team, course: Course) -> None:
    member(team, "Gone", is_active=False)
    member(team, "Boss", is_learner=False)
    assert names(report_of(manager)) == [learner.display_name]


def test_a_team_of_somebody_else_is_not_found(client_for: ClientFor, manager: User, team: Team, course: Course) -> None:
    other = Team.objects.create(name="Other")
    parent = Team.objects.create(name="Above")
    team.parent = parent
    team.save()
    for pk in (other.pk, parent.pk, 10_000):
        assert client_for(manager).get(reverse("team", args=[pk])).status_code == 404
        assert client_for(manager).get(reverse("team-csv", args=[pk])).status_code == 404
    assert client_for(manager).get(reverse("team", args=[team.pk])).status_code == 200


@pytest.mark.parametrize("role", ["learner", "author", "administrator"])
def test_who_manages_nothing_sees_an_empty_page_and_no_team(
    client_for: ClientFor, cast: dict[str, User], course: Course, role: str
) -> None:
    client = client_for(cast[role], language="en")
    assert "You manage no team" in client.get(reverse("team")).content.decode()
    assert client.get(reverse("team", args=[Team.objects.get().pk])).status_code == 404


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("progress", ["Cas", "Ann", "Bo"]),
        ("-progress", ["Bo", "Ann", "Cas"]),
        ("name", ["Ann", "Bo", "Cas"]),
        ("active", ["Cas", "Bo", "Ann"]),
        ("-active", ["Ann", "Bo", "Cas"]),
        ("nonsense", ["Cas", "Ann", "Bo"]),
    ],
)
def test_the_order_comes_from_the_address(
    manager: User, learner: User, team: Team, course: Course, sort: str, expected: list[str]
) -> None:
    team.members.remove(learner)
    first = course.chapters.all()[0]
    begin(member(team, "Ann"), first, percent=10, days=1)
    begin(member(team, "Bo"), first, percent=90, days=3)
    member(team, "Cas")
    report = selectors.team_report(manager, team.pk, View.read({"sort": sort}))
    assert report
    assert names(report) == expected


def test_filters_narrow_the_rows_but_not_the_figures(manager: User, team: Team, course: Course) -> None:
    begin(member(team, "Silent"), course.chapters.all()[0], percent=10, days=8)
    member(team, "Sam")
    assert names(report_of(manager, search="SI")) == ["Silent"]
    report = report_of(manager, only_help=True)
    assert (names(report), report.figures.learners) == (["Silent"], 3)


def test_help_is_for_silence_and_for_quizzes_failed_twice(
    manager: User, learner: User, team: Team, course: Course
) -> None:
    first, second = course.chapters.all()
    begin(member(team, "Silent"), second, percent=10, days=8)
    begin(member(team, "Failed"), first, percent=50, quiz_percent=61, quiz_attempts=2)
    begin(member(team, "Once"), first, percent=50, quiz_percent=61, quiz_attempts=1)
    begin(member(team, "Passed"), first, percent=90, quiz_percent=85, quiz_attempts=3)
    done = member(team, "Done")
    for chapter in (first, second):
        begin(done, chapter, percent=100, completed_at=timezone.now(), days=30)
    found = {one.user.display_name: one for one in report_of(manager).help}
    assert set(found) == {"Silent", "Failed"}
    assert (found["Silent"].chapter, found["Silent"].idle_days, found["Silent"].attempts) == (2, 8, 0)
    assert (found["Failed"].chapter, found["Failed"].attempts, found["Failed"].best) == (1, 2, 61)
    flagged = {row.user.display_name for row in report_of(manager).rows if row.needs_help}
    assert flagged == {"Silent", "Failed"}


def test_another_course_can_be_chosen(manager: User, learner: User, course: Course) -> None:
    other = make_chapter(make_course("other"))
    begin(learner, other, percent=30)
    assert [row.percent for row in report_of(manager).rows] == [0]
    assert [row.percent for row in report_of(manager, course="other").rows] == [30]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_says_when_it_was_true(
    client_for: ClientFor, manager: User, learner: User, course: Course, language: str
) -> None:
    page = client_for(manager, language=language).get(reverse("team")).content.decode()
    assert learner.display_name in page
    assert timezone.localtime().strftime(":%M") in page or timezone.localtime().strftime("%H:") in page


def test_pages_of_fifty(client_for: ClientFor, manager: User, team: Team, course: Course) -> None:
    team.members.add(
        *User.objects.bulk_create(User(email=f"{n}@x.example", display_name=f"P{n:03}") for n in range(60))
    )
    client = client_for(manager, language="en")
    first = client.get(reverse("team"), {"sort": "name", "q": "P0"}).content.decode()
    assert "P049" in first
    assert "P050" not in first
    assert "sort=name&amp;q=P0&amp;page=2" in first
    second = client.get(reverse("team"), {"sort": "name", "q": "P0", "page": "2"}).content.decode()
    assert "P059" in second
    for odd in ({"page": "nonsense"}, {"page": "9" * 30}, {"course": "nothing"}):
        assert client.get(reverse("team"), odd).status_code == 200
    assert client.get(reverse("team"), {"q": "\x00"}).status_code == 400


def test_a_thousand_learners_take_fifteen_queries(
    client_for: ClientFor, manager: User, team: Team, course: Course, django_assert_max_num_queries: Any
) -> None:
    people = User.objects.bulk_create(User(email=f"{n}@x.example", display_name=f"Person {n}") for n in range(1000))
    team.members.add(*people)
    rows = [
        ChapterProgress(user=person, chapter=chapter, version=chapter.current, percent=person.pk % 100)
        for person in people
        for chapter in course.chapters.select_related("current")
    ]
    ChapterProgress.objects.bulk_create(rows)
    old = timezone.now() - timedelta(days=10)
    Enrolment.objects.bulk_create(Enrolment(user=person, course=course, last_activity_at=old) for person in people)
    client = client_for(manager)
    with django_assert_max_num_queries(15):
        assert client.get(reverse("team")).status_code == 200


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+86 10", "'+86 10"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("Ann =", "Ann ="),
        (None, ""),
        (40, "40"),
    ],
)
def test_no_cell_can_become_a_formula(value: object, expected: str) -> None:
    assert sheets.cell(value) == expected


@pytest.mark.django_db(transaction=True)
def test_the_table_is_sent_as_csv_in_slices(
    manager: User, learner: User, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CHUNK", 1)
    team = manager.managed_teams.get()
    evil = member(team, '=HYPERLINK("http://x")')
    begin(evil, course.chapters.all()[0], percent=100, quiz_percent=90, completed_at=timezone.now())
    table = selectors.team_table(manager, team.pk, View())
    text = sheets.BOM + sheets.lines([export.header(table.chapters)])
    rows = list(csv.reader(io.StringIO(text.removeprefix(sheets.BOM))))
    assert len(rows[0]) == 5 + 3 * 2
    sent = [export.record(row) for start in range(3) for row in table.rows(start, start + 1)]
    assert [row[0] for row in sent] == [learner.display_name, evil.display_name]
    assert sent[1][5:8] == [100, 90, timezone.localdate().isoformat()]
    assert list(csv.reader(io.StringIO(sheets.lines(sent))))[1][0] == "'" + evil.display_name


@pytest.mark.django_db(transaction=True)
def test_the_download_starts_with_a_byte_order_mark(manager: User, learner: User, course: Course) -> None:
    team = manager.managed_teams.get()

    async def download() -> tuple[Any, bytes]:
        client = AsyncClient()
        await client.aforce_login(manager)
        response: Any = await client.get(reverse("team-csv", args=[team.pk]))
        return response, b"".join([chunk async for chunk in response.streaming_content])

    response, body = async_to_sync(download)()
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response.headers["Content-Disposition"]
    assert body.startswith(b"\xef\xbb\xbf")
    assert learner.display_name in body.decode()


def test_the_learner_page_explains_each_rule(
    client_for: ClientFor, manager: User, learner: User, course: Course
) -> None:
    attempt = quizzes.attempt_start(user=learner, chapter=course.chapters.all()[0])
    given = {"one": quizzes.Given(RIGHT["one"], False, 1)}
    quizzes.attempt_submit(user=learner, attempt_id=attempt.pk, answers=given)
    page = client_for(manager, language="en").get(reverse("learner", args=[learner.pk])).content.decode()
    assert "33" in page
    assert "Why chapter 1 is not complete" in page
    assert "Quiz 1, attempt 1" in page
    assert "one-yes" not in page


def test_learners_open_their_own_page_and_no_other(
    client_for: ClientFor, learner: User, other_learner: User, manager: User, course: Course
) -> None:
    assert client_for(learner).get(reverse("learner", args=[learner.pk])).status_code == 200
    assert client_for(learner).get(reverse("learner", args=[other_learner.pk])).status_code == 404
    assert client_for(manager).get(reverse("learner", args=[other_learner.pk])).status_code == 404
    assert client_for(manager).get(reverse("learner", args=[manager.pk])).status_code == 404


def use_all_attempts(learner: User, chapter: Chapter) -> None:
    for _ in range(3):
        attempt = quizzes.attempt_start(user=learner, chapter=chapter)
        quizzes.attempt_submit(user=learner, attempt_id=attempt.pk, answers={})


def test_a_manager_allows_another_attempt(client_for: ClientFor, manager: User, learner: User, course: Course) -> None:
    chapter = course.chapters.all()[0]
    use_all_attempts(learner, chapter)
    client = client_for(manager, language="en")
    url = reverse("attempt-allow", args=[learner.pk, "course", chapter.slug])
    assert url in client.get(reverse("learner", args=[learner.pk])).content.decode()
    form = {"reason": "Was ill", "token": "t1"}
    assert client.post(url, form).status_code == client.post(url, form).status_code == 302
    assert ChapterProgress.objects.get(user=learner, chapter=chapter).extra_attempts == 1
    assert client.post(url, {"reason": " ", "token": "t2"}).status_code == 422
    assert client.post(url, {"reason": "Why not"}).status_code == 422
    page = client_for(learner, language="en").get(reverse("learner", args=[learner.pk])).content.decode()
    assert "Was ill" in page
    assert manager.display_name in page
    assert url not in client.get(reverse("learner", args=[learner.pk])).content.decode()
    assert quizzes.attempt_start(user=learner, chapter=chapter).number == 4


def test_nobody_allows_attempts_to_themselves_or_to_strangers(
    client_for: ClientFor, manager: User, learner: User, other_learner: User, team: Team, course: Course
) -> None:
    chapter = course.chapters.all()[0]
    manager.is_learner = True
    manager.save()
    team.members.add(manager)
    for person in (learner, other_learner, manager):
        use_all_attempts(person, chapter)
    for viewer, person in ((learner, learner), (manager, other_learner), (manager, manager)):
        url = reverse("attempt-allow", args=[person.pk, "course", chapter.slug])
        assert client_for(viewer).post(url, {"reason": "For me", "token": "t"}).status_code == 404
        url = reverse("time-allow", args=[person.pk])
        assert client_for(viewer).post(url, {"reason": "For me", "token": "t", "percent": "50"}).status_code == 404
    assert not ChapterProgress.objects.filter(extra_attempts__gt=0).exists()


@pytest.mark.parametrize("name", ["team", "team-csv", "learner", "attempt-allow"])
def test_wrong_methods_and_strangers_are_refused(
    client: Client, client_for: ClientFor, manager: User, learner: User, team: Team, course: Course, name: str
) -> None:
    args: dict[str, list[Any]] = {"learner": [learner.pk], "attempt-allow": [learner.pk, "course", "chapter-1"]}
    url = reverse(name, args=args.get(name, [team.pk]))
    wrong, right = ("get", "post") if name == "attempt-allow" else ("post", "get")
    assert getattr(client_for(manager), wrong)(url).status_code == 405
    assert reverse("account_login") in getattr(client, right)(url).headers["Location"]


def test_the_learner_page_takes_few_queries(
    client_for: ClientFor, manager: User, learner: User, course: Course, django_assert_max_num_queries: Any
) -> None:
    use_all_attempts(learner, course.chapters.all()[0])
    client = client_for(manager)
    with django_assert_max_num_queries(15):
        client.get(reverse("learner", args=[learner.pk]))
