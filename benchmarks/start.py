"""From a request to the first loss, in a prepared process and in a fresh one; and the memory of a run.

`./run bench start [--runs N]`. The run is the default recipe. Memory is the most that the run's process ever held,
what it shares with the process it was forked from included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.testing")

from benchmarks.common import ROOT, percentile, report
from labs.children import Child, Nursery
from trainer.spec import RunSpec

FRESH_RUNS = 5
WAIT_S = 300.0
FRESH = """
import sys
from pathlib import Path
from trainer.loop import train
from trainer.spec import RunSpec
for event in train(RunSpec(), run_dir=Path(sys.argv[1])):
    if event.kind == "point":
        break
"""


def request(run_dir: Path) -> dict[str, Any]:
    """What a worker asks of its nursery for a default run."""
    return {"kind": "train", "spec": RunSpec().to_dict(), "run_dir": str(run_dir), "max_seconds": 600}


def wait_for(child: Child, kind: str) -> None:
    """Read until an event of this kind. Raises TimeoutError."""
    until = time.perf_counter() + WAIT_S
    while time.perf_counter() < until and not child.closed:
        if any(event["kind"] == kind for event in child.read(1.0)):
            return
    raise TimeoutError(f"no {kind} within {WAIT_S:.0f} s")


def prepared(runs: int, folder: Path) -> tuple[list[float], float]:
    """Seconds to the first loss of each run in a prepared process, and the most memory that a whole run held (MB)."""
    nursery = Nursery()
    nursery.warm()
    seconds: list[float] = []
    try:
        for number in range(runs):
            began = time.perf_counter()
            child = nursery.start(request(folder / f"{number}"))
            wait_for(child, "point")
            seconds.append(time.perf_counter() - began)
            child.kill()
            while not child.closed:
                child.read(1.0)
            child.wait()
        child = nursery.start(request(folder / "whole"))
        wait_for(child, "finished")
        memory = peak_mb(child.pid)
        child.wait()
    finally:
        nursery.stop()
    return seconds, memory


def fresh(folder: Path) -> list[float]:
    """Seconds from the start of a Python to its first loss."""
    seconds = []
    for number in range(FRESH_RUNS):
        began = time.perf_counter()
        command = [sys.executable, "-c", FRESH, str(folder / f"fresh-{number}")]
        subprocess.run(command, cwd=ROOT, check=True, env=os.environ | {"OMP_WAIT_POLICY": "passive"})
        seconds.append(time.perf_counter() - began)
    return seconds


def peak_mb(pid: int) -> float:
    """The most resident memory that a living process ever had, MB; 0 where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="start", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        seconds, memory = prepared(runs, Path(folder))
        alone = fresh(Path(folder))
    print(f"prepared: {json.dumps([round(second * 1000) for second in seconds])} ms")
    print(f"fresh: {json.dumps([round(second * 1000) for second in alone])} ms")
    report(
        "start",
        prepared_ms=percentile(seconds, 50) * 1000,
        prepared_p95_ms=percentile(seconds, 95) * 1000,
        fresh_ms=percentile(alone, 50) * 1000,
        peak_rss_mb=memory,
    )


if __name__ == "__main__":
    main()
