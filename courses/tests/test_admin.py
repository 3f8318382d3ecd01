"""Django's admin: administrators look at everything of this app, and change nothing that is a record."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from courses.models import Chapter, Evidence
from courses.tests.test_progress import complete
from portal.accounts.models import User

LISTS = ["course", "chapter", "chapterversion", "quiz", "enrolment", "chapterprogress", "evidence", "attempt", "answer"]


@pytest.mark.parametrize("name", LISTS)
def test_every_list_opens(
    one: Chapter, client_for: Callable[..., Client], administrator: User, learner: User, name: str
) -> None:
    complete(learner, one)
    assert client_for(administrator).get(f"/admin/courses/{name}/").status_code == 200


@pytest.mark.parametrize("role", ["learner", "manager", "author"])
def test_only_administrators_come_in(
    one: Chapter, client_for: Callable[..., Client], cast: dict[str, User], role: str
) -> None:
    assert client_for(cast[role]).get("/admin/courses/chapter/").status_code == 302


def test_a_record_cannot_be_changed_or_deleted(
    one: Chapter, client_for: Callable[..., Client], administrator: User, learner: User
) -> None:
    complete(learner, one)
    client, fact = client_for(administrator), Evidence.objects.first()
    assert fact is not None
    assert client.get(f"/admin/courses/evidence/{fact.pk}/change/").status_code == 200
    assert client.post(f"/admin/courses/evidence/{fact.pk}/change/", {"kind": "x"}).status_code == 403
    assert client.post(f"/admin/courses/evidence/{fact.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_chapter_can_be_given_back_to_the_files(
    one: Chapter, client_for: Callable[..., Client], administrator: User
) -> None:
    Chapter.objects.filter(pk=one.pk).update(owner="studio")
    response = client_for(administrator).post(f"/admin/courses/chapter/{one.pk}/change/", {"owner": "files"})
    assert response.status_code == 302
    assert Chapter.objects.get(pk=one.pk).owner == "files"
