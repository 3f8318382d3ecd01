"""Language and appearance, as forms that need no script."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.tests.factories import person

pytestmark = pytest.mark.django_db


def test_the_language_of_a_signed_in_person_is_kept_with_them(client: Client) -> None:
    client.force_login(person(language="en"))
    response = client.post(reverse("language"), {"language": "zh-hans", "next": "/account/profile/?a=1"})
    assert response.headers["Location"] == "/account/profile/?a=1"
    assert User.objects.get().language == "zh-hans"
    assert '<html lang="zh-Hans"' in client.get(reverse("profile")).text


def test_before_signing_in_the_language_is_kept_in_a_cookie(client: Client) -> None:
    client.post(reverse("language"), {"language": "en", "next": "/account/login/"}, headers={"accept-language": "zh"})
    page = client.get(reverse("account_login"), headers={"accept-language": "zh"}).text
    assert '<html lang="en"' in page


def test_a_cookie_with_nonsense_is_ignored(client: Client) -> None:
    client.cookies["language"] = "<script>"
    client.cookies["theme"] = "pink"
    page = client.get(reverse("account_login"), headers={"accept-language": "en"}).text
    assert '<html lang="en" data-theme="system"' in page


def test_the_appearance_is_rendered_by_the_server(client: Client) -> None:
    response = client.post(reverse("theme"), {"theme": "dark", "next": "/account/login/"})
    assert response.headers["Location"] == "/account/login/"
    page = client.get(reverse("account_login")).text
    assert 'data-theme="dark"' in page
    assert '<meta name="color-scheme" content="dark">' in page


@pytest.mark.parametrize("name", ["language", "theme"])
@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", "\\\\elsewhere.example", ""]
)
def test_the_switches_never_lead_to_another_host(client: Client, name: str, target: str) -> None:
    value = {"language": "en", "theme": "dark"}[name]
    assert client.post(reverse(name), {name: value, "next": target}).headers["Location"] == "/"


@pytest.mark.parametrize("name", ["language", "theme"])
def test_an_unknown_choice_is_refused(client: Client, name: str) -> None:
    response = client.post(reverse(name), {name: "klingon"})
    assert response.status_code == 422
    assert name not in response.cookies


@pytest.mark.parametrize("name", ["language", "theme"])
def test_the_switches_need_a_post(client: Client, name: str) -> None:
    assert client.get(reverse(name)).status_code == 405


def test_a_page_answered_to_a_post_switches_on_the_page_of_its_form(client: Client) -> None:
    response = client.post(
        reverse("account_login"),
        {"login": "a@example.com", "password": "x"},
        headers={"referer": "http://testserver/account/login/?next=/runs/"},
    )
    assert '<input type="hidden" name="next" value="/account/login/?next=/runs/">' in response.text


def test_a_referrer_from_elsewhere_is_not_used(client: Client) -> None:
    response = client.post(
        reverse("account_login"),
        {"login": "a@example.com", "password": "x"},
        headers={"referer": "https://elsewhere.example/trap/"},
    )
    assert "elsewhere" not in response.text
