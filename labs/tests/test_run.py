"""The page of a run, its status fragment, cancel, points and the list of runs."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from labs.catalogue import LABS
from labs.models import Run
from labs.states import ENDINGS, State
from labs.tests.factories import make_curve, make_finished, make_run
from portal.accounts.models import User

ClientFor = Callable[..., Client]
pytestmark = pytest.mark.django_db

VIEWS = [("run", "get"), ("run-status", "get"), ("run-points", "get"), ("run-cancel", "post")]
DETAILS: dict[str, dict[str, Any]] = {
    State.DIVERGED: {"loss": None, "start": 4.6, "best_step": 14, "best_loss": 2.7, "rate": 0.4, "grad_norm": 80.0},
    State.OUT_OF_TIME: {"seconds": 301.0, "max_seconds": 300, "steps": 40},
    State.REFUSED: {"reason": "text_too_short", "needed": 1290, "found": 900},
}


def page_data(response: Any, name: str = "run-data") -> Any:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', response.content.decode(), re.S)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize(("name", "method"), VIEWS)
def test_a_run_is_its_owners_alone(
    client_for: ClientFor, learner: User, other_learner: User, manager: User, name: str, method: str
) -> None:
    url = reverse(name, args=[make_finished(learner).pk])
    assert getattr(Client(), method)(url).status_code == 302
    assert getattr(client_for(other_learner), method)(url).status_code == 404
    assert getattr(client_for(manager), method)(url).status_code == 404
    wrong = "post" if method == "get" else "get"
    assert getattr(client_for(learner), wrong)(url).status_code == 405
    assert getattr(client_for(learner), method)(url).status_code in (200, 302)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_finished_run_is_drawn_from_the_page_itself(client_for: ClientFor, learner: User, language: str) -> None:
    run = make_finished(learner, prediction=1.9)
    response = client_for(learner, language=language).get(reverse("run", args=[run.pk]))
    data = page_data(response)
    assert data["curve"] == run.curve
    assert data["run"]["ended"] is True
    assert data["prompts"] == ["The ", "def ", "If the "]
    text = response.content.decode()
    assert "2.100" in text
    assert "0.400" in text, "the baseline, 2.5, is 0.4 higher"
    assert 'id="play-form"' in text
    assert "Load the page again" not in text
    assert '<noscript><svg class="plot drawing"' in text, "without script the curve is a picture"


def test_a_waiting_run_says_its_place_and_how_to_look_again_without_script(
    client_for: ClientFor, learner: User, other_learner: User
) -> None:
    make_run(other_learner)
    make_run(other_learner)
    run = make_run(learner)
    text = client_for(learner, language="en").get(reverse("run", args=[run.pk])).content.decode()
    assert "1 run is ahead of this one." in text  # of the other person's two one at a time
    assert "Load the page again to see how far it is" in text
    assert reverse("run-cancel", args=[run.pk]) in text
    assert 'id="play-form"' not in text


@pytest.mark.parametrize("state", sorted(ENDINGS))
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_ending_says_what_happened_what_is_kept_and_what_to_try(
    client_for: ClientFor, learner: User, state: str, language: str
) -> None:
    detail = DETAILS.get(state, {})
    result = {"kind": "failed", "ending": state, "step": 20, "detail": detail}
    run = make_finished(learner, state=state, result=result, attempt=4)
    response = client_for(learner, language=language).get(reverse("run", args=[run.pk]))
    ending = response.context["ending"]
    assert ending.title
    assert ending.happened
    assert ending.kept
    assert 1 <= len(ending.fixes) <= 3
    assert "%(" not in ending.title + ending.happened + ending.kept
    for fix in ending.fixes:
        assert "%(" not in fix.text
        applied = client_for(learner).get(fix.recipe.url)
        assert applied.context["recipe"].values == fix.recipe.values
        assert not applied.context["recipe"].errors, fix.text


@pytest.mark.parametrize("state", sorted(ENDINGS - {State.FINISHED}))
def test_an_ending_before_the_first_step_has_its_words_too(client_for: ClientFor, learner: User, state: str) -> None:
    run = make_run(learner, state=state)
    text = client_for(learner, language="en").get(reverse("run", args=[run.pk])).content.decode()
    assert "It wrote nothing: the run ended before its first checkpoint." in text


def test_a_refused_vocabulary_offers_pieces_instead(client_for: ClientFor, learner: User) -> None:
    detail = {"reason": "vocabulary_too_large", "limit": 10_000, "found": 12_000}
    run = make_run(learner, state=State.REFUSED, result={"ending": "refused", "step": 0, "detail": detail})
    ending = client_for(learner, language="en").get(reverse("run", args=[run.pk])).context["ending"]
    assert "12,000" in ending.happened
    assert ending.fixes[-1].recipe.values["tokenizer"] == "bpe"


def test_a_running_run_shows_what_is_stored_and_the_rows_to_come(client_for: ClientFor, learner: User) -> None:
    run = make_run(learner, state=State.RUNNING, curve=make_curve(20), step=20, attempt=2)
    response = client_for(learner, language="en").get(reverse("run", args=[run.pk]))
    assert [line["step"] for line in response.context["written"]] == [10, 20, 30, 40]
    assert "Attempt 2" in response.content.decode()
    assert page_data(response)["planned"] == [10, 20, 30, 40]


def test_the_prompt_in_the_address_chooses_the_texts(client_for: ClientFor, learner: User) -> None:
    samples = [{"step": 40, "prompt": "The ", "text": "cat"}, {"step": 40, "prompt": "def ", "text": "f():\n  pass"}]
    run = make_finished(learner, samples=samples)
    url = reverse("run", args=[run.pk])
    assert client_for(learner).get(url).context["written"][0]["text"] == "cat"
    assert client_for(learner).get(f"{url}?prompt=1").context["written"][0]["text"] == "f():↵  pass"
    for odd in ("99", "-1", "x", "²"):
        assert client_for(learner).get(url, {"prompt": odd}).status_code == 200


def test_what_a_model_wrote_cannot_become_markup(client_for: ClientFor, learner: User) -> None:
    run = make_finished(learner, samples=[{"step": 40, "prompt": "The ", "text": "</script><img src=x>"}])
    assert "<img src=x>" not in client_for(learner).get(reverse("run", args=[run.pk])).content.decode()


def test_status_brings_the_ending_and_the_play_panel(client_for: ClientFor, learner: User) -> None:
    run = make_finished(learner)
    text = client_for(learner, language="en").get(reverse("run-status", args=[run.pk])).content.decode()
    assert "Finished: held-out 2.100" in text
    for part in ("stairs", "goal", "play", "run-act"):
        assert re.search(rf'id="{part}"[^>]*hx-swap-oob="true"', text), part
    assert "<html" not in text


def test_a_waiting_run_is_cancelled_at_once(client_for: ClientFor, learner: User) -> None:
    run = make_run(learner)
    response = client_for(learner).post(reverse("run-cancel", args=[run.pk]))
    assert response["Location"] == reverse("run", args=[run.pk])
    run.refresh_from_db()
    assert run.state == State.CANCELLED


def test_a_running_run_is_asked_to_end_and_the_button_says_so(client_for: ClientFor, learner: User) -> None:
    run = make_run(learner, state=State.RUNNING)
    client = client_for(learner, language="en")
    text = client.post(reverse("run-cancel", args=[run.pk]), headers={"HX-Request": "true"}).content.decode()
    assert "Cancelling" in text
    assert "<html" not in text
    run.refresh_from_db()
    assert run.cancel_requested_at


def test_points_carry_every_row_and_held_out_figures_at_their_steps(client_for: ClientFor, learner: User) -> None:
    run = make_finished(learner, curve=make_curve(3000, every=150))
    response = client_for(learner).get(reverse("run-points", args=[run.pk]))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert [int(row["step"]) for row in rows] == list(range(1, 3001))
    assert float(rows[149]["held_out"]) == run.curve["held_out"]["loss"][0]
    assert rows[148]["held_out"] == ""
    assert [float(row["loss"]) for row in rows] == run.curve["loss"]


def test_points_of_a_run_without_any_are_a_heading_alone(client_for: ClientFor, learner: User) -> None:
    text = client_for(learner).get(reverse("run-points", args=[make_run(learner).pk])).content.decode()
    assert text == "step,tokens,seconds,loss,rate,grad_norm,held_out,perplexity,bits_per_byte\n"


def test_a_run_takes_few_queries(
    client_for: ClientFor, learner: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    run = make_finished(learner)
    client = client_for(learner)
    with django_assert_max_num_queries(15):
        client.get(reverse("run", args=[run.pk]))


# The list


def listed(client: Client, **query: str) -> list[int]:
    return [row["id"] for row in client.get(reverse("run-list"), query).context["rows"]]


def test_run_list_shows_ones_own_newest_first(client_for: ClientFor, learner: User, other_learner: User) -> None:
    first, second = make_finished(learner), make_run(learner)
    make_run(other_learner)
    assert listed(client_for(learner)) == [second.pk, first.pk]


def test_run_list_filters_by_the_address(client_for: ClientFor, learner: User) -> None:
    done, waiting = make_finished(learner), make_run(learner, lab="generation")
    client = client_for(learner)
    assert listed(client, lab="generation") == [waiting.pk]
    assert listed(client, state="finished") == [done.pk]
    assert listed(client, lab="generation", state="finished") == []
    assert listed(client, lab="nonsense") == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_empty_run_list_offers_one_action(client_for: ClientFor, learner: User, language: str) -> None:
    text = client_for(learner, language=language).get(reverse("run-list")).content.decode()
    assert text.count("btn-primary") == 1
    assert reverse("lab", args=[next(iter(LABS))]) in text


def test_run_list_has_pages(client_for: ClientFor, learner: User) -> None:
    Run.objects.bulk_create(
        [Run(owner=learner, lab="training", spec=make_run(learner).spec, idempotency_key=f"b{n}") for n in range(24)]
    )
    client = client_for(learner)
    pages = [listed(client, page=str(number)) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [20, 20, 8]
    assert len(set().union(*pages)) == 48


def test_run_list_takes_few_queries(
    client_for: ClientFor, learner: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        make_finished(learner)
    client = client_for(learner)
    with django_assert_max_num_queries(8):
        client.get(reverse("run-list"))


def test_run_list_needs_a_sign_in_and_a_get(client_for: ClientFor, learner: User) -> None:
    assert Client().get(reverse("run-list")).status_code == 302
    assert client_for(learner).post(reverse("run-list")).status_code == 405
