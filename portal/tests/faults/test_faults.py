"""Every process of a whole portal dies in mid-run; the run ends with exactly the undisturbed curve, recorded once."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from portal.testing.browser import EMAILS
from portal.testing.client import Message, Session, messages, steps_of
from portal.testing.server import PASSWORD, Portal

pytestmark = pytest.mark.slow

RECIPE = {"tokens": 204_800, "n_layers": 2, "d_model": 64}
"""200 steps: about three seconds of training, twenty checkpoints."""
DEADLINE_S = 90.0
ENDED = "finished"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Short leases, and three seconds before a dead process is started again."""
    environment = {"LAB_LEASE_S": "3", "LAB_REAP_S": "1"}
    with Portal(tmp_path_factory.mktemp("faults"), env=environment, restart_after_s=3) as portal:
        yield portal


@pytest.fixture(scope="module")
def session(portal: Portal) -> Session:
    return Session(portal.url, EMAILS["learner"], PASSWORD)


def submit(session: Session, **spec: Any) -> int:
    return int(session.api("POST", "/api/runs/", {"lab": "training", "spec": RECIPE | spec})["id"])


def read(session: Session, run: int) -> dict[str, Any]:
    values: dict[str, Any] = session.api("GET", f"/api/runs/{run}/")
    return values


def wait_for(session: Session, run: int, *, step: int = 0, ended: bool = False) -> dict[str, Any]:
    """Poll until the run has reached a step (as the live stream knows it) or its end."""
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        now = session.api("GET", f"/api/runs/{run}/events/?after=999999")
        if now["ended"] if ended else now["step"] >= step:
            return read(session, run)
        time.sleep(0.05)
    raise AssertionError(f"run {run} did not get there: {read(session, run)}")


def shown(run: dict[str, Any]) -> dict[str, Any]:
    """What a run's curve says, without the clock."""
    curve = run["curve"]
    return {
        "loss": curve["loss"],
        "step": curve["step"],
        "held_out": [curve["held_out"][name] for name in ("step", "loss", "bits_per_byte")],
        "result": {name: run["result"][name] for name in ("kind", "step", "loss", "perplexity")},
    }


@pytest.fixture(scope="module")
def calm(session: Session) -> dict[str, Any]:
    """The undisturbed run."""
    return wait_for(session, submit(session), ended=True)


def test_the_training_worker_is_killed(portal: Portal, session: Session, calm: dict[str, Any]) -> None:
    run = submit(session)
    wait_for(session, run, step=60)
    old = portal.kill("train")
    end = wait_for(session, run, ended=True)
    portal.wait_for_restart("train", old)
    assert shown(end) == shown(calm)
    assert end["attempt"] == 2


def test_redis_is_killed_for_three_seconds(portal: Portal, session: Session, calm: dict[str, Any]) -> None:
    run = submit(session)
    wait_for(session, run, step=60)
    old = portal.kill("redis")
    end = wait_for(session, run, ended=True)
    portal.wait_for_restart("redis", old)
    assert shown(end) == shown(calm)
    assert end["attempt"] == 1


def test_a_run_submitted_while_redis_is_away_runs_when_it_is_back(
    portal: Portal, session: Session, calm: dict[str, Any]
) -> None:
    old = portal.kill("redis")
    run = submit(session)
    portal.wait_for_restart("redis", old)
    assert shown(wait_for(session, run, ended=True)) == shown(calm)


def test_the_web_process_is_killed_while_somebody_watches(
    portal: Portal, session: Session, calm: dict[str, Any]
) -> None:
    run = submit(session, tokens=409_600)
    wait_for(session, run, step=60)
    seen: dict[int, float] = {}
    old = None

    def take(message: Message) -> None:
        events = message.values if message.kind == "events" else []
        seen.update({event["step"]: event["loss"] for event in events if event["kind"] == "point"})
        if message.kind == "snapshot":
            seen.update(zip(message.values["curve"]["step"], message.values["curve"]["loss"], strict=True))

    async def watch() -> None:
        nonlocal old
        while True:
            try:
                async for message in messages(session.host, run, session.cookie):
                    take(message)
                    if old is None and steps_of(message):
                        old = portal.kill("web")
                    if message.kind == "state" and message.values["state"] == ENDED:
                        return
                    if message.kind == "snapshot" and message.values.get("run", {}).get("ended"):
                        return
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.2)

    asyncio.run(asyncio.wait_for(watch(), DEADLINE_S))
    assert old is not None
    portal.wait_for_restart("web", old)
    end = read(session, run)
    assert (end["state"], end["attempt"]) == (ENDED, 1)
    assert seen == dict(zip(end["curve"]["step"], end["curve"]["loss"], strict=True))


def test_everything_is_killed_and_started_again(portal: Portal, session: Session, calm: dict[str, Any]) -> None:
    run = submit(session)
    wait_for(session, run, step=60)
    portal.stop()
    portal.start()
    again = Session(portal.url, EMAILS["learner"], PASSWORD)
    end = wait_for(again, run, ended=True)
    session.host, session.cookies = again.host, again.cookies
    session.reconnect()
    assert shown(end) == shown(calm)


def test_a_training_process_that_is_stopped_cannot_write_after_its_fence(
    portal: Portal, session: Session, calm: dict[str, Any]
) -> None:
    """The whole worker freezes past its lease and thaws when another has long taken over."""
    run = submit(session)
    wait_for(session, run, step=60)
    group = [portal.process("train"), *children_of(portal.process("train"))]
    for pid in group:
        os.kill(pid, signal.SIGSTOP)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while read(session, run)["state"] != "queued" and time.monotonic() < deadline:
            time.sleep(0.2)
        assert read(session, run)["state"] == "queued"
    finally:
        for pid in group:
            os.kill(pid, signal.SIGCONT)
    end = wait_for(session, run, ended=True)
    assert shown(end) == shown(calm)
    assert end["attempt"] == 2


def children_of(pid: int) -> list[int]:
    """Ids of all processes below `pid`."""
    parents: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                with open(f"/proc/{entry.name}/stat") as file:
                    parents.setdefault(int(file.read().rpartition(")")[2].split()[1]), []).append(int(entry.name))
            except OSError:
                continue
    found, waiting = [], [pid]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def test_a_cancel_takes_less_than_a_second(session: Session) -> None:
    run = submit(session, tokens=4_000_000)
    wait_for(session, run, step=20)
    asked = time.monotonic()
    session.api("POST", f"/api/runs/{run}/cancel/", {})
    while not read(session, run)["ended"]:
        assert time.monotonic() - asked < DEADLINE_S
        time.sleep(0.02)
    end = read(session, run)
    assert end["state"] == "cancelled"
    assert end["step"] >= 20
    assert time.monotonic() - asked < 1.0


def test_a_loss_that_is_not_a_number_ends_as_diverged(session: Session) -> None:
    run = submit(session, optimizer="adamw", learning_rate=10.0, tokens=1_000_000)
    end = wait_for(session, run, ended=True)
    assert end["state"] == "diverged"
    assert end["result"]["detail"]["step"] > 0
    status, page = session.get(f"/runs/{run}/")
    assert status == 200
    assert f"{end['result']['step']}" in page.decode()
