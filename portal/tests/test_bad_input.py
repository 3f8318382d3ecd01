"""What nobody types and programs send: zero characters, endless numbers and bodies, forms after sign-out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import TokenProxy

from labs.models import Generation, LabRecord, Run, Upload
from labs.tests.factories import make_finished
from portal.accounts.models import User
from portal.lib.numbers import whole

pytestmark = pytest.mark.django_db

JSON = "application/json"


@pytest.fixture
def client(learner: User, client_for: Callable[..., Client]) -> Client:
    return client_for(learner, language="en")


@pytest.mark.parametrize("query", ["?lab=%00", "?state=%00", "?%00=1"])
def test_a_zero_character_in_an_address_is_a_bad_request(client: Client, query: str) -> None:
    assert client.get(reverse("run-list") + query).status_code == 400


def test_a_zero_character_in_a_form_is_a_bad_request(client: Client, learner: User) -> None:
    run = make_finished(learner)
    form = {"prompt": "a\0b", "temperature": "1"}
    assert client.post(reverse("generation-create", args=[run.pk]), form).status_code == 400
    assert not Generation.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        '{"lab": "training", "spec": {"corpus": "\\u0000"}}',
        '{"lab": "training", "spec": {"prompts": ["\\ud800"]}}',
        '{"lab": "training", "prediction": NaN}',
        "[" * 50_000,
        "{",
        "",
    ],
)
def test_a_body_that_no_database_could_hold_is_a_bad_request(client: Client, body: str) -> None:
    assert client.post("/api/runs/", body, JSON).status_code == 400
    assert not Run.objects.exists()


def test_a_body_without_bounds_is_refused_unread(client: Client, settings: Any) -> None:
    body = '{"lab": "' + "x" * settings.API_BODY_BYTES + '"}'
    assert client.post("/api/runs/", body, JSON).status_code == 413


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), ("", 7), (None, 7), ("-1", 7), ("1.5", 7), ("٣", 7), ("9" * 5000, 7)]
)
def test_only_plain_digits_are_a_whole_number(text: str | None, number: int) -> None:
    assert whole(text, 7) == number


def test_a_form_sent_after_its_session_leads_back_to_its_page(learner: User) -> None:
    page = "http://testserver/labs/training/?seed=5"
    answer = Client().post(reverse("run-submit", args=["training"]), {}, headers={"referer": page})
    assert answer.headers["Location"] == "/account/login/?next=%2Flabs%2Ftraining%2F%3Fseed%3D5"
    elsewhere = Client().post(reverse("run-submit", args=["training"]), {}, headers={"referer": "http://evil.example/"})
    assert elsewhere.headers["Location"] == "/account/login/?next=%2F"


def test_an_address_has_one_case(administrator: User, client_for: Callable[..., Client]) -> None:
    form = {"email": "New@Gradus.Example", "display_name": "New", "usable_password": "false"}
    client_for(administrator).post(reverse("admin:accounts_user_add"), form)
    assert User.objects.get(display_name="New").email == "new@gradus.example"


def test_the_admin_shows_runs_and_no_tokens(
    administrator: User, learner: User, client_for: Callable[..., Client]
) -> None:
    run = make_finished(learner)
    client = client_for(administrator)
    assert not admin.site.is_registered(TokenProxy)
    for model in (Run, Upload, Generation, LabRecord):
        assert client.get(reverse(f"admin:labs_{model._meta.model_name}_changelist")).status_code == 200
    assert client.get(reverse("admin:labs_run_change", args=[run.pk])).status_code == 200
    assert client.post(reverse("admin:labs_run_change", args=[run.pk]), {}).status_code == 403
