"""Runs that start from the weights of another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from trainer.events import Event, Finished, Started
from trainer.folder import load_model
from trainer.loop import never
from trainer.models.base import Model
from trainer.spec import RunSpec, SpecError
from trainer.starting import base_hash, fine_tuned
from trainer.tasks.prepare import prepare
from trainer.tests.factories import enliven, losses, run, stop_after, without_clock
from trainer.tests.task_factories import task_data, task_spec

TUNINGS = ("frozen", "full", "lora")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of a short masked pre-training."""
    folder = tmp_path_factory.mktemp("encoder")
    run(folder, task_spec("masked", "encoder"), data=task_data("masked"))
    return folder / "model"


@pytest.fixture(scope="module")
def gpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of a short language run."""
    folder = tmp_path_factory.mktemp("gpt")
    run(folder, task_spec("language", "gpt"), data=task_data("language"))
    return folder / "model"


def tuned_spec(
    base: Path, *, tuning: str = "full", family: str = "encoder", task: str = "classify", **more: Any
) -> RunSpec:
    return task_spec(task, family, tuning=tuning, base=base_hash(base), **more)


def weights(model: Model) -> dict[str, torch.Tensor]:
    return {name: param.detach().clone() for name, param in model.named_parameters()}


@pytest.mark.parametrize("tuning", TUNINGS)
def test_a_masked_encoder_becomes_a_classifier(tmp_path: Path, encoder: Path, tuning: str) -> None:
    events = run(tmp_path, tuned_spec(encoder, tuning=tuning, lora_rank=2), data=task_data("classify"), base=encoder)
    started, finished = events[0], events[-1]
    assert isinstance(started, Started)
    assert isinstance(finished, Finished)
    before, tokenizer = load_model(encoder)
    after, same_tokenizer = load_model(tmp_path / "model")
    assert same_tokenizer.vocab_size == tokenizer.vocab_size
    head = 2 * 16
    assert (started.trained == head) == (tuning == "frozen")
    assert (started.trained == started.params) == (tuning == "full")
    changed = {
        name
        for name, param in after.named_parameters()
        if param.shape != before.get_parameter(name).shape or not torch.equal(param, before.get_parameter(name))
    }
    everything = {name for name, _ in after.named_parameters()}
    matrices = {name for name in everything if name.startswith("blocks.")}
    assert changed == {"frozen": {"head"}, "full": everything, "lora": {"head", *matrices}}[tuning]
    assert losses(events)[-1] < losses(events)[0]


def test_low_rank_changes_are_written_into_the_weights(tmp_path: Path, encoder: Path) -> None:
    spec, data = tuned_spec(encoder, tuning="lora"), task_data("classify")
    events = run(tmp_path, spec, data=data, base=encoder)
    model, tokenizer = load_model(tmp_path / "model")
    task = prepare(spec, data, tokenizer)
    score = task.score(model, torch.arange(task.units), stop=never)
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert score.loss == pytest.approx(finished.loss, abs=1e-5)


@pytest.mark.parametrize("tuning", TUNINGS)
def test_a_fine_tuned_run_resumes_to_the_same_curve(tmp_path: Path, encoder: Path, tuning: str) -> None:
    spec, data = tuned_spec(encoder, tuning=tuning, dropout=0.1), task_data("classify")
    undisturbed = run(tmp_path / "a", spec, data=data, base=encoder)
    parts: list[Event] = []
    for calls in (7, 5):
        parts += run(tmp_path / "b", spec, data=data, base=encoder, stop=stop_after(calls))
    parts += run(tmp_path / "b", spec, data=data, base=encoder)
    assert without_clock(parts) == without_clock(undisturbed)


def test_a_language_model_goes_on_where_it_was(tmp_path: Path, gpt: Path) -> None:
    spec = tuned_spec(gpt, family="gpt", task="language")
    model, tokenizer = load_model(gpt)
    task = prepare(spec, task_data("language"), tokenizer)
    before = task.score(model, torch.arange(task.units), stop=never).loss
    started = fine_tuned(task, model, torch.Generator().manual_seed(1))
    assert task.score(started, torch.arange(task.units), stop=never).loss == before
    assert losses(run(tmp_path, spec, data=task_data("language"), base=gpt))[-1] < before + 0.1


def test_words_and_their_outputs_stay_where_special_tokens_join_them(gpt: Path) -> None:
    model, tokenizer = load_model(gpt)
    enliven(model)
    task = prepare(tuned_spec(gpt, family="gpt", task="sequence"), task_data("sequence"), tokenizer)
    tuned = fine_tuned(task, model, torch.Generator().manual_seed(1))
    known = tokenizer.vocab_size
    assert tuned.head is not None
    assert model.head is not None
    assert tuned.embedding.shape[0] == tuned.head.shape[0] == known + 4
    assert torch.equal(tuned.embedding[:known], model.embedding)
    assert torch.equal(tuned.head[:known], model.head)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"base": "sha256:" + 64 * "0"}, "base"),
        ({"base": ""}, "base"),
        ({"tuning": "scratch"}, "base"),
        ({"d_model": 32}, "d_model"),
        ({"n_layers": 2}, "n_layers"),
        ({"activation": "gelu"}, "activation"),
        ({"family": "gpt"}, "family"),
        ({"family": "bag"}, "tuning"),
    ],
)
def test_a_base_that_does_not_suit_the_recipe_is_refused_and_nothing_written(
    tmp_path: Path, encoder: Path, changes: dict[str, Any], field: str
) -> None:
    values = tuned_spec(encoder).to_dict() | changes
    with pytest.raises(SpecError) as caught:
        run(tmp_path / "run", RunSpec.parse(values), data=task_data("classify"), base=encoder)
    assert next(iter(caught.value.errors)) == field
    assert not (tmp_path / "run").exists()


def test_a_missing_base_is_refused(tmp_path: Path, encoder: Path) -> None:
    for folder in (None, tmp_path / "nowhere"):
        with pytest.raises(SpecError, match="base"):
            run(tmp_path / "run", tuned_spec(encoder), data=task_data("classify"), base=folder)


def test_a_longer_context_needs_positions_that_were_learnt(tmp_path: Path) -> None:
    run(tmp_path, task_spec("language", "gpt", positions="learned"), data=task_data("language"))
    base = tmp_path / "model"
    longer = tuned_spec(base, family="gpt", task="language", positions="learned", context=32)
    with pytest.raises(SpecError, match="context"):
        run(tmp_path / "run", longer, data=task_data("language"), base=base)


@pytest.mark.parametrize("tuning", ["frozen", "lora"])
def test_a_tied_head_cannot_learn_alone(gpt: Path, tuning: str) -> None:
    with pytest.raises(SpecError, match="tied"):
        tuned_spec(gpt, tuning=tuning, family="gpt", task="language", tied=True)
