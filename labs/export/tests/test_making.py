"""Exports from claim to file, and a check to its end, with real training processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation
from pytest_django.fixtures import Settings

from labs import children, play, runner, services, uploads
from labs.endings import ending_of
from labs.export import making
from labs.export.models import Export
from labs.export.selectors import files
from labs.export.states import Kind, Stage
from labs.models import Generation, Run
from labs.states import State
from labs.tests.factories import make_run
from portal.accounts.models import User

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("redis_empty"),
]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Any, settings: Settings) -> Iterator[None]:
    settings.VAR_DIR = tmp_path
    yield
    children.nursery.stop()


def made(run: Run, kind: Kind) -> Export:
    """An export carried out."""
    job = Export.objects.create(run=run, kind=kind)
    making.make(job.pk)
    job.refresh_from_db()
    return job


def trained(owner: User, **spec: Any) -> Run:
    """A run of `spec` brought to its end."""
    run = make_run(owner, spec=spec)
    runner.work()
    run.refresh_from_db()
    assert run.state == State.FINISHED, run.result
    return run


def test_a_script_repeats_its_run_and_the_model_opens_elsewhere(learner: User) -> None:
    run = trained(learner)
    script = made(run, Kind.SCRIPT)
    assert script.state == Stage.DONE, script.error
    assert [path.name for path in files(script)][-1] == "train.py"
    check = made(run, Kind.CHECK)
    assert check.state == Stage.DONE, check.result
    assert (check.result["outcome"], check.result["equal"]) == ("identical", run.steps)
    notebook = made(run, Kind.NOTEBOOK)
    assert json.loads(next(path for path in files(notebook) if path.suffix == ".ipynb").read_text())["nbformat"] == 4
    for kind, name in {Kind.SAFETENSORS: "weights.safetensors", Kind.TRANSFORMERS: "model.safetensors"}.items():
        job = made(run, kind)
        if job.state == Stage.FAILED:
            assert (kind, job.error) == (Kind.TRANSFORMERS, "not_exportable")
            continue
        assert name in job.result["files"]


def test_a_check_that_nobody_wants_any_more_ends(learner: User) -> None:
    run = trained(learner)
    job = Export.objects.create(run=run, kind=Kind.CHECK)
    Export.objects.filter(pk=job.pk).update(cancel_requested_at=run.created_at)
    making.make(job.pk)
    job.refresh_from_db()
    assert job.state == Stage.CANCELLED


def test_files_that_are_not_ours_are_refused_with_words(learner: User) -> None:
    text = "\n".join(f"A line of a text of my own, number {number}." for number in range(200))
    upload = services.upload_create(owner=learner, name="mine.txt", data=text.encode())
    run = trained(learner, corpus=upload.corpus)
    weights = runner.run_dir(run) / "model" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    generation = Generation.objects.create(run=run, prompt="A", temperature=1.0)
    play.generate(generation.pk)
    generation.refresh_from_db()
    assert (generation.state, generation.error) == ("failed", "changed_model")
    uploads.path_of(upload.corpus).write_text(text + "!", encoding="utf-8")
    assert made(run, Kind.SCRIPT).error == "changed"
    again = make_run(learner, spec={"corpus": upload.corpus, "seed": 2})
    runner.work()
    again.refresh_from_db()
    assert again.state == State.REFUSED
    with translation.override("en"):
        ending = ending_of(again)
    assert ending is not None
    assert "not what was uploaded" in ending.happened
