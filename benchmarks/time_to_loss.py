"""How long our trainer takes to the held-out loss at which the plain reference ends, and what equal time gives.

`./run bench time_to_loss [--text PATH] [--threads N]`. Characters, context 64, at most 0.85 million parameters. Every
run is a process of its own: two seeds of the reference, five of ours, alternating. Losses are means over the seeds, on
all held-out windows that do not overlap. `ratio` compares the seconds of the training steps alone, on both sides
without imports, preparation, evaluation and checkpoints; `process_ratio` whole processes with all of these.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, report
from benchmarks.texts import text_file

CONTEXT, BATCH = 64, 16
SHARED = {"context": CONTEXT, "batch": BATCH, "precision": "bfloat16", "lookback": 3, "prompts": ["The "]}

QUICK = {
    "n_layers": 1,
    "d_model": 128,
    "n_heads": 1,
    "positions": "none",
    "learning_rate": 0.06,
    "embedding_rate": 0.02,
    "momentum": 0.8,
    "tokens": 132 * BATCH * CONTEXT,
}
"""Reaches the reference's loss soonest: one layer, with the three tokens before each one at hand, learns fastest."""

LONG = {"n_layers": 4, "d_model": 128, "n_heads": 4, "learning_rate": 0.03, "momentum": 0.9}
"""For the reference's whole time, in which more layers pay."""

ORDER = ("reference", "ours", "ours", "ours", "reference", "ours", "ours")
CALIBRATION_STEPS = 60
MARGIN = 0.93
"""Share of the reference's time that the long run plans with: it must not be over."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One process."""

    seconds: float
    """Of its training steps."""
    whole_s: float
    """From its start to its end."""
    loss: float
    params: int
    steps: int


def started(module: str, *arguments: str) -> Result:
    """Run a trainer to its end."""
    began = time.perf_counter()
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    whole_s = time.perf_counter() - began
    found = json.loads(done.stdout.splitlines()[-1])
    return Result(whole_s=whole_s, **{name: found[name] for name in ("seconds", "loss", "params", "steps")})


def reference(text: Path, seed: int, threads: int) -> Result:
    """The plain trainer."""
    return started("benchmarks.reference_trainer", str(text), "--seed", str(seed), "--threads", str(threads))


def ours(text: Path, seed: int, threads: int, recipe: dict[str, Any]) -> Result:
    """Our trainer."""
    spec = SHARED | {"seed": seed, "threads": threads} | recipe
    return started("benchmarks.our_trainer", str(text), json.dumps(spec))


def in_time(text: Path, threads: int, seconds: float) -> Result:
    """Our longer recipe, with as many steps as fit into the seconds."""
    trial = ours(text, 1, threads, LONG | {"tokens": CALIBRATION_STEPS * BATCH * CONTEXT})
    steps = int(MARGIN * seconds / (trial.seconds / trial.steps))
    return ours(text, 1, threads, LONG | {"tokens": min(4_000_000, steps * BATCH * CONTEXT)})


def mean(results: list[Result], name: str) -> float:
    """Of one figure."""
    return statistics.fmean(getattr(result, name) for result in results)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="time_to_loss", description=__doc__)
    parser.add_argument("--text", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    runs: dict[str, list[Result]] = {"reference": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        text = text_file(options.text, Path(folder))
        for name in ORDER:
            seed = len(runs[name]) + 1
            result = (
                reference(text, seed, options.threads)
                if name == "reference"
                else ours(text, seed, options.threads, QUICK)
            )
            runs[name].append(result)
            show(f"{name}, seed {seed}", result)
        long = in_time(text, options.threads, mean(runs["reference"], "seconds"))
        show("ours in equal time", long)
    summary(runs["reference"], runs["ours"], long, options.threads)


def show(label: str, result: Result) -> None:
    """A line for a person."""
    print(
        f"{label:20} {result.steps:5} steps in {result.seconds:6.2f} s ({result.whole_s:6.2f} s with all else), "
        f"held-out loss {result.loss:.4f}, {result.params:,} parameters",
        flush=True,
    )


def summary(theirs: list[Result], mine: list[Result], long: Result, threads: int) -> None:
    """Ratios, then the JSON line."""
    reference_s, ours_s = mean(theirs, "seconds"), mean(mine, "seconds")
    reference_loss, ours_loss = mean(theirs, "loss"), mean(mine, "loss")
    process_ratio = mean(theirs, "whole_s") / mean(mine, "whole_s")
    print(
        f"To a loss of {ours_loss:.4f} (reference: {reference_loss:.4f}): {reference_s / ours_s:.1f} times faster, "
        f"{process_ratio:.1f} times by whole processes"
    )
    if ours_loss > reference_loss:
        print("Ours did not reach the reference's loss: the ratios are of unequal things.")
    report(
        "time_to_loss",
        reference_s=reference_s,
        ours_s=ours_s,
        ratio=reference_s / ours_s,
        reference_loss=reference_loss,
        ours_loss=ours_loss,
        reached=ours_loss <= reference_loss,
        reference_process_s=mean(theirs, "whole_s"),
        ours_process_s=mean(mine, "whole_s"),
        process_ratio=process_ratio,
        equal_time_gain_nats=reference_loss - long.loss,
        equal_time_s=long.seconds,
        equal_time_params=long.params,
        params=max(result.params for result in [*mine, long]),
        threads=threads,
    )


if __name__ == "__main__":
    main()
