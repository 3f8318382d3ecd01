"""A run from claim to ending, with a real training process and a real Redis."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from labs import channel, children, queue, runner
from labs.curves import Ledger
from labs.models import LabRecord, Run
from labs.signals import lab_reached
from labs.states import State
from labs.tests.factories import TINY, make_run
from portal.accounts.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_empty")]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Any, settings: Settings) -> Iterator[None]:
    settings.VAR_DIR = tmp_path
    yield
    children.nursery.stop()


def losses(run: Run) -> list[float]:
    return list(run.curve["loss"])


def undisturbed(owner: User, **spec: Any) -> Run:
    run = make_run(owner, spec=spec)
    runner.work()
    run.refresh_from_db()
    return run


def interrupt(monkeypatch: pytest.MonkeyPatch, act: Callable[[Any, dict[str, Any]], object], *, at: int) -> None:
    """Have `act(supervisor, event)` called once, with the first point at or after step `at`."""
    take = runner.Supervisor._take
    done: list[bool] = []

    def taking(self: Any, events: list[dict[str, Any]]) -> None:
        take(self, events)
        hit = [event for event in events if event["kind"] == "point" and event["step"] >= at]
        if hit and not done:
            done.append(True)
            act(self, hit[0])

    monkeypatch.setattr(runner.Supervisor, "_take", taking)


def test_a_run_ends_as_finished_with_its_whole_curve(learner: User) -> None:
    run = undisturbed(learner)
    assert run.state == State.FINISHED
    assert run.curve["step"] == list(range(1, 41))
    assert run.curve["held_out"]["step"] == [10, 20, 30, 40]
    assert run.held_out == run.result["loss"] == run.curve["held_out"]["loss"][-1]
    assert run.info["started"]["steps"] == 40
    assert run.info["baseline"]["order"] >= 3
    assert {sample["prompt"] for sample in run.samples} == {"The ", "def ", "If the "}
    assert run.lease_until is None
    assert run.finished_at is not None


def test_the_stream_tells_the_same_as_the_row(learner: User) -> None:
    run = undisturbed(learner)
    ledger, state = channel.replay(Ledger(), channel.read(run.pk))
    assert state == State.FINISHED
    assert ledger.curve == run.curve
    assert ledger.samples == run.samples


def test_the_same_recipe_gives_the_same_losses(learner: User) -> None:
    assert losses(undisturbed(learner)) == losses(undisturbed(learner))


def test_a_killed_training_process_resumes_and_ends_with_the_undisturbed_curve(
    learner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = undisturbed(learner, tokens=25_600)
    pids = []
    start = children.Nursery.start

    def starting(self: Any, request: dict[str, Any]) -> children.Child:
        child = start(self, request)
        pids.append(child.pid)
        return child

    monkeypatch.setattr(children.Nursery, "start", starting)
    interrupt(monkeypatch, lambda supervisor, event: os.kill(pids[-1], signal.SIGKILL), at=50)
    run = undisturbed(learner, tokens=25_600)
    assert len(pids) == 2
    assert (run.state, run.attempt) == (State.FINISHED, 2)
    assert losses(run) == losses(calm)
    assert run.curve["held_out"]["loss"] == calm.curve["held_out"]["loss"]
    assert run.samples == calm.samples
    ledger, _ = channel.replay(Ledger(), channel.read(run.pk))
    assert ledger.curve == run.curve


def test_a_drained_worker_gives_the_run_back_at_its_very_step(learner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    calm = undisturbed(learner, tokens=64_000)
    flag: list[bool] = []
    monkeypatch.setattr(runner, "draining", lambda: bool(flag))
    interrupt(monkeypatch, lambda supervisor, event: flag.append(True), at=50)
    run = undisturbed(learner, tokens=64_000)
    assert (run.state, run.attempt) == (State.QUEUED, 0)
    assert 50 <= run.step < 1000
    flag.clear()
    runner.work()
    run.refresh_from_db()
    assert (run.state, run.attempt) == (State.FINISHED, 1)
    assert losses(run) == losses(calm)


def test_a_cancel_ends_a_running_run_and_keeps_what_was_shown(learner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(
        monkeypatch,
        lambda supervisor, event: Run.objects.filter(pk=supervisor.run.pk).update(
            cancel_requested_at="2026-01-01T00:00Z"
        ),
        at=20,
    )
    run = undisturbed(learner, tokens=640_000)
    assert run.state == State.CANCELLED
    assert 20 <= run.step < 10_000
    assert len(run.curve["step"]) == run.step


def test_a_worker_that_lost_its_fence_changes_nothing(learner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def steal(supervisor: Any, event: dict[str, Any]) -> None:
        Run.objects.filter(pk=supervisor.run.pk).update(fence=99, state=State.RUNNING, step=7)

    interrupt(monkeypatch, steal, at=20)
    run = undisturbed(learner, tokens=64_000)
    assert (run.state, run.fence, run.step, run.result) == (State.RUNNING, 99, 7, {})


def test_the_stream_refuses_an_older_fence(learner: User) -> None:
    newer, older = channel.Channel(1, fence=5), channel.Channel(1, fence=4)
    assert newer.send("state", {"state": "running"})
    assert not older.send("state", {"state": "failed"})
    assert len(channel.read(1)) == 1


def test_a_loss_that_explodes_ends_as_diverged_with_its_step(learner: User) -> None:
    run = undisturbed(learner, optimizer="adamw", learning_rate=10.0, tokens=25_600)
    assert run.state == State.DIVERGED
    assert run.result["detail"]["step"] >= 1
    assert run.result["detail"]["rate"] > 0
    assert run.curve["step"][-1] <= run.result["step"]


def test_a_run_over_its_time_ends_as_out_of_time(learner: User, settings: Settings) -> None:
    settings.LAB_RUN_SECONDS = 0
    assert undisturbed(learner).state == State.OUT_OF_TIME


def test_a_run_over_its_memory_ends_as_out_of_memory(learner: User, settings: Settings) -> None:
    settings.LAB_MEMORY_MB = 300
    run = undisturbed(learner, n_layers=6, d_model=256, n_heads=1, context=256, batch=64, tokens=64_000)
    assert run.state in {State.OUT_OF_MEMORY, State.WORKER_LOST}
    assert run.state == State.OUT_OF_MEMORY


def test_a_poison_run_ends_as_worker_lost_after_its_attempts(learner: User, settings: Settings) -> None:
    settings.LAB_MAX_ATTEMPTS = 2
    run = make_run(learner)
    Run.objects.filter(pk=run.pk).update(spec=run.spec | {"corpus": "sha256:missing"})
    runner.work()
    run.refresh_from_db()
    assert (run.state, run.attempt) == (State.WORKER_LOST, 2)


def test_redis_gone_in_mid_run_costs_nothing(learner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    calm = undisturbed(learner, tokens=25_600)
    broken: list[bool] = []
    send = channel.Channel.send

    def sending(self: Any, kind: str, values: Any) -> bool:
        if broken:
            self.stale = True
            return False
        return send(self, kind, values)

    monkeypatch.setattr(channel.Channel, "send", sending)
    interrupt(monkeypatch, lambda supervisor, event: broken.append(True), at=30)
    run = undisturbed(learner, tokens=25_600)
    assert run.state == State.FINISHED
    assert losses(run) == losses(calm)


def test_reaching_the_labs_goal_is_recorded_once_and_told(learner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[dict[str, Any]] = []

    def listen(**values: Any) -> None:
        heard.append(values)

    lab_reached.connect(listen)
    take = runner.Supervisor._take

    def easier(self: Any, events: list[dict[str, Any]]) -> None:
        take(self, [event | {"loss": 9.0} if event["kind"] == "baseline" else event for event in events])

    monkeypatch.setattr(runner.Supervisor, "_take", easier)
    try:
        undisturbed(learner)
        undisturbed(learner)
    finally:
        lab_reached.disconnect(listen)
    record = LabRecord.objects.get(user=learner, lab="training")
    assert record.reached_at is not None
    assert record.best["margin"] > 0
    assert [item["lab"] for item in heard] == ["training"]


def test_five_wake_ups_run_a_run_once(learner: User) -> None:
    make_run(learner)
    assert [runner.work() for _ in range(5)] == [1, 0, 0, 0, 0]
    assert queue.claim() is None


def test_what_is_stored_is_plain_json(learner: User) -> None:
    run = undisturbed(learner)
    json.dumps([run.curve, run.samples, run.info, run.result], allow_nan=False)
    assert TINY["tokens"] == run.curve["tokens"][-1]
