"""Error pages: status, words in both languages, who you are, and a page for 500 that needs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path

from portal import views
from portal.accounts.models import User
from portal.lib.errors import UserError


def failing(error: Exception) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


urlpatterns = [
    path("test/400/", failing(BadRequest("secret detail"))),
    path("test/403/", failing(PermissionDenied("Only authors edit chapters."))),
    path("test/403-silent/", failing(PermissionDenied())),
    path("test/500/", failing(DatabaseError("secret detail"))),
    path("api/test/500/", failing(RuntimeError("secret detail"))),
    path("api/test/403/", failing(PermissionDenied("Only authors edit chapters."))),
    path(
        "test/user-error/",
        failing(UserError("odd", "The recipe cannot run.", "Make it smaller.", fields={"width": "Too wide."})),
    ),
    path("", include("portal.urls")),
]
handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.not_found
handler500 = views.server_error

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
ENGLISH = {"accept-language": "en"}
CHINESE = {"accept-language": "zh-CN"}


@pytest.fixture
def quiet() -> Client:
    """A client that shows the page of an exception in place of raising it."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("address", "status", "english", "chinese"),
    [
        ("/test/400/", 400, "Request not understood", "无法理解的请求"),
        ("/test/403-silent/", 403, "This page is for people with another role.", "此页面供其他角色使用。"),
        ("/nowhere/", 404, "There is no page at this address.", "这个地址没有页面。"),
        ("/test/500/", 500, "The server could not do this", "服务器没能完成这一步"),
    ],
)
def test_each_error_has_a_page_in_both_languages(
    quiet: Client, address: str, status: int, english: str, chinese: str
) -> None:
    for headers, words, lang in ((ENGLISH, english, "en"), (CHINESE, chinese, "zh-Hans")):
        response = quiet.get(address, headers=headers)
        assert response.status_code == status
        assert words in response.text
        assert f'<html lang="{lang}"' in response.text
        assert "secret detail" not in response.text


def test_forbidden_says_who_may_see_it_and_who_you_are(client_for: Callable[..., Client], learner: User) -> None:
    page = client_for(learner, language="en").get("/test/403/")
    assert page.status_code == 403
    assert "Only authors edit chapters." in page.text
    assert f"You are signed in as {learner.display_name} ({learner.email})." in page.text


def test_forbidden_offers_a_stranger_to_sign_in(client: Client) -> None:
    page = client.get("/test/403/?tab=2", headers=ENGLISH).text
    assert "You are not signed in." in page
    assert "/account/login/?next=/test/403/%3Ftab%3D2" in page


def test_a_server_error_has_a_reference_that_the_log_knows(quiet: Client, caplog: pytest.LogCaptureFixture) -> None:
    page = quiet.get("/test/500/", headers=ENGLISH).text
    found = re.search(r'<b class="mono">([0-9a-f]{8})</b>', page)
    assert found
    assert f"Reference {found.group(1)}: GET /test/500/ failed" in caplog.text


def test_the_server_error_page_needs_no_database_and_no_session(rf: RequestFactory) -> None:
    request = rf.get("/anything/")
    request.COOKIES = {"language": "en", "theme": "dark"}
    response = views.server_error(request)
    assert response.status_code == 500
    assert 'data-theme="dark"' in response.text


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/api/nowhere/", 404, "not_found"),
        ("/api/test/403/", 403, "permission_denied"),
        ("/api/test/500/", 500, "server_error"),
    ],
)
def test_the_api_gets_the_same_words_as_json(quiet: Client, address: str, status: int, code: str) -> None:
    response = quiet.get(address, headers=ENGLISH)
    assert response.status_code == status
    assert response.json()["code"] == code
    assert response.json()["message"]
    assert "secret detail" not in response.text


def test_a_form_without_token_is_refused_with_a_way_back() -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post(
        "/account/login/",
        {"login": "a@example.com", "password": "x"},
        headers=ENGLISH | {"referer": "http://testserver/account/login/?next=/runs/"},
    )
    assert response.status_code == 403
    assert "This form was sent from a page that is too old." in response.text
    assert 'href="/account/login/?next=/runs/"' in response.text


def test_a_user_error_becomes_a_page(client: Client) -> None:
    response = client.get("/test/user-error/", headers=ENGLISH)
    assert response.status_code == 422
    for words in ("The recipe cannot run.", "Make it smaller.", "Too wide."):
        assert words in response.text


def test_a_user_error_becomes_a_fragment_for_htmx(client: Client) -> None:
    response = client.get("/test/user-error/", headers=ENGLISH | {"hx-request": "true"})
    assert response.status_code == 422
    assert "Make it smaller." in response.text
    assert "<html" not in response.text


@override_settings(CSRF_FAILURE_VIEW="portal.views.csrf_failure")
def test_every_error_view_works_for_a_stranger(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = AnonymousUser()
    request.resolver_match = None
    assert views.csrf_failure(request).status_code == 403
