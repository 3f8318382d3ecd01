"""Runs on tables of one's own, from upload to confusion, with a real training process and a real Redis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from labs import children, results, runner
from labs.datasets import services
from labs.datasets.tests.factories import pairs_jsonl, reviews_csv
from labs.models import Run, Upload
from labs.states import State
from labs.tests.factories import TINY, make_run
from portal.accounts.models import User

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("redis_empty"),
]
SMALL = TINY | {"tokenizer": "words", "tokens": 4000, "context": 32}


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Any, settings: Settings) -> Iterator[None]:
    settings.VAR_DIR = tmp_path
    yield
    children.nursery.stop()


def kept(owner: User, name: str, data: bytes, kind: str, **columns: str) -> Upload:
    """A table that its owner has kept."""
    draft = services.draft_create(owner=owner, name=name, chunks=[data], lab="sentiment", recipe="")
    return services.draft_keep(owner=owner, draft_id=draft.pk, kind=kind, columns=columns)


def carried(owner: User, spec: dict[str, Any]) -> Run:
    run = make_run(owner, lab="sentiment", spec=spec)
    runner.work()
    run.refresh_from_db()
    assert run.state == State.FINISHED, run.result
    return run


def test_a_classifier_learns_ones_own_labels(learner: User) -> None:
    upload = kept(learner, "mine.csv", reviews_csv(), "labelled", text="opinion", label="mood")
    run = carried(learner, SMALL | {"task": "classify", "corpus": upload.corpus})
    assert run.data_hash == upload.sha256
    assert run.info["started"]["train_examples"] == upload.facts["train"]
    outcome = results.outcome(run)
    assert outcome["confusion"]
    assert results.headline_name(run) == "accuracy"


def test_a_model_learns_ones_own_pairs(learner: User) -> None:
    upload = kept(learner, "mine.jsonl", pairs_jsonl(), "pairs", source="question", target="answer")
    run = carried(learner, SMALL | {"task": "sequence", "corpus": upload.corpus})
    assert results.headline_name(run) == "bleu"
    assert run.info["started"]["train_examples"] == upload.facts["train"]
