"""Continuing, forking, new seeds: whose they are, from where, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from labs.branches import services, words
from labs.branches.files import fork_steps
from labs.branches.panel import beside
from labs.export.services import export_create
from labs.models import Run
from labs.runner import run_dir
from labs.states import State
from labs.tests.factories import make_finished, make_run
from portal.accounts.models import User
from portal.lib.errors import UserError

ClientFor = Callable[..., Client]
ROUTES = ("run-anew", "run-reseed", "run-continue", "run-fork")

pytestmark = pytest.mark.django_db


def kept(owner: User, steps: tuple[int, ...] = (20, 40), **fields: Any) -> Run:
    """A finished run with checkpoints: the last one where the trainer leaves it, the others kept for forks."""
    run = make_finished(owner, **fields)
    folder = run_dir(run)
    (folder / "forks").mkdir(parents=True, exist_ok=True)
    for path in folder.rglob("checkpoint-*"):
        path.unlink()
    for step in steps[:-1]:
        (folder / "forks" / f"checkpoint-{step:06d}.safetensors").touch()
    for step in steps[-1:]:
        (folder / f"checkpoint-{step:06d}.safetensors").touch()
    return run


def test_steps_to_go_on_from_are_those_with_a_checkpoint(learner: User) -> None:
    assert fork_steps(kept(learner)) == [20, 40]
    assert fork_steps(make_run(learner, pk=10**8)) == []


def test_continuing_goes_on_from_the_last_checkpoint(learner: User) -> None:
    run = kept(learner)
    more = services.run_continue(owner=learner, run_id=run.pk, tokens="5120", idempotency_key="a")
    assert (more.parent, more.fork_step, more.steps, more.state) == (run, 40, 80, State.QUEUED)
    assert more.recipe_key == ""  # another run than the recipe alone would give
    assert {name for name in run.spec if run.spec[name] != more.spec[name]} == {"tokens"}
    assert services.run_continue(owner=learner, run_id=run.pk, tokens="5120", idempotency_key="a") == more


def test_a_fork_changes_one_setting_from_a_step_on(learner: User) -> None:
    run = kept(learner)
    asked = {"step": "20", "name": "learning_rate", "value": "0.001"}
    fork = services.run_fork(owner=learner, run_id=run.pk, idempotency_key="a", **asked)
    assert (fork.parent, fork.fork_step, fork.spec["learning_rate"]) == (run, 20, 0.001)
    with translation.override("en"):
        assert "step 20" in words.origin(fork, run)[0]
    found = beside(fork)["parent"]
    assert (found["run"], found["fork_step"], len(found["points"]["step"])) == (run.pk, 20, 40)


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"step": "30", "name": "n_layers", "value": "1"}, {"step", "name"}),
        ({"step": "../20", "name": "seed", "value": "1"}, {"step", "name"}),
        ({"step": "20", "name": "learning_rate", "value": "fast"}, {"value"}),
        ({"step": "20", "name": "dropout", "value": "2"}, {"value"}),
        ({"step": "20", "name": "schedule", "value": "steps"}, {"value"}),
        ({"step": "20", "name": "learning_rate", "value": "0.03"}, {"value"}),
    ],
)
def test_what_a_fork_cannot_be_is_named_at_its_field(learner: User, asked: dict[str, str], fields: set[str]) -> None:
    run = kept(learner)
    with pytest.raises(UserError) as raised:
        services.run_fork(owner=learner, run_id=run.pk, idempotency_key="a", **asked)
    assert set(raised.value.fields) == fields
    assert Run.objects.count() == 1


def test_fewer_tokens_than_it_has_had_are_refused(learner: User) -> None:
    run = kept(learner)
    with pytest.raises(UserError) as raised:
        services.run_continue(owner=learner, run_id=run.pk, tokens="1280", idempotency_key="a")
    assert set(raised.value.fields) == {"tokens"}


def test_a_new_seed_is_another_run_of_the_same_recipe_and_one_a_press(learner: User) -> None:
    run = kept(learner, prediction=1.9)
    again = [services.run_reseed(owner=learner, run_id=run.pk, idempotency_key="a") for _ in range(2)]
    assert again[0] == again[1]
    assert {name for name in run.spec if run.spec[name] != again[0].spec[name]} == {"seed"}
    assert again[0].prediction == 1.9


@pytest.mark.parametrize("fields", [{"graded": True}, {"state": State.RUNNING}, {"state": State.QUEUED}])
def test_graded_and_unfinished_runs_stay_as_they_are(learner: User, fields: dict[str, Any]) -> None:
    run = kept(learner, **fields)
    with pytest.raises(UserError):
        services.run_continue(owner=learner, run_id=run.pk, tokens="5120", idempotency_key="a")
    with pytest.raises(UserError):
        services.run_reseed(owner=learner, run_id=run.pk, idempotency_key="a")


@pytest.mark.parametrize("route", ROUTES)
def test_somebody_elses_run_is_not_there(client_for: ClientFor, learner: User, other_learner: User, route: str) -> None:
    url = reverse(route, args=[kept(learner).pk])
    assert client_for(other_learner).post(url, {"token": "t", "tokens": "5120"}).status_code == 404
    assert client_for(learner).get(url).status_code == 405
    assert Client().post(url).status_code == 302
    assert Run.objects.count() == 1


def test_a_form_goes_to_the_new_run_and_a_wrong_one_comes_back_with_what_was_typed(
    client_for: ClientFor, learner: User
) -> None:
    run, client = kept(learner), client_for(learner, language="en")
    response = client.post(reverse("run-continue", args=[run.pk]), {"tokens": "5120", "token": "t"})
    assert response["Location"] == reverse("run", args=[Run.objects.latest("pk").pk])
    asked = {"step": "20", "name": "clip", "value": "much", "token": "t"}
    refused = client.post(reverse("run-fork", args=[run.pk]), asked)
    assert refused.status_code == 422
    assert 'value="much"' in refused.content.decode()
    assert 'id="fork-error"' in refused.content.decode()


def test_a_branch_says_where_it_comes_from(client_for: ClientFor, learner: User) -> None:
    run = kept(learner)
    more = services.run_continue(owner=learner, run_id=run.pk, tokens="5120", idempotency_key="a")
    page = client_for(learner, language="en").get(reverse("run", args=[more.pk])).content.decode()
    assert f"Goes on from step 40 of run {run.pk}" in page
    assert "An undisturbed longer run would have been another one." in page


def test_a_branch_outlives_its_parent(client_for: ClientFor, learner: User) -> None:
    run = kept(learner)
    more = services.run_continue(owner=learner, run_id=run.pk, tokens="5120", idempotency_key="a")
    run.delete()
    assert client_for(learner).get(reverse("run", args=[more.pk])).status_code == 200


def test_a_branch_has_no_script_but_its_model_can_be_taken_along(learner: User) -> None:
    branch = kept(learner, fork_step=20)
    for kind in ("script", "notebook", "check"):
        with pytest.raises(UserError, match="branch"):
            export_create(owner=learner, run_id=branch.pk, kind=kind)
    assert export_create(owner=learner, run_id=branch.pk, kind="safetensors").run == branch
