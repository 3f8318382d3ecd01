"""Tokens a second in training, the same model and batch for the plain reference and for ours; share of the peak.

`./run bench step [--threads N]`. Both train the reference's model (4 layers of width 128, batch 12, context 64), turn
about, in one process; ours with Muon, in float32 and in bfloat16. A share is that of the fastest float32 matrix product
that is measured here: bfloat16 may exceed it. `memory_mb` is the most that a process with the default recipe ever held.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from benchmarks import reference_trainer as reference
from benchmarks.common import ROOT, report
from benchmarks.our_trainer import timed
from benchmarks.texts import text_file
from trainer.events import Point
from trainer.loop import train
from trainer.spec import RunSpec

ROUNDS, STEPS = 12, 10
"""Turns of each, and steps a turn."""

SIZES = (512, 1024, 2048)
"""Of the square matrices whose product is the peak."""

TOKENS = reference.BATCH * reference.CONTEXT

Steps = Iterator[float]
"""Seconds of each training step."""


def reference_steps(text: str) -> Steps:
    """The plain trainer, without end."""
    torch.manual_seed(1)
    ids, _, vocab_size = reference.encode(text)
    model = reference.ReferenceGPT(vocab_size)
    optimizer = reference.make_optimizer(model)
    while True:
        began = time.perf_counter()
        reference.train_step(model, optimizer, *reference.draw(ids))
        yield time.perf_counter() - began


def recipe(precision: str, threads: int) -> RunSpec:
    """Ours for a model of the same size and the same batch, with more steps than are taken here."""
    return RunSpec(
        n_layers=reference.LAYERS,
        d_model=reference.WIDTH,
        n_heads=reference.HEADS,
        context=reference.CONTEXT,
        batch=reference.BATCH,
        tokens=4_000_000,
        precision=precision,
        threads=threads,
        prompts=("The ",),
    )


def our_steps(spec: RunSpec, text: str, folder: Path) -> Steps:
    """Our trainer; what comes between steps is left out."""
    for event, seconds in timed(train(spec, run_dir=folder / spec.precision, data=text)):
        if isinstance(event, Point):
            yield seconds


def in_turn(trainers: dict[str, Steps]) -> dict[str, float]:
    """Seconds of the median step of each."""
    taken: dict[str, list[float]] = {name: [] for name in trainers}
    for turn in range(ROUNDS + 1):
        for name, steps in trainers.items():
            seconds = [next(steps) for _ in range(STEPS)]
            taken[name] += seconds if turn else []  # the first turn warms up
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def peak(dtype: torch.dtype) -> float:
    """Operations a second of the fastest square product."""

    def product(size: int) -> Callable[[], object]:
        a, b, out = (torch.rand(size, size).to(dtype) for _ in range(3))
        return lambda: torch.mm(a, b, out=out)

    best = 0.0
    for size in SIZES:
        multiply = product(size)
        for _ in range(10):
            began = time.perf_counter()
            multiply()
            best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def default_memory_mb(text: Path) -> float | None:
    """The most that the default recipe's process holds, where the system tells."""
    recipe = {"tokens": 102_400}
    command = [sys.executable, "-m", "benchmarks.our_trainer", str(text), json.dumps(recipe)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: float | None = json.loads(done.stdout.splitlines()[-1])["memory_mb"]
    return found


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="step", description=__doc__)
    parser.add_argument("--text", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = text_file(options.text, folder)
        text = path.read_text(encoding="utf-8")
        specs = {precision: recipe(precision, options.threads) for precision in ("float32", "bfloat16")}
        ours = {precision: our_steps(spec, text, folder) for precision, spec in specs.items()}
        seconds = in_turn({"reference": reference_steps(text)} | ours)
        memory_mb = default_memory_mb(path)
    peaks = {"float32": peak(torch.float32), "bfloat16": peak(torch.bfloat16)}
    work = specs["float32"].flops(len(set(text))) / specs["float32"].steps
    shares = {name: work / step / peaks["float32"] for name, step in seconds.items()}
    for name, step in seconds.items():
        print(
            f"{name:10} {1000 * step:7.2f} ms a step, {TOKENS / step:9,.0f} tokens/s, {shares[name]:5.0%} of the peak"
        )
    print(f"peak       float32 {peaks['float32'] / 1e9:,.0f}, bfloat16 {peaks['bfloat16'] / 1e9:,.0f} GFLOP/s")
    best = min(("float32", "bfloat16"), key=seconds.__getitem__)
    report(
        "step",
        ratio=seconds["reference"] / seconds[best],
        ratio_float32=seconds["reference"] / seconds["float32"],
        tokens_per_s={name: TOKENS / step for name, step in seconds.items()},
        share_of_peak=shares[best],
        share_of_peak_float32=shares["float32"],
        peak_gflops={name: value / 1e9 for name, value in peaks.items()},
        precision=best,
        threads=options.threads,
        memory_mb=memory_mb,
    )


if __name__ == "__main__":
    main()
