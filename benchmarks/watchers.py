"""Many people watch live runs through one web process: is anything lost or repeated, and how late does it come?

`--n` stream clients share 10 real runs that train at the same time. Lag is from Redis taking an event (its id) to the
client having read it. The first seconds, in which all join, are not counted. `./run bench watchers [--n N]`.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.common import percentile, report
from benchmarks.first_point import LEARNER
from portal.testing.client import Session, messages, steps_of
from portal.testing.server import PASSWORD, Portal

RUNS = 10
RECIPE = {"tokens": 4_000_000}
"""The lab's own recipe, made long enough to be watched."""
JOIN_S, WATCH_S = 6.0, 20.0
ENVIRONMENT = {"LAB_SLOTS": str(RUNS), "LAB_MAX_RUNNING": str(RUNS), "LAB_MAX_QUEUED": str(RUNS)}


@dataclass
class Seen:
    """What one watcher has seen."""

    steps: list[int] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)

    @property
    def repeated(self) -> int:
        """Steps that came more than once."""
        return len(self.steps) - len(set(self.steps))

    @property
    def lost(self) -> int:
        """Steps that are missing between the first and the last."""
        return max(self.steps) - min(self.steps) + 1 - len(set(self.steps)) if self.steps else 1


async def watch(session: Session, run_id: int, delay: float, counted_from: float, until: float) -> Seen:
    """Follow a run until `until` (time.time)."""
    seen = Seen()
    await asyncio.sleep(delay)
    async for message in messages(session.host, run_id, session.cookie):
        # A snapshot says everything anew: at the start, and after a gap that the server noticed.
        seen.steps = steps_of(message) if message.kind == "snapshot" else seen.steps + steps_of(message)
        if message.sent_at and message.kind == "events" and message.at > counted_from:
            seen.lags.append(message.at - message.sent_at)
        if message.at > until:
            break
    return seen


async def measure(session: Session, runs: list[int], number: int) -> list[Seen]:
    """All watchers at once; they join within JOIN_S."""
    counted_from = time.time() + JOIN_S + 2
    return await asyncio.gather(
        *(
            watch(session, runs[index % RUNS], index / number * JOIN_S, counted_from, counted_from + WATCH_S)
            for index in range(number)
        )
    )


def rss_mb(pid: int) -> float:
    """Memory of a process, MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="watchers", description=__doc__)
    parser.add_argument("--n", type=int, default=500)
    number = parser.parse_args().n
    with tempfile.TemporaryDirectory() as folder, Portal(Path(folder), env=ENVIRONMENT) as portal:
        session = Session(portal.url, LEARNER, PASSWORD)
        spec = {"lab": "training", "spec": RECIPE}
        runs = [session.api("POST", "/api/runs/", spec)["id"] for _ in range(RUNS)]
        portal.wait_until(
            lambda: all(session.api("GET", f"/api/runs/{run}/")["step"] > 0 for run in runs), "not all runs train", 120
        )
        seen = asyncio.run(measure(session, runs, number))
        memory = rss_mb(portal.process("web"))
        for run in runs:
            session.api("POST", f"/api/runs/{run}/cancel/", {})
    lags = [lag * 1000 for one in seen for lag in one.lags]
    print(f"{number} watchers, {len(lags):,} messages, {sum(len(one.steps) for one in seen):,} points")
    report(
        "watchers",
        n=number,
        lost=sum(one.lost for one in seen),
        repeated=sum(one.repeated for one in seen),
        p50_ms=percentile(lags, 50),
        p95_ms=percentile(lags, 95),
        rss_mb=memory,
    )


if __name__ == "__main__":
    main()
