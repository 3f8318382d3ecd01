"""Each lab's default runs to its goals, over five seeds: what they reach, and in which time.

A lab's time is that of all its runs, data and evaluation included, one after the other on one thread.
`./run bench labs [--only SLUG ...] [--seeds N]`.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from benchmarks.common import report as print_report
from trainer.events import Failed
from trainer.folder import load_model
from trainer.goals import Figures, Goal, Recipe, Run, figures
from trainer.loop import train
from trainer.recipes import RECIPES, TEXTS, hidden_text
from trainer.reports import on_text, report
from trainer.starting import base_hash

STRANGE = ("naïve café, €5", "大型语言模型基础", "🙂 👩🏽‍🔬 𝔊", "\tdef f(x):\r\n\t\treturn x\n", "ﷺ \u200b Ω≈ç√∫")
"""Texts that a tokenizer has not seen and must give back whole."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One seed of a lab."""

    values: tuple[float, ...]
    """Of each goal; nan where a run ended without it."""
    seconds: float
    cpu_s: float


def outcome(recipe: Recipe, seed: int) -> Outcome:
    """Make every run of a lab."""
    started, cpu = time.perf_counter(), time.process_time()
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as folder:
        for run in recipe.runs:
            found[run.name] = one_run(run, seed, Path(folder))
    values = tuple(value_of(goal, found) for goal in recipe.goals)
    return Outcome(values=values, seconds=time.perf_counter() - started, cpu_s=time.process_time() - cpu)


def one_run(run: Run, seed: int, folder: Path) -> Figures:
    """Train one run in its own folder beside the others, and say what it reached."""
    base = folder / run.base / "model" if run.base else None
    spec = run.spec(seed, base=base_hash(base) if base else "")
    text = TEXTS[run.text]() if run.text else None
    events = list(train(spec, run_dir=folder / run.name, data=text, base=base, report=report))
    found: dict[str, dict[str, float]] = figures(spec, events)
    if isinstance(events[-1], Failed):
        print(f"  {run.name}, seed {seed}: {events[-1].ending} {events[-1].detail}", flush=True)
        return found
    if spec.task == "language":
        model, tokenizer = load_model(folder / run.name / "model")
        whole = [tokenizer.decode(tokenizer.encode(text)) == text for text in STRANGE]
        found["tokens"] = {"round_trip": fmean(whole)}
        if run.text:
            hidden = on_text(model, tokenizer, hidden_text())
            found["hidden"] = {name: interval.value for name, interval in hidden.figures.items()}
    return found


def value_of(goal: Goal, found: dict[str, Figures]) -> float:
    """The goal's figure, or nan."""
    try:
        return goal.value(found)
    except KeyError:
        return math.nan


def show(recipe: Recipe, outcomes: list[Outcome]) -> None:
    """Print a line a goal, and one of times."""
    print(f"\n{recipe.number:2} {recipe.title} ({recipe.slug})")
    for goal, values in zip(recipe.goals, zip(*(one.values for one in outcomes), strict=True), strict=True):
        reached = sum(map(goal.reached, values))
        spread = f"{min(values):9.3f} {fmean(values):9.3f} {max(values):9.3f}"
        print(f"   {goal!s:<64} {spread}   {reached}/{len(values)} reached")
    for name, seconds in (
        ("seconds", [one.seconds for one in outcomes]),
        ("of them CPU", [one.cpu_s for one in outcomes]),
    ):
        print(f"   {name:<64} {min(seconds):9.1f} {fmean(seconds):9.1f} {max(seconds):9.1f}", flush=True)


def passed(recipe: Recipe, outcomes: list[Outcome]) -> bool:
    """Whether every seed reached every goal."""
    return all(goal.reached(value) for one in outcomes for goal, value in zip(recipe.goals, one.values, strict=True))


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="labs", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES), metavar="SLUG")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    labs = {}
    print(f"{'':67} {'lowest':>9} {'mean':>9} {'highest':>9}")
    for slug in options.only:
        recipe = RECIPES[slug]
        outcomes = [outcome(recipe, seed) for seed in range(1, options.seeds + 1)]
        show(recipe, outcomes)
        labs[slug] = {
            "seconds": max(one.seconds for one in outcomes),
            "cpu_s": max(one.cpu_s for one in outcomes),
            "value": fmean(one.values[0] for one in outcomes),
            "goal": recipe.goals[0].bound,
            "passed": passed(recipe, outcomes),
        }
    failed = [slug for slug, lab in labs.items() if not lab["passed"]]
    print_report("labs", seeds=options.seeds, labs=labs, failed=len(failed))


if __name__ == "__main__":
    main()
