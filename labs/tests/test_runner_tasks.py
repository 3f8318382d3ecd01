"""Runs of every task, from claim to measures, with a real training process and a real Redis; fine-tuned ones too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from labs import children, results, runner
from labs.endings import ending_of
from labs.models import Run
from labs.states import State
from labs.tests.factories import TINY, make_run
from portal.accounts.models import User

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("redis_empty"),
]

SMALL = TINY | {"tokenizer": "words", "tokens": 4000}
REVIEWS = SMALL | {"task": "classify", "corpus": "reviews", "context": 32, "examples": 60}
TASKS: dict[str, tuple[dict[str, Any], str]] = {
    "classify": (REVIEWS, "accuracy"),
    "tag": (SMALL | {"task": "tag", "family": "lstm", "corpus": "entities", "context": 32, "examples": 200}, "f1"),
    "sequence": (SMALL | {"task": "sequence", "corpus": "copy", "examples": 200, "context": 24}, "exact_match"),
    "translation": (
        SMALL | {"task": "sequence", "family": "seq2seq", "corpus": "translation", "examples": 200, "context": 24},
        "bleu",
    ),
    "embed": (SMALL | {"task": "embed", "family": "skipgram", "corpus": "word-classes"}, "accuracy"),
    "masked": (SMALL | {"task": "masked", "family": "encoder", "corpus": "word-classes"}, "accuracy"),
}
"""A tiny recipe of each task, and the measure that stands for it."""


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Any, settings: Settings) -> Iterator[None]:
    settings.VAR_DIR = tmp_path
    yield
    children.nursery.stop()


def carried(owner: User, spec: dict[str, Any], lab: str = "sentiment") -> Run:
    """A run brought to its end."""
    run = make_run(owner, lab=lab, spec=spec)
    runner.work()
    run.refresh_from_db()
    return run


@pytest.mark.parametrize("task", TASKS)
def test_a_run_ends_with_its_tasks_own_measures(learner: User, task: str) -> None:
    spec, measure = TASKS[task]
    run = carried(learner, spec)
    assert run.state == State.FINISHED, run.result
    assert results.headline_name(run) == measure
    assert results.outcome(run)["slices"]["rows"]
    assert run.curve["shares"]["step"] == run.curve["held_out"]["step"]
    assert run.curve["layers"]
    assert run.samples
    assert run.info["weights"].startswith("sha256:")
    assert run.data_hash == run.info["started"]["data_hash"]
    assert runner.run_dir(run).joinpath("snapshots").exists()


def test_a_run_goes_on_from_ones_own_model(learner: User, other_learner: User) -> None:
    first = carried(learner, REVIEWS)
    tuned = REVIEWS | {"tuning": "lora", "base": first.info["weights"], "examples": 40}
    second = carried(learner, tuned)
    assert second.state == State.FINISHED, second.result
    assert second.info["started"]["trained"] < second.info["started"]["params"]
    stranger = carried(other_learner, tuned)
    assert stranger.state == State.REFUSED, "the model is somebody else's"


def test_a_shape_other_than_the_base_models_is_refused_with_words(learner: User) -> None:
    first = carried(learner, REVIEWS)
    run = carried(learner, REVIEWS | {"tuning": "full", "base": first.info["weights"], "d_model": 32})
    assert run.state == State.REFUSED
    ending = ending_of(run)
    assert ending is not None
    assert "16" in ending.happened
