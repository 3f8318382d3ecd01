"""Pressing Run: one run a press, every error at once, nothing queued that is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from labs.models import Run
from labs.tests.factories import make_run
from portal.accounts.models import User

ClientFor = Callable[..., Client]
URL = reverse("run-submit", args=["training"])

pytestmark = pytest.mark.django_db


def test_a_press_queues_the_recipe_and_goes_to_the_run(client_for: ClientFor, learner: User) -> None:
    response = client_for(learner).post(URL, {"n_layers": "1", "seed": "5", "prediction": " 1.75 ", "token": "t"})
    run = Run.objects.get()
    assert response["Location"] == reverse("run", args=[run.pk])
    assert (run.owner, run.lab, run.spec["n_layers"], run.spec["seed"], run.prediction) == (
        learner,
        "training",
        1,
        5,
        1.75,
    )


def test_a_double_click_is_one_run_and_a_changed_recipe_is_another(client_for: ClientFor, learner: User) -> None:
    client = client_for(learner)
    first, second = (client.post(URL, {"seed": "5", "prediction": "2", "token": "t"})["Location"] for _ in range(2))
    third = client.post(URL, {"seed": "6", "prediction": "2", "token": "t"})["Location"]
    assert first == second != third
    assert Run.objects.count() == 2


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_wrong_field_is_named_at_once_and_what_was_typed_stays(
    client_for: ClientFor, learner: User, language: str
) -> None:
    typed = {"learning_rate": "fast", "batch": "0", "d_model": "7x", "prediction": "much", "token": "t"}
    response = client_for(learner, language=language).post(URL, typed)
    assert response.status_code == 422
    assert set(response.context["recipe"].errors) == {"learning_rate", "batch", "d_model", "prediction"}
    text = response.content.decode()
    for value in ("fast", "7x", "much"):
        assert f'value="{value}"' in text
    assert not Run.objects.exists()


@pytest.mark.parametrize("prediction", ["0", "-1", "nan", "inf", "1e999", "1,6"])
def test_a_prediction_that_is_no_loss_is_refused(client_for: ClientFor, learner: User, prediction: str) -> None:
    response = client_for(learner).post(URL, {"prediction": prediction, "token": "t"})
    assert response.status_code == 422
    assert set(response.context["recipe"].errors) == {"prediction"}


def test_what_is_the_portals_to_choose_cannot_be_set_but_hidden_fields_can(
    client_for: ClientFor, learner: User
) -> None:
    asked = {"threads": "64", "device": "cuda", "precision": "bfloat16", "prompts": "x\r\ny ", "token": "t"}
    client_for(learner).post(URL, asked | {"prediction": "2"})
    run = Run.objects.get()
    assert (run.spec["threads"], run.spec["device"], run.spec["precision"]) == (1, "cpu", "float32")
    assert run.spec["prompts"] == ["x", "y "]


def test_a_sixth_waiting_run_is_refused_with_words_and_the_recipe_stays(
    client_for: ClientFor, learner: User, settings: Settings
) -> None:
    for _ in range(settings.LAB_MAX_QUEUED):
        make_run(learner)
    response = client_for(learner, language="en").post(URL, {"seed": "77", "prediction": "2", "token": "t"})
    assert response.status_code == 429
    text = response.content.decode()
    assert "5 of your runs are waiting already." in text
    assert 'value="77"' in text


def test_somebody_elses_text_is_no_text(client_for: ClientFor, learner: User, other_learner: User) -> None:
    other_learner.uploads.create(name="x", sha256="a" * 64, size=9000, characters=9000, vocab_size=40)
    response = client_for(learner).post(URL, {"corpus": "sha256:" + "a" * 64, "token": "t"})
    assert response.status_code == 422
    assert set(response.context["recipe"].errors) == {"corpus"}


def test_a_form_without_its_token_queues_nothing(client_for: ClientFor, learner: User) -> None:
    assert client_for(learner).post(URL, {}).status_code == 422
    assert not Run.objects.exists()


def test_run_submit_needs_a_sign_in_a_post_and_a_lab(client_for: ClientFor, learner: User) -> None:
    assert Client().post(URL).status_code == 302
    assert client_for(learner).get(URL).status_code == 405
    assert client_for(learner).post(reverse("run-submit", args=["nowhere"])).status_code == 404


def test_the_first_run_of_a_lab_waits_for_a_prediction_and_the_second_does_not(
    client_for: ClientFor, learner: User
) -> None:
    client = client_for(learner, language="en")
    refused = client.post(URL, {"token": "t"})
    assert refused.status_code == 422
    assert set(refused.context["recipe"].errors) == {"prediction"}
    assert " required" in refused.content.decode()
    assert client.post(URL, {"token": "t", "prediction": "2"}).status_code == 302
    assert client.post(URL, {"token": "u", "seed": "9"}).status_code == 302


def test_a_sketched_curve_and_a_ranking_are_kept(client_for: ClientFor, learner: User) -> None:
    client = client_for(learner)
    sketch = {f"sketch-{place}": str(4 - place / 2) for place in range(5)}
    client.post(URL, sketch | {"prediction": "2", "token": "t"})
    assert Run.objects.get(lab="training").forecast["points"][0] == [0.1, 4.0]
    client.post(
        reverse("run-submit", args=["families"]), {"rank-gpt": "1", "rank-rnn": "2", "rank-lstm": "3", "token": "t"}
    )
    assert Run.objects.get(lab="families").forecast["order"] == ["gpt", "rnn", "lstm"]


@pytest.mark.parametrize("given", [{"sketch-0": "2"}, {"prediction": "2", "sketch-4": "nan"}])
def test_half_a_curve_is_refused_beside_its_fields(client_for: ClientFor, learner: User, given: dict[str, str]) -> None:
    response = client_for(learner).post(URL, given | {"token": "t"})
    assert response.status_code == 422
    assert set(response.context["recipe"].errors) == {"sketch"}
    assert not Run.objects.exists()
