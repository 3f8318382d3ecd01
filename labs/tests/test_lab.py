"""The page of a lab, the list of labs and the cost of a recipe."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from labs.catalogue import LABS
from labs.models import LabRecord, Upload
from labs.tests.factories import make_finished, make_run
from portal.accounts.models import User

ClientFor = Callable[..., Client]
LAB = reverse("lab", args=["training"])
COST = reverse("cost", args=["training"])

LEAVES = [
    (LAB, "get", "post"),
    (COST, "get", "post"),
    (reverse("lab-list"), "get", "post"),
    (reverse("recipe", args=["training"]), "post", "get"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("url", "right", "wrong"), LEAVES)
def test_only_signed_in_people_come_in_and_only_by_the_right_method(
    client_for: ClientFor, learner: User, url: str, right: str, wrong: str
) -> None:
    away = getattr(Client(), right)(url)
    assert away.status_code == 302
    assert away["Location"].startswith(reverse("account_login"))
    assert getattr(client_for(learner), wrong)(url).status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["lab", "cost"])
def test_a_lab_that_is_not_there_is_not_found(client_for: ClientFor, learner: User, name: str) -> None:
    assert client_for(learner).get(reverse(name, args=["no-such-lab"])).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("slug", ["training", "generation"])
def test_a_lab_opens_with_its_preset_in_both_languages(
    client_for: ClientFor, learner: User, slug: str, language: str
) -> None:
    response = client_for(learner, language=language).get(reverse("lab", args=[slug]))
    assert response.status_code == 200
    assert response["Content-Language"] == language
    assert not response.context["recipe"].errors
    assert not any(knob.changed for knob in response.context["recipe"].knobs)
    assert response.context["estimate"].params > 10_000


@pytest.mark.django_db
def test_every_knob_can_be_given_in_the_address_and_unknown_names_are_ignored(
    client_for: ClientFor, learner: User
) -> None:
    query = {"n_layers": "3", "learning_rate": "0.1", "seed": "42", "d_model": "80", "n_heads": "4", "threads": "9"}
    response = client_for(learner).get(LAB, query)
    recipe = response.context["recipe"]
    assert (recipe.values["n_layers"], recipe.values["seed"]) == ("3", "42")
    assert "threads" not in recipe.values
    width = recipe.knob("d_model")
    assert ("80", "80") in width.choices, "a width outside the usual ones is shown all the same"
    assert width.changed
    again = client_for(learner).get(recipe.url)
    assert again.context["recipe"].values == recipe.values


@pytest.mark.django_db
def test_a_link_with_a_wrong_recipe_names_every_wrong_field(client_for: ClientFor, learner: User) -> None:
    response = client_for(learner, language="en").get(LAB, {"learning_rate": "fast", "batch": "0", "corpus": "moon"})
    assert response.status_code == 200
    assert set(response.context["recipe"].errors) == {"learning_rate", "batch", "corpus"}
    response = client_for(learner, language="en").get(LAB, {"corpus": "moon"})
    assert set(response.context["recipe"].errors) == {"corpus"}
    assert 'value="moon"' in response.content.decode()


@pytest.mark.django_db
def test_a_seed_of_another_writing_is_the_same_recipe(client_for: ClientFor, learner: User) -> None:
    recipe = client_for(learner).get(LAB, {"learning_rate": "0.030"}).context["recipe"]
    assert not recipe.knob("learning_rate").changed


@pytest.mark.django_db
def test_the_page_shows_ones_own_runs_texts_and_best_and_nobody_elses(
    client_for: ClientFor, learner: User, other_learner: User
) -> None:
    mine, theirs = make_finished(learner), make_finished(other_learner)
    make_run(learner, lab="generation")
    Upload.objects.create(owner=other_learner, name="secret.txt", sha256="0" * 64, size=1, characters=1, vocab_size=1)
    LabRecord.objects.create(user=learner, lab="training", best={"held_out": 1.25, "baseline": 1.7, "margin": 0.45})
    response = client_for(learner).get(LAB)
    assert [row["id"] for row in response.context["rows"]] == [mine.pk]
    text = response.content.decode()
    assert reverse("run", args=[theirs.pk]) not in text
    assert "secret.txt" not in text
    assert "1.250" in text


@pytest.mark.django_db
def test_the_newest_finished_run_stands_beside_the_prediction(client_for: ClientFor, learner: User) -> None:
    client = client_for(learner)
    assert client.get(LAB).context["last"] is None
    make_finished(learner)
    newest = make_finished(learner)
    make_run(learner)
    last = client.get(LAB).context["last"]
    assert (last["run"], last["steps"]) == (newest.pk, newest.steps)
    assert last["curve"]["loss"] == newest.curve["loss"]


@pytest.mark.django_db
def test_a_lab_takes_few_queries_however_many_runs_there_are(
    client_for: ClientFor, learner: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        make_finished(learner, prediction=2.0)
    client = client_for(learner)
    with django_assert_max_num_queries(15):
        client.get(LAB)


@pytest.mark.django_db
def test_the_list_shows_every_lab_with_its_goal(client_for: ClientFor, learner: User) -> None:
    response = client_for(learner, language="en").get(reverse("lab-list"))
    assert [card["slug"] for card in response.context["cards"]] == list(LABS)
    assert "Get held-out loss under the n-gram baseline." in response.content.decode()


@pytest.mark.django_db
def test_cost_answers_with_figures_and_clears_old_errors(client_for: ClientFor, learner: User) -> None:
    text = client_for(learner, language="en").get(COST, {"d_model": "128"}).content.decode()
    assert "419," in text or "Parameters" in text
    assert '<p class="error" id="error-d_model" hx-swap-oob="true"></p>' in text
    assert "<html" not in text


@pytest.mark.django_db
def test_cost_puts_an_error_beside_each_wrong_field(client_for: ClientFor, learner: User) -> None:
    text = (
        client_for(learner, language="en").get(COST, {"d_model": "66", "n_heads": "4", "batch": "999"}).content.decode()
    )
    assert "The width must be a multiple of 8, twice the number of heads." in text.split('id="error-d_model"')[1][:120]
    assert "Choose a value from 1 to 256." in text.split('id="error-batch"')[1][:120]


@pytest.mark.django_db
def test_recipe_becomes_a_link_and_a_new_seed_is_drawn_without_script(client_for: ClientFor, learner: User) -> None:
    url = reverse("recipe", args=["training"])
    shown = client_for(learner).post(url, {"n_layers": "4", "seed": "7"})
    assert shown.status_code == 302
    assert "n_layers=4" in shown["Location"]
    assert "seed=7" in shown["Location"]
    assert "csrf" not in shown["Location"]
    seeds = {client_for(learner).post(url, {"seed": "7", "new_seed": "1"})["Location"] for _ in range(4)}
    assert len(seeds) > 1
