"""The learner's home."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from courses.models import Chapter
from courses.tests.course_files import chapter
from courses.tests.test_progress import complete, reach
from courses.tests.test_reader import text_of
from labs.models import Run
from portal.accounts.models import User
from trainer.spec import RunSpec

MakeClient = Callable[..., Client]


def make_run(owner: User, key: str, **fields: Any) -> Run:
    """A run as the labs keep it."""
    return Run.objects.create(
        owner=owner, lab="training", spec=RunSpec().to_dict(), steps=400, idempotency_key=key, **fields
    )


def test_home_needs_a_login(client: Client, db: None) -> None:
    assert client.get("/")["Location"].startswith("/account/login/")


def test_home_refuses_a_post(client_for: MakeClient, learner: User) -> None:
    assert client_for(learner).post("/").status_code == 405


@pytest.mark.parametrize(
    ("role", "place"), [("manager", "/team/"), ("author", "/studio/"), ("administrator", "/studio/")]
)
def test_who_is_no_learner_goes_to_where_their_work_is(
    client_for: MakeClient, cast: dict[str, User], role: str, place: str
) -> None:
    assert client_for(cast[role]).get("/")["Location"] == place


def test_without_a_course_home_says_so(client_for: MakeClient, learner: User) -> None:
    page = text_of(client_for(learner, language="en").get("/"))
    assert "No course yet" in page
    assert "No runs yet" in page


def test_a_fresh_learner_begins_with_the_first_section(one: Chapter, client_for: MakeClient, learner: User) -> None:
    page = text_of(client_for(learner, language="en").get("/"))
    assert "Begin here" in page
    assert 'href="/learn/small/one/first/"' in page
    assert "The second one ends here." in page
    assert "The third is not quoted." not in page
    assert "about 20 min of reading left" in page


def test_home_is_in_the_readers_language(one: Chapter, client_for: MakeClient, learner: User) -> None:
    page = text_of(client_for(learner, language="zh-hans").get("/"))
    assert "小课程" in page
    assert "第一部分" in page
    assert "第二句到此为止。" in page


def test_home_goes_on_where_the_learner_stopped_and_names_what_is_open(
    one: Chapter, client_for: MakeClient, learner: User
) -> None:
    client = client_for(learner, language="en")
    client.get("/learn/small/one/second/")
    reach(learner, one, "section", "first")
    client.get("/learn/small/one/second/")
    page = text_of(client.get("/"))
    assert "you stopped here" in page
    assert 'href="/learn/small/one/second/"' in page
    assert "1 of 2 sections read" in page
    assert "Quiz 1: 80 % or more" in page
    assert "Reach the goal of “Shares of scores”" in page


def test_a_chapter_that_lacks_only_the_quiz_says_so(one: Chapter, client_for: MakeClient, learner: User) -> None:
    complete(learner, chapter("two"))
    for kind, key in (("section", "first"), ("section", "second"), ("check", "scale"), ("widget", "softmax")):
        reach(learner, one, kind, key, choice=1)
    reach(learner, one, "guess", "opening", value=1)
    page = text_of(client_for(learner, language="en").get("/"))
    assert "quiz to pass" in page
    assert page.count('class="done"') == 1


def test_a_completed_course_says_so(one: Chapter, client_for: MakeClient, learner: User) -> None:
    complete(learner, one)
    complete(learner, chapter("two"))
    page = text_of(client_for(learner, language="en").get("/"))
    assert "Course complete" in page
    assert "Nothing is open" in page


def test_recent_runs_are_ones_own(one: Chapter, client_for: MakeClient, learner: User, other_learner: User) -> None:
    mine, theirs = make_run(learner, "a"), make_run(other_learner, "b")
    page = text_of(client_for(learner, language="en").get("/"))
    assert f'href="/runs/{mine.pk}/"' in page
    assert f'href="/runs/{theirs.pk}/"' not in page


def test_home_takes_at_most_twelve_queries(
    one: Chapter, client_for: MakeClient, learner: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(8):
        make_run(learner, str(number))
    for slug in ("one", "two"):
        reach(learner, chapter(slug), "section", "first")
    client = client_for(learner)
    with django_assert_max_num_queries(12):
        assert client.get("/").status_code == 200
