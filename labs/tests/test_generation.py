"""Letting a finished model write, from the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from labs.models import Generation
from labs.states import State
from labs.tests.factories import make_finished, make_run
from portal.accounts.models import User

ClientFor = Callable[..., Client]
pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
ASKED = {"prompt": "def ", "temperature": "0.4", "top_k": "5", "top_p": "0.9", "max_tokens": "50", "seed": "3"}


def test_generation_create_asks_for_a_text_and_goes_back_to_it(client_for: ClientFor, learner: User) -> None:
    run = make_finished(learner)
    response = client_for(learner).post(reverse("generation-create", args=[run.pk]), ASKED)
    made = Generation.objects.get()
    assert response["Location"] == f"{reverse('run', args=[run.pk])}#text-{made.pk}"
    assert (made.prompt, made.temperature, made.top_k, made.top_p, made.max_tokens, made.seed) == (
        "def ",
        0.4,
        5,
        0.9,
        50,
        3,
    )
    text = client_for(learner).get(reverse("run", args=[run.pk])).content.decode()
    assert "<noscript>" in text


def test_generation_create_keeps_the_form_and_adds_the_text_on_top(client_for: ClientFor, learner: User) -> None:
    url = reverse("generation-create", args=[make_finished(learner).pk])
    text = client_for(learner).post(url, ASKED, headers=HTMX).content.decode()
    assert 'value="0.4"' in text
    assert 'hx-swap-oob="afterbegin:#generations"' in text
    assert reverse("generation", args=[Generation.objects.get().pk]) in text


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_wrong_field_is_named_and_what_was_typed_stays(
    client_for: ClientFor, learner: User, headers: dict[str, str], language: str
) -> None:
    url = reverse("generation-create", args=[make_finished(learner).pk])
    typed = ASKED | {"prompt": "", "temperature": "hot", "top_p": "2", "seed": "-1"}
    response = client_for(learner, language=language).post(url, typed, headers=headers)
    assert response.status_code == 422
    assert set(response.context["play_errors"]) == {"prompt", "temperature", "top_p", "seed"}
    assert 'value="hot"' in response.content.decode()
    assert not Generation.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("prompt", "x" * 1_000_000, 422),
        ("temperature", "1000", 422),
        ("temperature", "nan", 422),
        ("temperature", "0", 302),
        ("top_p", "0", 422),
        ("top_k", "0", 302),
    ],
)
def test_the_edges_of_what_can_be_asked(
    client_for: ClientFor, learner: User, field: str, value: str, status: int
) -> None:
    url = reverse("generation-create", args=[make_finished(learner).pk])
    response = client_for(learner).post(url, ASKED | {field: value})
    assert response.status_code == status
    assert set(response.context["play_errors"] if status == 422 else [field]) == {field}


def test_a_run_without_a_model_cannot_write(client_for: ClientFor, learner: User) -> None:
    run = make_run(learner, state=State.DIVERGED)
    assert client_for(learner).post(reverse("generation-create", args=[run.pk]), ASKED).status_code == 422


def test_too_many_waiting_texts_are_refused_with_words(client_for: ClientFor, learner: User) -> None:
    run = make_finished(learner)
    for _ in range(5):
        Generation.objects.create(run=run, prompt="x", temperature=1)
    response = client_for(learner, language="en").post(reverse("generation-create", args=[run.pk]), ASKED, headers=HTMX)
    assert response.status_code == 422
    assert "Your model is still writing." in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "shown", "asks_again"),
    [
        ({"state": "waiting"}, "Writing", True),
        ({"state": "done", "text": "a <b>", "seconds": 0.4}, "a &lt;b&gt;", False),
        ({"state": "failed", "error": "out_of_time", "text": "half"}, "It took too long and was stopped.", False),
        ({"state": "failed", "error": "worker_lost"}, "The machine that wrote it went away.", False),
        ({"state": "failed", "error": "no_process"}, "The text could not be written.", False),
    ],
)
def test_a_text_says_how_far_it_is_and_asks_again_only_while_it_waits(
    client_for: ClientFor, learner: User, fields: dict[str, object], shown: str, asks_again: bool
) -> None:
    made = Generation.objects.create(run=make_finished(learner), prompt="x", temperature=1, **fields)
    text = client_for(learner, language="en").get(reverse("generation", args=[made.pk])).content.decode()
    assert shown in text
    assert ("hx-trigger" in text) is asks_again


def test_texts_are_their_owners_alone(client_for: ClientFor, learner: User, other_learner: User) -> None:
    run = make_finished(learner)
    made = Generation.objects.create(run=run, prompt="x", temperature=1)
    one, create = reverse("generation", args=[made.pk]), reverse("generation-create", args=[run.pk])
    assert client_for(other_learner).get(one).status_code == 404
    assert client_for(other_learner).post(create, ASKED).status_code == 404
    assert Client().get(one).status_code == 302
    assert Client().post(create).status_code == 302
    assert client_for(learner).post(one).status_code == 405
    assert client_for(learner).get(create).status_code == 405
