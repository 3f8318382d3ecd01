"""Tokens a second in training, the same model and batch for the plain reference and for ours; share of the peak.

`./run bench step [--threads N]`. All train 4 layers of width 128 on batches of 12 windows of 64, turn about, in one
process. `ratio` compares engines on equal terms: the reference's architecture, AdamW, clipping and float32 on both
sides (ours has no gains in its norms, and one norm more). `ratio_bfloat16` is the same with bfloat16 on both sides,
`ratio_best` with the faster precision of each. `ratio_recipe` sets our own recipe (Muon, rotary positions, ReLU²)
beside the reference in float32, in its faster precision. A share is that of the fastest float32 matrix product that is
measured here: bfloat16 may exceed it. `memory_mb` is the most that a process with the default recipe ever held.
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
from dataclasses import replace
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

PRECISIONS = ("float32", "bfloat16")

SIZES = (512, 1024, 2048)
"""Of the square matrices whose product is the peak."""

TOKENS = reference.BATCH * reference.CONTEXT

Steps = Iterator[float]
"""Seconds of each training step."""


def reference_steps(text: str, precision: str) -> Steps:
    """The plain trainer, without end."""
    torch.manual_seed(1)
    ids, _, vocab_size = reference.encode(text)
    model = reference.ReferenceGPT(vocab_size)
    optimizer = reference.make_optimizer(model)
    while True:
        began = time.perf_counter()
        reference.train_step(model, optimizer, *reference.draw(ids), lowered=precision == "bfloat16")
        yield time.perf_counter() - began


def our_recipe(precision: str, threads: int) -> RunSpec:
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


def on_equal_terms(spec: RunSpec) -> RunSpec:
    """A recipe with the reference's architecture and way of learning."""
    return replace(
        spec,
        positions="learned",
        activation="gelu",
        tied=True,
        optimizer="adamw",
        learning_rate=reference.RATE,
        weight_decay=reference.WEIGHT_DECAY,
        clip=reference.CLIP,
    )


def our_steps(spec: RunSpec, text: str, run_dir: Path) -> Steps:
    """Our trainer; what comes between steps is left out."""
    for event, seconds in timed(train(spec, run_dir=run_dir, data=text)):
        if isinstance(event, Point):
            yield seconds


def trainers(text: str, folder: Path, threads: int) -> dict[str, Steps]:
    """All that are compared, by name and precision."""
    found: dict[str, Steps] = {}
    for precision in PRECISIONS:
        recipe = our_recipe(precision, threads)
        found[f"reference {precision}"] = reference_steps(text, precision)
        found[f"ours {precision}"] = our_steps(on_equal_terms(recipe), text, folder / f"equal-{precision}")
        found[f"recipe {precision}"] = our_steps(recipe, text, folder / f"recipe-{precision}")
    return found


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
        seconds = in_turn(trainers(text, folder, options.threads))
        memory_mb = default_memory_mb(path)
    peaks = {precision: peak(getattr(torch, precision)) for precision in PRECISIONS}
    spec = on_equal_terms(our_recipe("float32", options.threads))
    work = spec.flops(len(set(text))) / spec.steps
    shares = {name: work / step / peaks["float32"] for name, step in seconds.items()}
    for name, step in seconds.items():
        print(
            f"{name:18} {1000 * step:7.2f} ms a step, {TOKENS / step:9,.0f} tokens/s, {shares[name]:5.0%} of the peak"
        )
    print(f"peak               float32 {peaks['float32'] / 1e9:,.0f}, bfloat16 {peaks['bfloat16'] / 1e9:,.0f} GFLOP/s")
    fastest = {
        who: min((f"{who} {precision}" for precision in PRECISIONS), key=seconds.__getitem__)
        for who in ("reference", "ours", "recipe")
    }
    report(
        "step",
        ratio=seconds["reference float32"] / seconds["ours float32"],
        ratio_bfloat16=seconds["reference bfloat16"] / seconds["ours bfloat16"],
        ratio_best=seconds[fastest["reference"]] / seconds[fastest["ours"]],
        ratio_recipe=seconds["reference float32"] / seconds[fastest["recipe"]],
        ratio_recipe_float32=seconds["reference float32"] / seconds["recipe float32"],
        tokens_per_s={name: TOKENS / step for name, step in seconds.items()},
        share_of_peak=shares["ours float32"],
        peak_gflops={name: value / 1e9 for name, value in peaks.items()},
        fastest=list(fastest.values()),
        threads=options.threads,
        memory_mb=memory_mb,
    )


if __name__ == "__main__":
    main()
