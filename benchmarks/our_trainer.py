"""Our trainer on one text, alone in a process: what `reference_trainer` is compared with.

`python -m benchmarks.our_trainer TEXT RECIPE` takes the fields of a `RunSpec` as JSON and prints one JSON line. The run
is a whole one of the product: it evaluates, writes samples, keeps checkpoints and its n-gram baseline, in a folder of
its own. `seconds` are those of the training steps alone, `loss` is over all held-out windows.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.events import Event, Failed, Finished, Point, Started
from trainer.loop import train
from trainer.spec import RunSpec

STATUS = Path("/proc/self/status")


def timed(events: Iterator[Event]) -> Iterator[tuple[Event, float]]:
    """Each event with the seconds that it took to come."""
    while True:
        began = time.perf_counter()
        event = next(events, None)
        if event is None:
            return
        yield event, time.perf_counter() - began


def run(spec: RunSpec, text: str, run_dir: Path) -> dict[str, Any]:
    """Train to the end. Raises RuntimeError where the run fails."""
    found: dict[str, Any] = {"seconds": 0.0, "steps": spec.steps}
    for event, seconds in timed(train(spec, run_dir=run_dir, data=text)):
        match event:
            case Started():
                found["params"] = event.params
            case Point():
                found["seconds"] += seconds
            case Finished():
                found["loss"] = event.loss
            case Failed():
                raise RuntimeError(event.to_json())
    return found | {"memory_mb": peak_memory_mb()}


def peak_memory_mb() -> float | None:
    """The most that this process ever held, as Linux says; unlike getrusage, without what its parent held before."""
    if not STATUS.is_file():
        return None
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Train once and print what came of it."""
    parser = argparse.ArgumentParser(prog="our_trainer", description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("recipe", type=json.loads)
    options = parser.parse_args()
    text = options.text.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(run(RunSpec.parse(options.recipe), text, Path(folder) / "run")))


if __name__ == "__main__":
    main()
