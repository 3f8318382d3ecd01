"""The API of the labs: the same permissions and words as the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token

from labs.channel import Channel
from labs.models import Run
from labs.states import State
from labs.tests.factories import make_curve, make_finished, make_run
from labs.tests.test_curves import point
from portal.accounts.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_empty")]

JSON = "application/json"


@pytest.fixture
def client(learner: User, client_for: Callable[..., Client]) -> Client:
    return client_for(learner, language="en")


def test_a_run_is_submitted_read_and_cancelled(client: Client, learner: User) -> None:
    made = client.post("/api/runs/", {"lab": "training", "spec": {"n_layers": 1}, "prediction": 1.5}, JSON)
    assert made.status_code == 201
    run = made.json()
    assert (run["state"], run["spec"]["n_layers"], run["prediction"]) == ("queued", 1, 1.5)
    assert [item["id"] for item in client.get("/api/runs/").json()["results"]] == [run["id"]]
    assert client.get(f"/api/runs/{run['id']}/").json()["curve"] == {}
    cancelled = client.post(f"/api/runs/{run['id']}/cancel/")
    assert cancelled.json()["state"] == "cancelled"
    assert Run.objects.get(owner=learner).state == State.CANCELLED


def test_the_same_key_gives_the_same_run(client: Client) -> None:
    body = {"lab": "training", "idempotency_key": "one"}
    assert client.post("/api/runs/", body, JSON).json()["id"] == client.post("/api/runs/", body, JSON).json()["id"]


def test_every_wrong_field_is_named_in_the_readers_language(client: Client, learner: User) -> None:
    body = {"lab": "training", "spec": {"n_layers": 99, "dropout": "x"}}
    answer = client.post("/api/runs/", body, JSON)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_recipe"
    assert set(answer.json()["fields"]) == {"n_layers", "dropout"}
    assert answer.json()["fields"]["n_layers"] == "Choose a value from 1 to 6."
    assert not Run.objects.exists()


@pytest.mark.parametrize("body", [{}, {"lab": "training", "spec": 5}, {"lab": ["a"]}, []])
def test_a_malformed_body_is_a_400(client: Client, body: Any) -> None:
    assert client.post("/api/runs/", body, JSON).status_code == 400


def test_an_unknown_lab_is_a_404(client: Client) -> None:
    assert client.post("/api/runs/", {"lab": "nothing"}, JSON).status_code == 404


def test_events_come_after_a_step(client: Client, learner: User) -> None:
    run = make_run(learner, state=State.RUNNING, fence=1, curve=make_curve(20), step=20)
    Channel(run.pk, 1).send("events", [point(21), point(22)])
    answer = client.get(f"/api/runs/{run.pk}/events/?after=19").json()
    assert [item["step"] for item in answer["points"]] == [20, 21, 22]
    assert [item["step"] for item in answer["held_out"]] == [20]
    assert (answer["step"], answer["ended"]) == (22, False)
    assert client.get(f"/api/runs/{run.pk}/events/?after=x").status_code == 400


def test_events_of_a_waiting_run_are_none(client: Client, learner: User) -> None:
    answer = client.get(f"/api/runs/{make_run(learner).pk}/events/").json()
    assert (answer["points"], answer["step"], answer["state"]) == ([], 0, "queued")


def test_samples_are_listed(client: Client, learner: User) -> None:
    answer = client.get(f"/api/runs/{make_finished(learner).pk}/samples/").json()
    assert answer == [{"step": 40, "prompt": "The ", "text": "cat", "expected": ""}]


@pytest.mark.parametrize("name", ["", "events/", "samples/"])
def test_somebody_elses_run_is_a_404(client: Client, other_learner: User, name: str) -> None:
    assert client.get(f"/api/runs/{make_finished(other_learner).pk}/{name}").status_code == 404


def test_somebody_elses_run_is_not_cancelled(client: Client, other_learner: User) -> None:
    run = make_run(other_learner)
    assert client.post(f"/api/runs/{run.pk}/cancel/").status_code == 404
    assert Run.objects.get(pk=run.pk).state == State.QUEUED


def test_lists_hold_ones_own_runs_only(client: Client, other_learner: User) -> None:
    make_run(other_learner)
    assert client.get("/api/runs/").json()["results"] == []


@pytest.mark.parametrize("path", ["", "1/", "1/events/", "1/samples/"])
def test_a_stranger_may_read_nothing(path: str) -> None:
    assert Client().get(f"/api/runs/{path}").status_code in {401, 403}


def test_a_token_opens_the_api(learner: User) -> None:
    token = Token.objects.create(user=learner)
    answer = Client(headers={"authorization": f"Token {token.key}"}).get("/api/runs/")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [("delete", "runs/1/"), ("post", "runs/1/events/"), ("get", "runs/1/cancel/")]
)
def test_a_wrong_method_is_a_405(client: Client, method: str, path: str) -> None:
    assert getattr(client, method)(f"/api/{path}").status_code == 405


def test_a_list_of_fifty_costs_few_queries(client: Client, learner: User, django_assert_max_num_queries: Any) -> None:
    for _ in range(50):
        make_finished(learner)
    with django_assert_max_num_queries(4):
        client.get("/api/runs/")
