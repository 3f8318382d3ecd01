"""The profile page and the API token."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from rest_framework.authtoken.models import Token

from portal.accounts.forms import zone_choices
from portal.accounts.models import User
from portal.accounts.tests.factories import person, team

pytestmark = pytest.mark.django_db
PROFILE = {"display_name": "Mei Lin", "language": "en", "time_zone": "Europe/Berlin"}


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.force_login(person())
    return client


def test_name_language_and_zone_are_saved(signed_in: Client) -> None:
    response = signed_in.post(reverse("profile"), PROFILE | {"language": "zh-hans"})
    assert response.headers["Location"] == reverse("profile")
    user = User.objects.get()
    assert (user.display_name, user.language, user.time_zone) == ("Mei Lin", "zh-hans", "Europe/Berlin")
    assert "个人资料已保存。" in signed_in.get(reverse("profile")).text


@pytest.mark.parametrize(
    ("field", "value"), [("time_zone", "Mars/Olympus"), ("language", "tlh"), ("display_name", "  ")]
)
def test_a_wrong_value_comes_back_as_422_with_what_was_typed(signed_in: Client, field: str, value: str) -> None:
    response = signed_in.post(reverse("profile"), PROFILE | {"display_name": "Mei Lin", field: value})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text
    assert f'id="id_{field}_error"' in response.text
    assert field == "display_name" or "Mei Lin" in response.text
    assert User.objects.get().display_name == "Mei"


def test_roles_and_address_cannot_be_changed_here(signed_in: Client) -> None:
    signed_in.post(reverse("profile"), PROFILE | {"is_administrator": "on", "email": "boss@example.com"})
    user = User.objects.get()
    assert not user.is_administrator
    assert user.email == "mei@example.com"


def test_roles_and_teams_are_shown(client: Client) -> None:
    manager = person(is_manager=True)
    support = team("Support", managers=(manager,))
    team("Platform").members.add(manager)
    client.force_login(manager)
    page = client.get(reverse("profile")).text
    assert "manager" in page
    assert support.name in page
    assert "Platform" in page


def test_the_page_needs_few_queries(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    client.force_login(person(is_manager=True))
    with django_assert_num_queries(6):  # session, person, person for the form, teams, managed teams, token
        client.get(reverse("profile"))


def test_zones_are_places_with_their_distance_from_utc() -> None:
    choices = dict(zone_choices())
    assert choices["Asia/Shanghai"] == "Asia/Shanghai (UTC+08:00)"
    assert "UTC" in choices
    assert "Etc/GMT+8" not in choices


def test_a_token_is_shown_once(signed_in: Client) -> None:
    assert signed_in.post(reverse("token-create")).headers["Location"] == reverse("profile")
    key = Token.objects.get().key
    assert key in signed_in.get(reverse("profile")).text
    assert key not in signed_in.get(reverse("profile")).text


def test_a_new_token_replaces_the_old_one(signed_in: Client) -> None:
    signed_in.post(reverse("token-create"))
    old = Token.objects.get().key
    signed_in.post(reverse("token-create"))
    assert Token.objects.get().key != old


def test_a_token_opens_the_api_until_it_is_deleted(signed_in: Client) -> None:
    signed_in.post(reverse("token-create"))
    headers = {"authorization": f"Token {Token.objects.get().key}"}
    assert Client().get(reverse("api-schema"), headers=headers).status_code == 200
    signed_in.post(reverse("token-delete"))
    assert not Token.objects.exists()
    assert Client().get(reverse("api-schema"), headers=headers).status_code == 401


def test_only_posts_touch_a_token(signed_in: Client) -> None:
    for name in ("token-create", "token-delete"):
        assert signed_in.get(reverse(name)).status_code == 405
        assert Client().post(reverse(name)).headers["Location"].startswith(reverse("account_login"))
    assert signed_in.put(reverse("profile")).status_code == 405
    assert not Token.objects.exists()
