"""The API's page names every operation, and the schema is sound."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.api_docs import operations

pytestmark = pytest.mark.django_db


def test_every_operation_is_on_the_page(learner: User, client_for: Callable[..., Client]) -> None:
    page = client_for(learner, language="en").get(reverse("api-docs"))
    assert page.status_code == 200
    names = {operation.name for operation in operations()}
    assert {"runs_list", "runs_submit", "runs_read", "runs_events", "runs_cancel", "runs_samples"} <= names
    assert all(f'id="{name}"' in page.text for name in names)


def test_an_operation_tells_its_fields() -> None:
    submit = next(operation for operation in operations() if operation.name == "runs_submit")
    assert (submit.method, submit.path, submit.status) == ("POST", "/api/runs/", "201")
    assert {field.name for field in submit.request} == {"lab", "spec", "prediction", "forecast", "idempotency_key"}
    assert {"id", "state", "held_out"} <= {field.name for field in submit.response}
    assert next(field for field in submit.request if field.name == "lab").required


def test_the_page_needs_a_sign_in_and_only_get(learner: User, client_for: Callable[..., Client]) -> None:
    assert Client().get(reverse("api-docs")).status_code == 302
    assert client_for(learner).post(reverse("api-docs")).status_code == 405


def test_the_schema_is_served_and_answers_are_json_for_browsers_too(
    learner: User, client_for: Callable[..., Client]
) -> None:
    client = client_for(learner)
    assert client.get(reverse("api-schema")).status_code == 200
    answer = client.get("/api/courses/", headers={"accept": "text/html"})
    assert answer.headers["Content-Type"] == "application/json"
