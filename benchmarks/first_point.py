"""From the click on Run to the first point: 20 runs, one after the other, on an otherwise idle portal.

`--browser` measures in Chromium instead, from the click to the point drawn. `./run bench first_point [--runs N]`.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.common import percentile, report
from portal.testing.client import Session, messages, steps_of
from portal.testing.server import PASSWORD, Portal

LEARNER = "learner@gradus.example"
RECIPE = {"tokens": 102_400}
"""A hundred steps: the first point is all that is measured, the rest is waited for."""


async def first_point(session: Session, seed: int) -> float:
    """Submit a run and follow it to its end; seconds from the POST to its first point."""
    started = time.time()
    run = session.api("POST", "/api/runs/", {"lab": "training", "spec": RECIPE | {"seed": seed}})
    seconds = None
    async for message in messages(session.host, run["id"], session.cookie):
        if steps_of(message) and seconds is None:
            seconds = message.at - started
    if seconds is None:
        raise RuntimeError(f"run {run['id']} showed no point")
    return seconds


def through_stream(portal: Portal, runs: int) -> list[float]:
    """Seconds of each run as a stream client sees them."""
    session = Session(portal.url, LEARNER, PASSWORD)
    return [asyncio.run(first_point(session, seed)) for seed in range(1, runs + 1)]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="first_point", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Portal(Path(folder)) as portal:
        time.sleep(5)  # the nurseries import torch; a portal that has just started is not what is measured
        seconds = through_stream(portal, options.runs)
    for number, value in enumerate(seconds, start=1):
        print(f"run {number:2}  {value:.3f} s")
    report("first_point", runs=options.runs, p50_s=percentile(seconds, 50), p95_s=percentile(seconds, 95))


if __name__ == "__main__":
    main()
