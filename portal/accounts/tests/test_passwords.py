"""New passwords: forgotten, changed, and the mail about it."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.tests.factories import PASSWORD, person

pytestmark = pytest.mark.django_db
NEW = "another-good-phrase"


def ask(client: Client, email: str) -> str:
    """The path in the mail that was sent; "" when none was."""
    response = client.post(reverse("account_reset_password"), {"email": email}, headers={"accept-language": "zh-CN"})
    assert response.headers["Location"] == reverse("account_reset_password_done")
    found = re.search(r"https?://[^/]+(/\S+)", str(mail.outbox[-1].body)) if mail.outbox else None
    return found.group(1) if found else ""


def test_every_page_of_the_flow_speaks_both_languages(client: Client) -> None:
    words = {"account_reset_password": ("Set a new password", "重设密码")}
    words["account_reset_password_done"] = ("Look into your mail", "请查收邮件")
    words["account_reset_password_from_key_done"] = ("Sign in with the new one", "请用新密码登录")
    for name, (english, chinese) in words.items():
        assert english in client.get(reverse(name), headers={"accept-language": "en"}).text
        assert chinese in client.get(reverse(name), headers={"accept-language": "zh-CN"}).text


def test_a_forgotten_password_is_replaced_through_the_link(client: Client) -> None:
    user = person()
    form = client.get(ask(client, "MEI@example.com"), follow=True)
    path = form.request["PATH_INFO"]
    assert user.email not in path
    response = client.post(path, {"password1": NEW, "password2": NEW})
    assert response.headers["Location"] == reverse("account_reset_password_from_key_done")
    assert User.objects.get().check_password(NEW)


def test_a_link_works_once(client: Client) -> None:
    person()
    link = ask(client, "mei@example.com")
    client.post(client.get(link, follow=True).request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    page = Client().get(link, follow=True, headers={"accept-language": "en"}).text
    assert "This link does not work any more" in page


def test_a_weak_or_different_second_password_comes_back_as_422(client: Client) -> None:
    person()
    path = client.get(ask(client, "mei@example.com"), follow=True).request["PATH_INFO"]
    assert client.post(path, {"password1": "short", "password2": "short"}).status_code == 422
    assert client.post(path, {"password1": NEW, "password2": "something-else"}).status_code == 422
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize(
    ("language", "subject", "greeting"),
    [
        ("en", "Gradus · A new password for your account", "Hello Mei,"),
        ("zh-hans", "Gradus · 为你的账号设置新密码", "Mei，你好"),
    ],
)
def test_mail_is_in_the_language_of_its_receiver(client: Client, language: str, subject: str, greeting: str) -> None:
    person(language=language)
    ask(client, "mei@example.com")
    assert mail.outbox[0].subject == subject
    assert greeting in mail.outbox[0].body
    assert mail.outbox[0].to == ["mei@example.com"]


def test_an_unknown_address_gets_the_same_page_and_no_mail(client: Client) -> None:
    assert ask(client, "nobody@example.com") == ""
    assert not mail.outbox


def test_somebody_switched_off_gets_no_mail(client: Client) -> None:
    person(is_active=False)
    assert ask(client, "mei@example.com") == ""


def test_a_signed_in_person_changes_their_password_and_stays_signed_in(client: Client) -> None:
    client.force_login(person())
    data = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    response = client.post(reverse("account_change_password"), data)
    assert response.headers["Location"] == reverse("profile")
    assert User.objects.get().check_password(NEW)
    assert "Password changed." in client.get(reverse("profile")).text


def test_a_wrong_current_password_changes_nothing(client: Client) -> None:
    client.force_login(person())
    data = {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
    response = client.post(reverse("account_change_password"), data)
    assert response.status_code == 422
    assert "That is not your current password." in response.text
    assert User.objects.get().check_password(PASSWORD)


def test_somebody_without_a_password_may_choose_one(client: Client) -> None:
    user = person()
    user.set_unusable_password()
    user.save()
    client.force_login(user)
    assert "Choose a password" in client.get(reverse("account_change_password"), follow=True).text
    client.post(reverse("account_set_password"), {"password1": NEW, "password2": NEW})
    assert User.objects.get().check_password(NEW)


def test_confirming_that_it_is_you_asks_for_the_password(client: Client) -> None:
    client.force_login(person())
    assert "Confirm that it is you" in client.get(reverse("account_reauthenticate")).text
    assert client.post(reverse("account_reauthenticate"), {"password": "wrong"}).status_code == 422


@pytest.mark.parametrize(
    ("language", "short", "similar"),
    [
        ("en", "needs at least 10 characters", "too much like the e-mail"),
        ("zh-CN", "至少需要 10 个字符", "密码与邮箱太相似"),
    ],
)
def test_a_refused_password_is_told_why_in_the_language_of_the_page(
    client: Client, language: str, short: str, similar: str
) -> None:
    person()
    path = client.get(ask(client, "mei@example.com"), follow=True).request["PATH_INFO"]
    for password, words in (("short", short), ("mei@example.com", similar)):
        values = {"password1": password, "password2": password}
        assert words in client.post(path, values, headers={"accept-language": language}).text
