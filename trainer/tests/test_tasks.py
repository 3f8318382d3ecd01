"""What holds for every task with every family that can learn it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from trainer.events import Event, Started
from trainer.loop import never
from trainer.models.base import Model
from trainer.models.registry import build
from trainer.optim import Optimizer
from trainer.reports import report
from trainer.tasks.base import EpochOrder, StoppedError, Task, padded, spread, trimmed
from trainer.tasks.prepare import prepare
from trainer.tests.factories import enliven, losses, run, stop_after, without_clock
from trainer.tests.task_factories import COMBINATIONS, EXAMPLE_COMBINATIONS, task_data, task_spec

RATES = {"bag": 0.5, "skipgram": 0.3}


def made(task: str, family: str, **changes: object) -> tuple[Task, Model]:
    """The task on its tiny data, and a fresh model for it."""
    ready = prepare(task_spec(task, family, **changes), task_data(task))
    return ready, build(ready.config, torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("task", "family"), COMBINATIONS)
def test_the_first_loss_is_that_of_guessing(task: str, family: str) -> None:
    ready, model = made(task, family)
    guess = 6 * math.log(2) if task == "embed" else math.log(ready.config.n_outputs)
    loss = ready.loss(model, ready.draw(0, torch.Generator().manual_seed(1))).item()
    assert loss == pytest.approx(guess, abs=1e-5)
    assert ready.score(model, torch.arange(ready.units), stop=never).loss == pytest.approx(guess, abs=1e-5)


@pytest.mark.parametrize(("task", "family"), COMBINATIONS)
def test_a_handful_of_examples_is_learnt_by_heart(task: str, family: str) -> None:
    rate = RATES.get(family, 0.03)
    ready, model = made(task, family, optimizer="adamw", learning_rate=rate, schedule="constant", d_model=32)
    batch = ready.draw(0, torch.Generator().manual_seed(1))
    optimizer = Optimizer(model, ready.spec)
    first = ready.loss(model, batch).item()
    for _ in range(80):
        model.zero_grad()
        torch.autograd.backward(ready.loss(model, batch))
        optimizer.step(rate)
    # Pairs of words contradict each other, and an untold window may be unlike the rest; all else can be known.
    assert ready.loss(model, batch).item() < first * (0.5 if task == "embed" else 0.1)


@pytest.mark.parametrize(("task", "family"), COMBINATIONS)
def test_stopped_anywhere_it_goes_on_as_if_never_stopped(tmp_path: Path, task: str, family: str) -> None:
    spec, data = task_spec(task, family, dropout=0.1), task_data(task)
    undisturbed = run(tmp_path / "a", spec, data=data)
    assert undisturbed[-1].kind == "finished"
    parts: list[Event] = []
    for calls in (7, 5, 9):  # in the middle of passes, before, in and after an evaluation
        parts += run(tmp_path / "b", spec, data=data, stop=stop_after(calls))
    parts += run(tmp_path / "b", spec, data=data)
    starts = [event.step for event in parts if isinstance(event, Started)]
    assert starts[0] < starts[1] < starts[-1]
    assert without_clock(parts) == without_clock(undisturbed)


@pytest.mark.parametrize(("task", "family"), COMBINATIONS)
def test_the_same_seed_gives_the_same_losses_another_seed_others(tmp_path: Path, task: str, family: str) -> None:
    data, tokens = task_data(task), 96 * 12
    first, again, other = (
        losses(run(tmp_path / name, task_spec(task, family, tokens=tokens, seed=seed), data=data))
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    assert first == again != other


@pytest.mark.parametrize(("task", "family"), EXAMPLE_COMBINATIONS)
def test_padding_never_changes_a_score(task: str, family: str) -> None:
    ready, model = made(task, family)
    enliven(model)
    one_by_one = [ready.score(model, torch.tensor([i]), stop=never) for i in range(ready.units)]
    targets = [int((ready.held_out(torch.tensor([i])).targets >= 0).sum()) for i in range(ready.units)]
    together = ready.score(model, torch.arange(ready.units), stop=never)
    nats = sum(score.loss * n for score, n in zip(one_by_one, targets, strict=True))
    assert together.loss == pytest.approx(nats / sum(targets), abs=1e-5)
    assert together.units == ready.units


@pytest.mark.parametrize(("task", "family"), COMBINATIONS)
def test_samples_are_the_same_at_every_call_and_leave_the_model_in_training(task: str, family: str) -> None:
    ready, model = made(task, family, dropout=0.5)
    enliven(model)
    model.train()
    first = ready.samples(model, max_tokens=12)
    assert first == ready.samples(model, max_tokens=12)
    assert first
    assert all(said.prompt for said in first)
    assert model.training


@pytest.mark.parametrize("task", ["language", "classify", "sequence"])
def test_a_stop_within_an_evaluation_is_heard_at_once(task: str) -> None:
    ready, model = made(task, "gpt")
    with pytest.raises(StoppedError):
        ready.score(model, torch.arange(ready.units), stop=lambda: True)
    assert model.training


@pytest.mark.parametrize(
    ("task", "family"), [("language", "gpt"), ("classify", "bag"), ("tag", "lstm"), ("embed", "skipgram")]
)
def test_a_finished_run_reports_its_measures_with_intervals(tmp_path: Path, task: str, family: str) -> None:
    events = run(tmp_path, task_spec(task, family, tokens=96 * 12), data=task_data(task), report=report)
    evaluations = [event.to_dict() for event in events if event.kind == "evaluation"]
    others = {"language": {"samples"}, "embed": set()}.get(task, {"short"})
    assert {event["slice"] for event in evaluations} == {"held_out", *others}
    for event in evaluations:
        assert event["measures"]
        assert all(found["low"] <= found["value"] <= found["high"] for found in event["measures"].values())
    assert events[-1].kind == "finished"


def test_every_pass_shows_each_example_once_in_an_order_of_its_own() -> None:
    order = EpochOrder(10, 4, seed=1)
    rows = torch.cat([order.rows(step) for step in range(10)]).view(4, 10)
    assert all(sorted(epoch.tolist()) == list(range(10)) for epoch in rows)
    assert len({tuple(epoch.tolist()) for epoch in rows}) == 4


def test_any_step_of_a_pass_is_found_without_those_before_it() -> None:
    order = EpochOrder(7, 5, seed=2)
    in_order = [order.rows(step).tolist() for step in range(6)]
    backwards = [EpochOrder(7, 5, seed=2).rows(step).tolist() for step in reversed(range(6))]
    assert in_order == backwards[::-1]
    assert EpochOrder(7, 5, seed=3).rows(0).tolist() != in_order[0]


def test_rows_are_filled_up_and_trimmed_again() -> None:
    table = padded([[1, 2], [3], []], 9)
    assert table.tolist() == [[1, 2], [3, 9], [9, 9]]
    assert trimmed(table[1:], 9).tolist() == [[3], [9]]
    assert trimmed(table[2:], 9).tolist() == [[9]]


def test_spread_takes_both_ends_and_never_more_than_there_are() -> None:
    assert spread(10, 4).tolist() == [0, 3, 6, 9]
    assert spread(3, 8).tolist() == [0, 1, 2]
    assert spread(1, 8).tolist() == [0]
