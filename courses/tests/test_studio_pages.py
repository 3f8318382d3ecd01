"""The studio's pages: who enters, what they show, how they answer script and plain forms."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from courses.models import Chapter, ChapterVersion
from courses.studio.texts import FILES, section_lines
from courses.tests.course_files import load
from courses.tests.studio_steps import publish, save, texts_of, url
from portal.accounts.models import User

pytestmark = pytest.mark.django_db
ClientFor = Callable[..., Client]


@pytest.fixture
def place(one: Chapter) -> dict[str, str]:
    return {"course": one.course.slug, "chapter": one.slug}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_list_shows_drafts_and_translations(
    client_for: ClientFor, author: User, place: dict[str, str], language: str
) -> None:
    save(author, place)
    publish(author, place)
    save(author, place, lock="v2")
    page = client_for(author, language=language).get(reverse("studio")).content.decode()
    assert url("studio-chapter", place) in page
    assert url("studio-versions", place) in page


def test_the_preview_shows_the_section_of_the_cursor_through_the_readers_templates(
    client_for: ClientFor, author: User, place: dict[str, str]
) -> None:
    text = texts_of(author, place)["en"].replace("The first sentence", "PREVIEWED")
    line = section_lines(text)[0]
    client = client_for(author, language="en")
    page = client.post(url("studio-preview", place), {"name": "en", "text": text, "line": line}).content.decode()
    assert "PREVIEWED" in page
    assert 'data-tex="x^2"' in page
    assert "No mistakes" in page
    assert ChapterVersion.objects.filter(published_at=None).count() == 0


def test_the_preview_survives_mistakes_and_names_their_lines(
    client_for: ClientFor, author: User, place: dict[str, str]
) -> None:
    text = texts_of(author, place)["en"] + "\n### No id\n\nSTILL-SHOWN\n"
    page = client_for(author).post(url("studio-preview", place), {"name": "en", "text": text, "line": 9999})
    words = page.content.decode()
    assert "STILL-SHOWN" in words
    assert f"en.md:{text[: text.index('### No id')].count(chr(10)) + 1}" in words


@pytest.mark.parametrize(
    "text", ["", "---\n", "## {#}", "```guess\n", "a: [", "\x00", "---\ntitle: x\n---\n```check\nid: x\n```"]
)
@pytest.mark.parametrize("name", list(FILES))
def test_no_text_breaks_the_preview(
    client_for: ClientFor, author: User, place: dict[str, str], name: str, text: str
) -> None:
    client = client_for(author)
    response = client.post(url("studio-preview", place), {"name": name, "text": text, "line": "x"})
    assert response.status_code == 200


def test_saving_answers_json_to_the_script_and_redirects_a_form(
    client_for: ClientFor, author: User, administrator: User, place: dict[str, str]
) -> None:
    client = client_for(author)
    form = {"name": "en", "text": texts_of(author, place)["en"] + "\nx\n", "lock": "v1"}
    reply = client.post(url("studio-save", place), form, headers={"Accept": "application/json"})
    assert json.loads(reply.content)["changed"] == ["en"]
    late = client_for(administrator).post(
        url("studio-save", place), form | {"text": "mine"}, headers={"Accept": "application/json"}
    )
    assert late.status_code == 409
    assert json.loads(late.content)["theirs"] == form["text"]
    page = client_for(administrator).post(url("studio-save", place), form | {"text": "MY-WORDS"})
    assert page.status_code == 409
    assert "MY-WORDS" in page.content.decode()
    again = client.post(url("studio-save", place), form | {"text": "y", "lock": json.loads(reply.content)["lock"]})
    assert again.status_code == 302


def test_publishing_from_the_page(client_for: ClientFor, author: User, place: dict[str, str]) -> None:
    client = client_for(author, language="en")
    save(author, place)
    draft = ChapterVersion.objects.get(published_at=None)
    form = {"lock": draft.saved_at.isoformat(), "note": "KEPT-NOTE"}
    refused = client.post(url("studio-publish", place), form)
    assert refused.status_code == 422
    assert "KEPT-NOTE" in refused.content.decode()
    done = client.post(url("studio-publish", place), form | {"change": "keep"}, follow=True)
    assert "Version 2 is published" in done.content.decode()
    compared = client.get(url("studio-versions", place), {"old": "1", "new": "2"}).content.decode()
    assert "One more." in compared
    assert client.get(url("studio-versions", place), {"old": "1", "new": "9"}).status_code == 404


PAGES = ["studio-chapter", "studio-publish", "studio-versions"]
POSTS = ["studio-preview", "studio-save", "studio-discard", "studio-restore", "studio-publish"]


@pytest.mark.parametrize("name", ["studio", *PAGES])
def test_only_authors_and_administrators_enter(
    client_for: ClientFor, cast: dict[str, User], client: Client, place: dict[str, str], name: str
) -> None:
    path = reverse("studio") if name == "studio" else url(name, place)
    for role in ("author", "administrator"):
        assert client_for(cast[role]).get(path).status_code == 200
    for role in ("learner", "manager"):
        response = client_for(cast[role], language="en").get(path)
        assert response.status_code == 403
        assert "The studio is for authors of chapters." in response.content.decode()
    assert reverse("account_login") in client.get(path).headers["Location"]


@pytest.mark.parametrize("name", POSTS)
def test_nobody_else_writes(client_for: ClientFor, learner: User, place: dict[str, str], name: str) -> None:
    form = {"name": "en", "text": "x", "lock": "v1", "number": "1", "change": "minor"}
    assert client_for(learner).post(url(name, place), form).status_code == 403


@pytest.mark.parametrize("name", POSTS[:-1])
def test_writing_needs_a_post(client_for: ClientFor, author: User, place: dict[str, str], name: str) -> None:
    assert client_for(author).get(url(name, place)).status_code == 405


@pytest.mark.parametrize("name", PAGES[::2])
def test_reading_needs_a_get(client_for: ClientFor, author: User, place: dict[str, str], name: str) -> None:
    assert client_for(author).post(url(name, place)).status_code == 405


def test_an_unknown_chapter_or_text_is_not_found(client_for: ClientFor, author: User, place: dict[str, str]) -> None:
    client = client_for(author)
    assert client.get(url("studio-chapter", place | {"chapter": "nothing"})).status_code == 404
    assert client.get(url("studio-chapter", place), {"text": "nothing"}).status_code == 404
    assert client.post(url("studio-save", place), {"name": "nothing"}).status_code == 404


def test_studio_pages_take_few_queries(
    client_for: ClientFor, author: User, place: dict[str, str], django_assert_max_num_queries: Any
) -> None:
    save(author, place)
    client = client_for(author)
    for name in ("studio", *PAGES):
        with django_assert_max_num_queries(12):
            client.get(reverse("studio") if name == "studio" else url(name, place))


def test_the_settings_are_shown_with_the_names_that_readers_see(client_for: ClientFor, author: User) -> None:
    place = {"course": "llm-foundations", "chapter": "training"}
    load(settings.BASE_DIR / "courses" / "content" / "llm-foundations")
    for language, widget, lab in (("en", "Down the valley", "Lab 5: "), ("zh-hans", "走下山谷", "实验 5")):
        page = client_for(author, language=language).get(url("studio-chapter", place), {"text": "chapter"}).text
        assert widget in page
        assert lab in page
