"""The pages of a chapter: section, chapter, course, rules, version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from courses.models import Chapter, ChapterProgress, Enrolment, Evidence
from courses.progress import services
from courses.tests.course_files import chapter, edit, load, write_course
from courses.tests.test_progress import complete
from portal.accounts.models import User

FIRST = "/learn/small/one/first/"
SECOND = "/learn/small/one/second/"
MakeClient = Callable[..., Client]


def text_of(response: Any) -> str:
    """The page."""
    return str(response.content.decode())


PAGES = ["/learn/small/", "/learn/small/one/", FIRST, "/learn/small/one/rules/"]
POSTS = [f"{FIRST}read/", "/learn/small/one/guess/opening/", "/learn/small/one/check/scale/"]
POSTS += ["/learn/small/one/widget/softmax/", "/learn/small/one/version/"]


@pytest.mark.parametrize("path", PAGES + POSTS)
def test_every_page_needs_a_login(one: Chapter, client: Client, path: str) -> None:
    response = client.post(path) if path in POSTS else client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/account/login/")


@pytest.mark.parametrize("path", PAGES)
def test_pages_refuse_a_post(one: Chapter, client_for: MakeClient, learner: User, path: str) -> None:
    assert client_for(learner).post(path).status_code == 405


@pytest.mark.parametrize("path", POSTS)
def test_what_is_posted_refuses_a_get(one: Chapter, client_for: MakeClient, learner: User, path: str) -> None:
    assert client_for(learner).get(path).status_code == 405


@pytest.mark.parametrize(
    "path", ["/learn/none/", "/learn/small/none/", "/learn/small/one/none/", "/learn/none/one/first/"]
)
def test_what_does_not_exist_is_not_found(one: Chapter, client_for: MakeClient, learner: User, path: str) -> None:
    assert client_for(learner).get(path).status_code == 404


def test_an_unpublished_chapter_is_not_found(one: Chapter, client_for: MakeClient, learner: User) -> None:
    Chapter.objects.filter(pk=one.pk).update(current=None)
    assert client_for(learner).get(FIRST).status_code == 404


def test_a_section_shows_text_rail_and_rules(one: Chapter, client_for: MakeClient, learner: User) -> None:
    page = text_of(client_for(learner, language="en").get(FIRST))
    assert "<h1" in page
    assert "First part" in page
    assert 'data-tex="x^2"' in page
    assert "Chapter 1 · section 1 of 2" in page
    assert "Why is this not complete?" in page
    assert 'href="#heading"' in page
    assert f'href="{SECOND}"' in page


def test_a_section_is_read_in_the_readers_language(one: Chapter, client_for: MakeClient, learner: User) -> None:
    page = text_of(client_for(learner, language="zh-hans").get(FIRST))
    assert "第一部分" in page
    assert 'lang="zh-Hans"' in page
    assert "分数的份额" in page


def test_a_paragraph_can_be_peeked_at_in_the_other_language(
    one: Chapter, client_for: MakeClient, learner: User
) -> None:
    page = text_of(client_for(learner, language="en").get(FIRST))
    assert '<div class="peeked" lang="zh-Hans" hidden><p>第二段。</p></div>' in page


def test_opening_a_section_begins_the_chapter_and_remembers_the_place(
    one: Chapter, client_for: MakeClient, learner: User
) -> None:
    client_for(learner).get(SECOND)
    assert ChapterProgress.objects.get(user=learner).version == one.current
    enrolment = Enrolment.objects.get(user=learner)
    assert (enrolment.last_chapter, enrolment.last_section) == (one, "second")
    assert not Evidence.objects.exists()


def test_the_chapter_opens_where_the_reader_stopped(one: Chapter, client_for: MakeClient, learner: User) -> None:
    client = client_for(learner)
    assert client.get("/learn/small/one/")["Location"] == FIRST
    client.get(SECOND)
    assert client.get("/learn/small/one/")["Location"] == SECOND


def test_next_records_the_section_and_goes_on(one: Chapter, client_for: MakeClient, learner: User) -> None:
    client = client_for(learner)
    assert client.post(f"{FIRST}read/")["Location"] == SECOND
    assert client.post(f"{SECOND}read/")["Location"] == "/learn/small/one/quiz/"
    assert ChapterProgress.objects.get(user=learner).sections_read == 2


def test_a_script_gets_rules_and_steps_back(one: Chapter, client_for: MakeClient, learner: User) -> None:
    response = client_for(learner, language="en").post(f"{FIRST}read/", headers={"HX-Request": "true"})
    page = text_of(response)
    assert 'id="rules" hx-swap-oob="true"' in page
    assert 'id="treads" hx-swap-oob="true"' in page
    assert "1 of 2" in page
    assert "<html" not in page


def test_reading_an_unknown_section_is_not_found(one: Chapter, client_for: MakeClient, learner: User) -> None:
    assert client_for(learner).post("/learn/small/one/none/read/").status_code == 404
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("role", ["manager", "author", "administrator"])
def test_who_is_no_learner_reads_without_progress(
    one: Chapter, client_for: MakeClient, cast: dict[str, User], role: str
) -> None:
    client = client_for(cast[role], language="en")
    response = client.get(FIRST)
    assert response.status_code == 200
    assert "Why is this not complete?" not in text_of(response)
    assert client.post(f"{FIRST}read/").status_code == 403
    assert not ChapterProgress.objects.exists()


def test_a_learner_in_mid_chapter_keeps_their_version_and_may_move_on(
    one: Chapter, folder: Path, client_for: MakeClient, learner: User
) -> None:
    client = client_for(learner, language="en")
    client.post(f"{FIRST}read/")
    edit(folder / "one" / "en.md", "A second paragraph.", "A rewritten paragraph.")
    load(folder, change="keep")
    page = text_of(client.get(FIRST))
    assert "A second paragraph." in page
    assert "Move to version 2" in page
    assert client.post("/learn/small/one/version/").status_code == 302
    page = text_of(client.get(FIRST))
    assert "A rewritten paragraph." in page
    assert "Move to version" not in page
    assert ChapterProgress.objects.get(user=learner).sections_read == 1


def test_a_redo_says_what_stays_and_what_is_asked(
    one: Chapter, folder: Path, client_for: MakeClient, learner: User
) -> None:
    complete(learner, one)
    edit(folder / "one" / "en.md", "A second paragraph.", "A rewritten paragraph.")
    load(folder, change="redo")
    page = text_of(client_for(learner, language="en").get(FIRST))
    assert "You completed version 1" in page
    assert "1 section is to be read again" in page


def test_a_complete_chapter_says_so(one: Chapter, client_for: MakeClient, learner: User) -> None:
    complete(learner, one)
    page = text_of(client_for(learner, language="en").get("/learn/small/one/rules/"))
    assert "This chapter is complete" in page
    assert "<html" not in page


def test_the_course_lists_its_chapters(one: Chapter, client_for: MakeClient, learner: User) -> None:
    complete(learner, one)
    page = text_of(client_for(learner, language="en").get("/learn/small/"))
    assert "Chapter one" in page
    assert "Chapter two" in page
    assert "complete" in page


def test_a_lab_card_shows_goal_and_the_way_in(one: Chapter, client_for: MakeClient, learner: User) -> None:
    page = text_of(client_for(learner, language="en").get(SECOND))
    assert "Find the learning rate" in page
    assert 'href="/labs/training/"' in page


@pytest.mark.django_db
def test_a_section_with_a_lab_takes_at_most_twelve_queries(
    tmp_path: Path, client_for: MakeClient, learner: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    load(write_course(tmp_path / "labs", labs="training"))
    client = client_for(learner)
    client.get(SECOND)
    services.record(user=learner, chapter=chapter(), kind="section", key="first", value={})
    with django_assert_max_num_queries(12):
        assert client.get(SECOND).status_code == 200


def test_the_course_takes_at_most_five_queries(
    one: Chapter, client_for: MakeClient, learner: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    client = client_for(learner)
    with django_assert_max_num_queries(5):
        client.get("/learn/small/")
