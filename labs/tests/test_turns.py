"""Runs that share a worker: first points for everybody, then turns, and the curves of undisturbed runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from labs import channel, children, line, runner
from labs.control.models import ControlAction, Mode
from labs.curves import Ledger
from labs.models import Run
from labs.states import State
from labs.tests.factories import make_run
from portal.accounts.models import User

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_empty")]

LONG: dict[str, Any] = {"tokens": 64_000}
"""A thousand steps; about a second."""


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(line, "PATIENCE_S", 0.0)
    monkeypatch.setattr(line, "NEARLY_DONE_S", 0.1)
    yield
    children.nursery.stop()


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs that were taken up, slice by slice."""
    taken: list[int] = []
    carry = runner.Supervisor.carry

    def carrying(self: runner.Supervisor) -> None:
        taken.append(self.run.pk)
        carry(self)

    monkeypatch.setattr(runner.Supervisor, "carry", carrying)
    return taken


def test_everybody_sees_first_points_before_anybody_ends(
    learner: User, other_learner: User, manager: User, slices: list[int], settings: Settings
) -> None:
    runs = [make_run(owner, spec=LONG) for owner in (learner, other_learner, manager)]
    runner.work()
    a, b, c = (run.pk for run in runs)
    assert slices == [a, b, c, a, b, c]
    losses = []
    for run in runs:
        run.refresh_from_db()
        assert (run.state, run.attempt) == (State.FINISHED, 1)
        assert run.trained_s > 0
        losses.append(run.curve["loss"])
    assert losses[0] == losses[1] == losses[2]
    alone = make_run(learner, spec=LONG)
    runner.work()
    alone.refresh_from_db()
    assert slices[6:] == [alone.pk]
    assert alone.curve["loss"] == losses[0]
    assert alone.curve["held_out"]["loss"] == runs[0].curve["held_out"]["loss"]
    assert alone.samples == runs[0].samples
    ledger, state = channel.replay(Ledger(), channel.read(runs[0].pk))
    assert (ledger.curve, state) == (runs[0].curve, State.FINISHED)


def test_a_run_whose_turn_is_over_goes_behind_those_who_wait(
    learner: User, other_learner: User, slices: list[int], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LAB_TURN_S = 0.5
    monkeypatch.setattr(line, "STARTS_A_TURN", 1)
    long = {"tokens": 192_000}
    first, second = make_run(learner, spec=long), make_run(other_learner, spec=long)
    runner.work()
    assert slices[:4] == [first.pk, second.pk, first.pk, second.pk]
    assert len(slices) > 4
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.curve["loss"] == second.curve["loss"]
    assert {first.state, second.state} == {State.FINISHED}


def test_a_drained_queue_gives_its_run_back_and_takes_none_up(
    learner: User, slices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(learner, spec=LONG)
    take = runner.Supervisor._take

    def taking(self: runner.Supervisor, events: list[dict[str, Any]]) -> None:
        take(self, events)
        if self.ledger.step >= 20 and not ControlAction.objects.exists():
            ControlAction.objects.create(mode=Mode.DRAINED)

    monkeypatch.setattr(runner.Supervisor, "_take", taking)
    runner.work()
    run.refresh_from_db()
    assert (run.state, run.attempt) == (State.QUEUED, 0)
    assert runner.work() == 0
    ControlAction.objects.create(mode=Mode.OPEN)
    assert runner.work() == 1
    run.refresh_from_db()
    assert (run.state, run.attempt) == (State.FINISHED, 1)
    assert slices == [run.pk, run.pk]
    assert Run.objects.count() == 1
