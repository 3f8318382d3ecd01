"""Signing in and out."""

from __future__ import annotations

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from portal.accounts.models import User
from portal.accounts.tests.factories import PASSWORD, person

pytestmark = pytest.mark.django_db


def sign_in(client: Client, email: str, password: str = PASSWORD, to: str = "/account/profile/") -> HttpResponseBase:
    return client.post(reverse("account_login"), {"login": email, "password": password, "next": to})


def test_the_page_asks_for_address_and_password(client: Client) -> None:
    page = client.get(reverse("account_login"), headers={"accept-language": "en"}).text
    assert 'name="login"' in page
    assert 'name="password"' in page
    assert "Learn language models by training them" in page
    assert page.count(reverse("account_reset_password")) == 1


def test_the_page_speaks_chinese_to_a_chinese_browser(client: Client) -> None:
    page = client.get(reverse("account_login"), headers={"accept-language": "zh-CN,zh;q=0.9"}).text
    assert '<html lang="zh-Hans"' in page
    assert "亲手训练，学懂语言模型" in page


def test_the_right_password_leads_to_the_page_that_was_asked_for(client: Client) -> None:
    person()
    response = sign_in(client, "mei@example.com")
    assert response.status_code == 302
    assert response.headers["Location"] == "/account/profile/"
    assert client.get("/account/profile/").status_code == 200


def test_case_does_not_matter_in_an_address(client: Client) -> None:
    person("Mei@Example.com")
    assert User.objects.get().email == "mei@example.com"
    assert sign_in(client, "MEI@EXAMPLE.COM").status_code == 302


def test_a_wrong_password_comes_back_as_422_with_the_address_kept(client: Client) -> None:
    person()
    response = client.post(
        reverse("account_login"),
        {"login": "mei@example.com", "password": "wrong"},
        headers={"accept-language": "en"},
    )
    assert response.status_code == 422
    assert "do not match" in response.text
    assert 'value="mei@example.com"' in response.text
    assert "wrong" not in response.text.replace("do not match", "")


def test_an_unknown_address_gets_the_same_answer_as_a_wrong_password(client: Client) -> None:
    person()
    wrong = sign_in(client, "mei@example.com", "wrong-password")
    unknown = sign_in(client, "nobody@example.com", "wrong-password")
    assert wrong.status_code == unknown.status_code == 422


def test_after_five_wrong_tries_even_the_right_password_waits(client: Client) -> None:
    person()
    for _attempt in range(5):
        sign_in(client, "mei@example.com", "wrong-password")
    assert sign_in(client, "mei@example.com").status_code == 422
    assert "_auth_user_id" not in client.session


def test_somebody_switched_off_cannot_sign_in(client: Client) -> None:
    person(is_active=False)
    response = sign_in(client, "mei@example.com")
    assert "_auth_user_id" not in client.session
    assert response.status_code in {302, 422}


def test_somebody_switched_off_while_signed_in_is_signed_out() -> None:
    user = person()
    client = Client()
    client.force_login(user)
    User.objects.update(is_active=False)
    assert client.get(reverse("profile")).status_code == 302


def test_the_page_for_somebody_switched_off_says_whom_to_ask(client: Client) -> None:
    page = client.get(reverse("account_inactive"), headers={"accept-language": "en"}).text
    assert "Account switched off" in page


def test_signing_in_never_leads_to_another_host(client: Client) -> None:
    person()
    response = sign_in(client, "mei@example.com", to="https://elsewhere.example/")
    assert "elsewhere" not in response.headers.get("Location", "")


def test_nobody_can_register(client: Client) -> None:
    response = client.get(reverse("account_signup"), headers={"accept-language": "en"})
    assert "No open registration" in response.text
    client.post(reverse("account_signup"), {"email": "a@example.com", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.exists()


def test_signing_out_needs_a_post(client: Client) -> None:
    client.force_login(person())
    assert "Sign out" in client.get(reverse("account_logout")).text
    assert "_auth_user_id" in client.session
    assert client.post(reverse("account_logout")).headers["Location"] == reverse("account_login")
    assert "_auth_user_id" not in client.session


def test_pages_of_the_account_need_a_signed_in_person(client: Client) -> None:
    for name in ("profile", "account_change_password"):
        response = client.get(reverse(name))
        assert response.status_code == 302
        assert response.headers["Location"].startswith(reverse("account_login"))


def test_too_many_requests_from_one_address_get_a_page_that_says_so(client: Client, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    sign_in(client, "mei@example.com")
    response = client.post(reverse("account_login"), {}, headers={"accept-language": "en"})
    assert response.status_code == 429
    assert "Too many requests in a short time" in response.text
