"""What a run measured, by slice and name, from what its row holds. Called by goals and presenters.

Slices are those of the evaluations (`held_out` first); `run`: loss, bits_per_byte, bytes_per_token and shares of the
last checkpoint; `baseline`: the same of the model without a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEADLINES = ("exact_match", "bleu", "f1", "accuracy", "purity", "loss")
"""What stands for a task, the first one that is there."""
SAME = {"exact": "exact_match"}
"""Measures of checkpoints and baselines that evaluations name otherwise."""


def figures(run: Any) -> dict[str, dict[str, float]]:
    """Every figure of a run, slice by slice."""
    info = run.info or {}
    found = {
        name: {measure: interval["value"] for measure, interval in entry["measures"].items()}
        for name, entry in info.get("evaluations", {}).items()
    }
    held = (run.curve or {}).get("held_out", {})
    facts = {"loss": run.held_out, "bits_per_byte": run.bits_per_byte}
    if held.get("perplexity"):
        facts["perplexity"] = held["perplexity"][-1]
    if info.get("started"):
        facts["bytes_per_token"] = info["started"].get("bytes_per_token")
    found["run"] = numbers(facts) | renamed(latest_shares(run.curve or {}))
    baseline = info.get("baseline", {})
    found["baseline"] = numbers({name: baseline.get(name) for name in ("loss", "bits_per_byte")}) | renamed(
        baseline.get("measures", {})
    )
    return found


def headline_figure(curve: Mapping[str, Any], info: Mapping[str, Any]) -> tuple[str, float | None]:
    """The measure that stands for a task and its value, of the evaluation, else of the last checkpoint; else nothing.

    For texts it is whatever their checkpoints say beside the loss.
    """
    evaluated = info.get("evaluations", {}).get("held_out", {}).get("measures", {})
    there = {name: interval["value"] for name, interval in evaluated.items()} or renamed(latest_shares(curve))
    name = next((name for name in HEADLINES if name in there and name != "loss"), "")
    return name, there.get(name)


def figure(run: Any, measure: str, slice_name: str) -> float | None:
    """One figure, or None. What the last evaluation does not say, the last checkpoint may."""
    found = figures(run)
    value = found.get(slice_name, {}).get(measure)
    return found["run"].get(measure) if value is None and slice_name == "held_out" else value


def goal_value(run: Any, measure: str, slice_name: str, minus: str) -> float | None:
    """A figure, less that of the baseline where `minus` says so; None where either is missing."""
    value = figure(run, measure, slice_name)
    if value is None or not minus:
        return value
    other = figures(run)[minus].get(measure)
    return None if other is None else value - other


def latest_shares(curve: Mapping[str, Any]) -> dict[str, float]:
    """Shares of right answers at the last checkpoint."""
    found = curve.get("shares", {}).get("measures") or [{}]
    return dict(found[-1])


def numbers(values: Mapping[str, float | None]) -> dict[str, float]:
    """Only those that are there."""
    return {name: float(value) for name, value in values.items() if value is not None}


def renamed(values: Mapping[str, float]) -> dict[str, float]:
    """Measures under the names of evaluations."""
    return {SAME.get(name, name): value for name, value in values.items()}
