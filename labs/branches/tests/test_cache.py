"""The run cache: the same recipe is finished at once, and nothing private or graded ever comes out of it."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from labs import selectors
from labs.branches import cache
from labs.branches.files import has_model, link_files
from labs.models import LabRecord, Run
from labs.runner import run_dir
from labs.services import run_submit, upload_create
from labs.states import State
from labs.tests.factories import TINY, make_finished
from portal.accounts.models import User
from trainer.spec import identity

pytestmark = pytest.mark.django_db


def trained(owner: User, values: dict[str, Any] | None = None, **fields: Any) -> Run:
    """A finished run of a recipe as a worker would have left it, files included."""
    spec, facts, wrong = selectors.check(owner, "training", TINY | (values or {}))
    assert spec is not None
    assert facts is not None
    assert not wrong
    data_hash = facts.data_hash or "made"
    own = identity(spec, data_hash=data_hash, torch_version="2.0")
    info = {
        "started": {"identity": own, "torch": "2.0", "data_hash": data_hash},
        "baseline": {"order": 3, "loss": 2.5, "bits_per_byte": 3.6},
        "weights": "sha256:ab",
        "private": "note",
    }
    key = cache.recipe_key(spec, facts.data_hash)
    values_of = {"spec": spec.to_dict(), "data_hash": data_hash, "info": info, "recipe_key": key}
    run = make_finished(owner, **values_of | fields)
    model = run_dir(run) / "model"
    model.mkdir(parents=True, exist_ok=True)
    (model / "weights.safetensors").write_bytes(b"weights")
    (run_dir(run) / "forks").mkdir(exist_ok=True)
    return run


def submitted(owner: User, key: str = "k", values: dict[str, Any] | None = None, **more: Any) -> Run:
    return run_submit(owner=owner, lab="training", values=TINY | (values or {}), idempotency_key=key, **more)


def test_the_same_recipe_of_anybody_is_finished_at_once(learner: User, other_learner: User) -> None:
    source = trained(learner)
    run = submitted(other_learner, prediction=1.8)
    assert (run.state, run.owner, run.replay_of, run.prediction) == (State.FINISHED, other_learner, source, 1.8)
    assert (run.curve, run.samples, run.result, run.held_out) == (
        source.curve,
        source.samples,
        source.result,
        source.held_out,
    )
    assert set(run.info) == {"started", "baseline", "weights"}
    weights = run_dir(run) / "model" / "weights.safetensors"
    assert weights.read_bytes() == b"weights"
    assert weights.stat().st_ino == (run_dir(source) / "model" / "weights.safetensors").stat().st_ino
    assert LabRecord.objects.filter(user=other_learner, lab="training").exists()


def test_the_same_press_twice_is_one_replay(learner: User, other_learner: User) -> None:
    trained(learner)
    assert submitted(other_learner).pk == submitted(other_learner).pk
    assert Run.objects.filter(owner=other_learner).count() == 1


def test_a_replay_does_not_wait_for_a_place_in_the_queue(learner: User, settings: Settings) -> None:
    trained(learner)
    settings.LAB_MAX_QUEUED = 0
    assert submitted(learner).state == State.FINISHED


def test_one_setting_another_and_it_is_trained(learner: User) -> None:
    trained(learner)
    for change in ({"seed": 2}, {"learning_rate": 0.02}, {"prompts": ["mine"]}, {"data_seed": 2}):
        assert submitted(learner, key=str(change), values=change).state == State.QUEUED


def test_anew_means_anew(learner: User) -> None:
    trained(learner)
    assert submitted(learner, replay=False).state == State.QUEUED


def test_a_private_text_is_never_shared_not_even_with_its_owner(learner: User, other_learner: User) -> None:
    text = ("It was the best of times, it was the worst of times. " * 200).encode()
    mine = upload_create(owner=learner, name="mine", data=text)
    source = trained(learner, {"corpus": mine.corpus})
    assert source.recipe_key == ""
    Run.objects.filter(pk=source.pk).update(recipe_key="forged")
    upload_create(owner=other_learner, name="theirs", data=text)  # the same words: known to both, and still trained
    assert submitted(other_learner, values={"corpus": mine.corpus}).state == State.QUEUED
    assert submitted(learner, values={"corpus": mine.corpus}).state == State.QUEUED


@pytest.mark.parametrize(
    "fields",
    [
        {"graded": True},
        {"state": State.CANCELLED},
        {"state": State.DIVERGED},
        {"recipe_key": ""},
    ],
)
def test_only_finished_ungraded_runs_are_sources(learner: User, fields: dict[str, Any]) -> None:
    trained(learner, **fields)
    assert submitted(learner).state == State.QUEUED


def test_a_replay_is_no_source(learner: User, other_learner: User) -> None:
    source = trained(learner)
    replay = submitted(other_learner)
    assert cache.stored_run(source.recipe_key) == source
    source.delete()
    replay.refresh_from_db()
    assert replay.replay_of is None  # its own from now on, with its own link to the files
    assert has_model(replay)


def test_a_run_of_another_engine_or_without_its_files_is_trained_again(learner: User) -> None:
    run = trained(learner)
    (run_dir(run) / "model" / "weights.safetensors").unlink()
    assert submitted(learner, key="a").state == State.QUEUED
    other = trained(learner)
    Run.objects.filter(pk=other.pk).update(info=other.info | {"started": {"identity": "of another engine"}})
    assert submitted(learner, key="b").state == State.QUEUED


def test_files_that_cannot_be_linked_leave_nothing_behind(learner: User) -> None:
    source, run = make_finished(learner, pk=10**9), make_finished(learner)
    with pytest.raises(OSError, match="No such file"):
        link_files(source, run)
    assert not run_dir(run).exists()


def test_generated_data_are_known_by_the_code_that_makes_them(learner: User) -> None:
    spec = selectors.recipe("block", {})
    assert cache.recipe_key(spec, "") == cache.recipe_key(spec, "")
    assert cache.recipe_key(spec, "") != cache.recipe_key(selectors.recipe("block", {"data_seed": 2}), "")
