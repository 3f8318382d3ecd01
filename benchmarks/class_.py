"""A class presses Run together: when does each see first points, and how long do all runs take?

`./run bench class [--learners N] [--alone N] [--tokens N]`. N learners submit the training lab's default within one
second, each with a seed of their own, and follow their runs as a page does. Then the same runs one after the other in
one process with every core's thread, and with one thread (`--alone`: only so many of them, and the time of all from
these). `ratio` is against the faster of the two. `forecast_error`: how far the time that a waiting run was told, ten
seconds after the start, was from the time it took; median over the runs, as a share of the latter.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ["OMP_WAIT_POLICY"] = "passive"

from benchmarks.common import percentile, report
from portal.testing.client import Session, messages, steps_of
from portal.testing.server import PASSWORD, Portal
from trainer.loop import train
from trainer.reports import report as measures
from trainer.spec import RunSpec

CORES = os.cpu_count() or 1
ASKED_AT_S = 10.0
"""When the wait that is told is noted."""
LIMIT_S = 1800.0
PEOPLE = """
from django.contrib.auth.hashers import make_password
from portal.accounts.models import User
User.objects.bulk_create(
    User(email=f"class{{n}}@gradus.example", display_name=f"Learner {{n}}", password=make_password({password!r}))
    for n in range({number})
)
"""


@dataclass
class Seen:
    """What one learner has seen, seconds from the moment at which all pressed Run."""

    first_s: float | None = None
    done_s: float = 0.0
    state: str = ""
    step: int = 0
    told: list[tuple[float, float]] = field(default_factory=list)
    """(when, the time until the end that was told then)."""


async def follow(session: Session, run_id: int, began: float) -> Seen:
    """Watch a run to its end."""
    seen = Seen()
    async for message in messages(session.host, run_id, session.cookie):
        since = message.at - began
        if steps := steps_of(message):
            seen.first_s = seen.first_s or since
            seen.step = max(seen.step, *steps)
        facts = message.values.get("run", message.values) if isinstance(message.values, dict) else {}
        if facts.get("done_seconds") is not None:
            seen.told.append((since, facts["done_seconds"]))
        seen.state, seen.done_s = facts.get("state", seen.state), since
    return seen


async def together(sessions: list[Session], recipe: dict[str, Any]) -> list[Seen]:
    """All submit at once and watch."""
    began = time.time()

    async def one(number: int, session: Session) -> Seen:
        asked = {"lab": "training", "spec": recipe | {"seed": number + 1}}
        run = await asyncio.to_thread(session.api, "POST", "/api/runs/", asked)
        return await follow(session, run["id"], began)

    return await asyncio.wait_for(asyncio.gather(*(one(n, each) for n, each in enumerate(sessions))), LIMIT_S)


def back_to_back(spec: RunSpec, runs: int) -> float:
    """Seconds that so many runs take in this process, one after the other, with all that a run of the portal does."""
    began = time.perf_counter()
    for number in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            one = RunSpec.parse(spec.to_dict() | {"seed": number + 1})
            for event in train(one, run_dir=Path(folder) / "run" / "1", report=measures, keep_snapshots=True):
                event.to_json()
    return time.perf_counter() - began


def forecast_errors(seen: list[Seen]) -> list[float]:
    """Of each run that waited: the first time told after ASKED_AT_S against the one that came, as a share."""
    errors = []
    for one in seen:
        told = next(((at, rest) for at, rest in one.told if at >= ASKED_AT_S), None)
        if told and one.done_s - told[0] > 1:
            errors.append(abs(told[1] - (one.done_s - told[0])) / (one.done_s - told[0]))
    return errors


def calibrated(session: Session, recipe: dict[str, Any]) -> dict[str, Any]:
    """The whole recipe, from one run that is over: a portal that has been used knows its pace."""
    run = session.api("POST", "/api/runs/", {"lab": "training", "spec": recipe | {"seed": 1000}})

    async def wait() -> None:
        async for _message in messages(session.host, run["id"], session.cookie):
            pass

    asyncio.run(wait())
    spec: dict[str, Any] = run["spec"]
    return spec


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="class", description=__doc__)
    parser.add_argument("--learners", type=int, default=30)
    parser.add_argument("--alone", type=int, default=0, help="runs back to back; 0: all")
    parser.add_argument("--tokens", type=int, default=0, help="tokens of a run; 0: the lab's own")
    options = parser.parse_args()
    recipe = {"tokens": options.tokens} if options.tokens else {}
    with tempfile.TemporaryDirectory() as folder, Portal(Path(folder), env={"LAB_WARM_PRESETS": "false"}) as portal:
        portal.manage("shell", "-c", PEOPLE.format(password=PASSWORD, number=options.learners))
        sessions = [Session(portal.url, f"class{n}@gradus.example", PASSWORD) for n in range(options.learners)]
        spec = calibrated(Session(portal.url, "learner@gradus.example", PASSWORD), recipe)
        seen = asyncio.run(together(sessions, recipe))
    firsts = [one.first_s if one.first_s is not None else LIMIT_S for one in seen]
    done_s = max(one.done_s for one in seen)
    alone = options.alone or options.learners
    layouts = {f"{threads}_threads": threads for threads in sorted({1, CORES})}
    times = {
        name: back_to_back(RunSpec.parse(spec | {"threads": threads}), alone) * options.learners / alone
        for name, threads in layouts.items()
    }
    for number, one in enumerate(seen, start=1):
        print(
            f"learner {number:2}  first {one.first_s or 0:6.2f} s  done {one.done_s:6.1f} s  {one.state} at {one.step}"
        )
    errors = forecast_errors(seen)
    report(
        "class",
        learners=options.learners,
        finished=sum(one.state == "finished" for one in seen),
        first_p50_s=percentile(firsts, 50),
        first_p95_s=percentile(firsts, 95),
        all_done_s=done_s,
        back_to_back_s=min(times.values()),
        back_to_back=times,
        measured_alone=alone,
        ratio=done_s / min(times.values()),
        forecast_error=statistics.median(errors) if errors else None,
    )


if __name__ == "__main__":
    main()
