"""Questions about a run, answered by a real child process."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from labs import children, writing
from labs.inside import looking
from labs.inside.models import Probe
from labs.inside.services import probe_ask
from labs.inside.states import Probed
from labs.models import Run
from labs.runner import run_dir
from labs.states import State
from labs.tests.factories import TINY, make_finished
from portal.accounts.models import User
from trainer.spec import RunSpec

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("redis_server")]

TEXT = {"text": "The cat"}
PLAY = {"prompt": "The ", "max_tokens": 5, "temperature": 0.8, "top_k": 0, "top_p": 1.0, "seed": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What a run leaves on disk, trained once."""
    folder = tmp_path_factory.mktemp("trained")
    asked = {"kind": "train", "spec": RunSpec.parse(TINY).to_dict(), "run_dir": str(folder), "max_seconds": 60}
    child = children.nursery.start(asked)
    while not child.closed:
        child.read(1)
    assert child.wait() == 0
    yield folder
    children.nursery.stop()


@pytest.fixture
def trained(learner: User, folder: Path, tmp_path: Path, settings: Settings) -> Iterator[Run]:
    settings.VAR_DIR = tmp_path
    run = make_finished(learner)
    shutil.copytree(folder, run_dir(run))
    yield run
    children.nursery.let_go()


def answered(run: Run, question: str, **params: Any) -> Probe:
    probe = probe_ask(owner=run.owner, run_id=run.pk, question=question, values=params)
    looking.look(probe.pk)
    probe.refresh_from_db()
    return probe


def kept(run: Run) -> children.Child | None:
    return children.nursery.kept(f"{run.pk} {run.fence} {run.state}")


def test_every_question_is_answered_by_one_child_that_gives_way_to_a_text(trained: Run) -> None:
    about_text = ("attention", "head", "next", "surprise", "lens", "gradients", "neighbours")
    found = {question: answered(trained, question, **TEXT) for question in about_text}
    child = kept(trained)
    found |= {question: answered(trained, question) for question in ("ablation", "map", "induction")}
    assert {name: (probe.state, probe.error) for name, probe in found.items()} == dict.fromkeys(found, ("done", ""))
    assert child is not None
    assert kept(trained) is child
    assert len(json.loads(found["attention"].answer)["heads"]) == 1
    assert json.loads(found["head"].answer)["masked"][0][1] is None, "the first token sees nothing behind it"
    assert len(json.loads(found["lens"].answer)["layers"]) == 2
    assert writing.write(trained, PLAY).tokens == 5
    assert kept(trained) is None


def test_a_step_is_looked_at_by_its_snapshot_and_the_last_one_is_the_finished_model(trained: Run) -> None:
    early, last = answered(trained, "next", **TEXT, step=10), answered(trained, "next", **TEXT, step=40)
    assert json.loads(early.answer)["logits"] != json.loads(last.answer)["logits"]
    assert answered(trained, "next", **TEXT).pk == last.pk
    Run.objects.filter(pk=trained.pk).update(state=State.CANCELLED)
    shutil.rmtree(run_dir(trained) / "model")
    again = answered(trained, "next", **TEXT, step=10)
    assert again.pk != early.pk
    assert json.loads(again.answer) == json.loads(early.answer), "a run without a model has its snapshots"


def test_a_combination_of_parts_is_measured_beside_the_single_ones(trained: Run) -> None:
    parts = [{"branch": "attention", "layer": 0}, {"branch": "feed_forward", "layer": 0}]
    both = json.loads(answered(trained, "ablation", groups=[parts]).answer)["changes"]
    (change,) = both
    alone = json.loads(answered(trained, "ablation").answer)
    assert (len(change["parts"]), len(alone["changes"])) == (2, 4)
    nothing = answered(trained, "ablation", groups=[[{"branch": "attention", "layer": 7}]])
    assert (nothing.state, nothing.error) == ("failed", "not_a_choice")


def test_what_has_no_answer_says_why_and_is_not_tried_again(trained: Run) -> None:
    probe = answered(trained, "lens", text="龘")
    assert (probe.state, probe.error, probe.detail) == ("failed", "nothing_known", {"unknown": ["龘"]})
    assert answered(trained, "lens", text="龘").finished_at == probe.finished_at


def test_a_child_that_has_left_is_replaced_and_a_killed_one_too(trained: Run) -> None:
    answered(trained, "lens", **TEXT)
    child = kept(trained)
    assert child is not None
    child.kill()
    assert answered(trained, "surprise", **TEXT).state == Probed.DONE
    assert kept(trained) not in (None, child)


def test_a_changed_model_is_not_looked_into(trained: Run) -> None:
    weights = run_dir(trained) / "model" / "weights.safetensors"
    ours = f"sha256:{hashlib.sha256(weights.read_bytes()).hexdigest()}"
    Run.objects.filter(pk=trained.pk).update(info={"weights": ours})
    assert answered(trained, "surprise", **TEXT).error == ""
    children.nursery.let_go()
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    assert answered(trained, "lens", **TEXT).error == "changed_model"
