"""The bar: what each role finds in it, and where one stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from portal.accounts.models import ROLES, User
from portal.context import PLACES

pytestmark = pytest.mark.django_db
ClientFor = Callable[..., Client]


def navigation(page: str) -> list[str]:
    """Labels of the main navigation in the bar."""
    bar = re.search(r'<nav class="bar-nav".*?</nav>', page, re.S)
    assert bar
    return re.findall(r"<a [^>]*>([^<]+)</a>", bar.group())


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        ("learner", ["Learn", "Runs"]),
        ("manager", ["Team", "Labs"]),
        ("author", ["Labs", "Studio"]),
        ("administrator", ["Labs", "Studio", "Queue", "Admin"]),
    ],
)
def test_each_role_finds_its_own_places(
    cast: dict[str, User], client_for: ClientFor, role: str, labels: list[str]
) -> None:
    page = client_for(cast[role], language="en").get(reverse("profile")).text
    assert navigation(page) == labels


def test_somebody_with_every_role_finds_every_place(learner: User, client_for: ClientFor) -> None:
    for role in ROLES:
        setattr(learner, f"is_{role}", True)
    learner.save()
    page = client_for(learner, language="en").get(reverse("profile")).text
    assert navigation(page) == ["Learn", "Runs", "Team", "Labs", "Studio", "Queue", "Admin"]
    assert navigation(client_for(learner, language="zh-hans").get(reverse("profile")).text)[0] == "学习"


def test_the_place_where_one_stands_is_marked(learner: User, client_for: ClientFor) -> None:
    page = client_for(learner, language="en").get(reverse("run-list")).text
    assert f'<a href="{reverse("run-list")}" aria-current="page">Runs</a>' in page
    assert f'<a href="{reverse("home")}">Learn</a>' in page


def test_a_stranger_is_offered_to_sign_in_and_sees_no_navigation(client: Client) -> None:
    page = client.get("/nowhere/", headers={"accept-language": "en"}).text
    assert 'class="bar-nav"' not in page
    assert reverse("account_login") in page


def test_every_page_that_stands_in_the_navigation_exists() -> None:
    for name in set().union(*PLACES.values()):
        assert reverse_any(name), name


def reverse_any(name: str) -> str:
    """The address of `name` with as many arguments as it takes; "" when there is none."""
    for arguments in ([], [1], ["a"], ["a", "b"], ["a", "b", "c"]):
        with suppress(NoReverseMatch):
            return reverse(name, args=arguments)
    return ""


def test_the_icon_is_found_at_its_usual_address(client: Client) -> None:
    assert client.get("/favicon.ico").headers["Location"].endswith(".svg")


def test_the_admin_uses_the_portal_s_own_sign_in(client: Client, learner: User, client_for: ClientFor) -> None:
    door = client.get("/admin/", follow=True)
    assert door.request["PATH_INFO"] == reverse("account_login")
    refused = client_for(learner, language="en").get("/admin/", follow=True)
    assert refused.status_code == 403
    assert "The admin pages are for administrators." in refused.text


def test_administrators_enter_the_admin(administrator: User, client_for: ClientFor) -> None:
    client = client_for(administrator)
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/login/").headers["Location"] == "/admin/"
    assert client.get(reverse("admin:accounts_user_changelist")).status_code == 200
    assert client.get(reverse("admin:accounts_user_add")).status_code == 200
    assert client.get(reverse("admin:accounts_team_changelist")).status_code == 200
