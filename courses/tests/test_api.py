"""The API of courses and one's own progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token

from courses.models import Chapter
from courses.tests.course_files import chapter
from courses.tests.test_progress import reach
from portal.accounts.models import User

PATHS = ["/api/courses/", "/api/courses/small/", "/api/me/progress/"]
MakeClient = Callable[..., Client]


@pytest.mark.parametrize("path", PATHS)
def test_the_api_needs_a_login(one: Chapter, client: Client, path: str) -> None:
    assert client.get(path).status_code in (401, 403)


@pytest.mark.parametrize("path", PATHS)
def test_the_api_refuses_a_post(one: Chapter, client_for: MakeClient, learner: User, path: str) -> None:
    assert client_for(learner).post(path).status_code == 405


def test_a_token_opens_the_api(one: Chapter, client: Client, learner: User) -> None:
    token = Token.objects.create(user=learner)
    response = client.get("/api/courses/", headers={"Authorization": f"Token {token.key}"})
    assert response.json()["results"] == [
        {
            "slug": "small",
            "title": {"en": "Small course", "zh-hans": "小课程"},
            "summary": {"en": "Two short chapters.", "zh-hans": "两个短章。"},
        }
    ]


def test_a_course_comes_with_its_chapters_and_without_any_key(
    one: Chapter, client_for: MakeClient, learner: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    client = client_for(learner)
    with django_assert_max_num_queries(4):
        response = client.get("/api/courses/small/")
    first, second = response.json()["chapters"]
    assert (first["slug"], first["number"], first["minutes"], first["version"]) == ("one", 1, 20, 1)
    assert first["sections"][1] == {"id": "second", "title": {"en": "Second part", "zh-hans": "第二部分"}}
    assert second["slug"] == "two"
    assert "SECRET" not in response.content.decode()
    assert "66.5" not in response.content.decode()


def test_an_unknown_course_is_not_found(one: Chapter, client_for: MakeClient, learner: User) -> None:
    assert client_for(learner).get("/api/courses/none/").status_code == 404


def test_my_progress_explains_every_rule(one: Chapter, client_for: MakeClient, learner: User) -> None:
    reach(learner, one, "section", "first")
    (entry,) = client_for(learner, language="en").get("/api/me/progress/").json()
    assert (entry["course"], entry["chapter"], entry["title"]) == ("small", "one", "Chapter one")
    assert (entry["percent"], entry["sections_read"], entry["completed_at"]) == (12, 1, None)
    rule = entry["rules"][0]
    assert (rule["text"], rule["detail"], rule["passed"]) == ("Read all 2 sections", "1 of 2", False)
    assert rule["url"] == "/learn/small/one/second/"
    assert [rule["kind"] for rule in entry["rules"]] == ["sections", "guesses", "widget", "checks", "quiz"]


def test_progress_is_ones_own(one: Chapter, client_for: MakeClient, learner: User, other_learner: User) -> None:
    reach(learner, one, "section", "first")
    assert client_for(other_learner).get("/api/me/progress/").json() == []


def test_my_progress_takes_the_same_queries_for_any_number_of_chapters(
    one: Chapter, client_for: MakeClient, learner: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    client = client_for(learner)
    for slug in ("one", "two"):
        reach(learner, chapter(slug), "section", "first")
        with django_assert_num_queries(4):  # session, person, progress, evidence
            client.get("/api/me/progress/")
