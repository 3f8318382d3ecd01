"""What a run's own task measures, ready for its page: headline, slices, confusion, errors, answers. Called by views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from labs import wording
from labs.figures import HEADLINES, figures, latest_shares, renamed
from labs.lab import Lab
from labs.models import Run
from labs.states import State

WRITERS = ("language", "sequence")
"""Tasks whose finished models write."""
NOT_SHOWN = ("micro_precision", "micro_recall", "micro_f1")
SHADES = 5


def writes(run: Run) -> bool:
    """Whether the finished model can be asked for a text."""
    return run.spec.get("task", "language") in WRITERS


BASELINES = {"classify": "naive_bayes", "tag": "commonest_tag", "sequence": "commonest_target"}


def baseline_name(run: Run) -> str:
    """What a run is held against, also before the run itself has said it."""
    task = run.spec.get("task", "language")
    return str(run.info.get("baseline", {}).get("name") or BASELINES.get(task, "kneser_ney"))


def first_prompt(run: Run) -> str:
    """What the play panel starts with: the recipe's first prompt, or a held-out source."""
    prompt: str = run.spec["prompts"][0]
    return prompt if is_text(run) or not run.samples else str(run.samples[0]["prompt"])


def measure_words() -> dict[str, dict[str, Any]]:
    """Labels and decimals of measures, for the page's script."""
    return {
        name: {"label": str(measure.label), "percent": measure.percent, "places": measure.places}
        for name, measure in wording.MEASURES.items()
        if name in HEADLINES
    }


def is_text(run: Run) -> bool:
    """Whether losses are about a text, so that bits per byte mean something."""
    return bool(run.spec.get("task", "language") == "language")


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The one figure that stands for a run."""

    label: Any
    value: str
    interval: str
    """95 %, empty while there is none."""
    n: int
    baseline: str
    """Its name and figure, empty where there is none to compare."""
    beats: bool


def headline_name(run: Run) -> str:
    """The measure that stands for the run's task; "" for texts."""
    if is_text(run):
        return ""
    found = figures(run)
    there = found.get("held_out") or found["run"]  # the evaluation, else the shares of the last checkpoint
    return next((name for name in HEADLINES if name in there and name != "loss"), "")


def headline(run: Run) -> Headline | None:
    """The run's main figure with interval, against the baseline; None for texts and before the first checkpoint."""
    name = headline_name(run)
    if not name:
        return None
    measure, found = wording.measure(name), figures(run)
    interval = run.info.get("evaluations", {}).get("held_out", {}).get("measures", {}).get(name)
    value = interval["value"] if interval else found["run"][name]
    other = found["baseline"].get(name)
    title = wording.BASELINE.get(baseline_name(run), _("baseline"))
    return Headline(
        label=measure.label,
        value=measure.text(value),
        interval=f"{measure.text(interval['low'])} – {measure.text(interval['high'])}" if interval else "",
        n=interval["n"] if interval else 0,
        baseline=f"{title} {measure.text(other)}" if other is not None else "",
        beats=other is not None and value > other,
    )


def slice_table(run: Run) -> dict[str, Any]:
    """One row a slice, one column a measure: value and interval. Empty before the evaluation."""
    evaluations = run.info.get("evaluations", {})
    names = [
        name
        for name in _in_order({name for entry in evaluations.values() for name in entry["measures"]})
        if name not in NOT_SHOWN
    ]
    rows = [
        {"title": wording.slice_name(key), "cells": [_cell(name, entry["measures"].get(name)) for name in names]}
        for key, entry in evaluations.items()
    ]
    return {"columns": [wording.measure(name).label for name in names], "rows": rows} if rows else {}


def _in_order(names: set[str]) -> list[str]:
    known = list(wording.MEASURES)
    return sorted(names, key=lambda name: (known.index(name) if name in known else len(known), name))


def _cell(name: str, interval: Mapping[str, Any] | None) -> dict[str, str]:
    if interval is None or not interval["n"]:
        return {"value": "–", "interval": ""}
    measure = wording.measure(name)
    return {
        "value": measure.text(interval["value"]),
        "interval": f"{measure.text(interval['low'])} – {measure.text(interval['high'])}",
    }


def confusion(run: Run) -> dict[str, Any]:
    """The confusion matrix of the held-out examples: rows truth, columns said, shaded by share of the row."""
    detail = run.info.get("evaluations", {}).get("held_out", {}).get("detail", {})
    labels, matrix = detail.get("labels"), detail.get("confusion")
    if not labels or not matrix:
        return {}
    rows = []
    for label, row in zip(labels, matrix, strict=True):
        total = max(1, sum(row))
        cells = [
            {"count": count, "shade": round(SHADES * count / total), "right": other == label}
            for other, count in zip(labels, row, strict=True)
        ]
        rows.append({"label": label, "cells": cells})
    return {"labels": labels, "rows": rows}


def errors(run: Run) -> list[dict[str, str]]:
    """Wrong answers on held-out examples: what was given, what would be right, what the model said."""
    found = run.info.get("evaluations", {}).get("held_out", {}).get("detail", {}).get("errors", [])
    return [
        {
            "given": str(error.get("text", error.get("source", ""))),
            "right": str(error.get("label", error.get("target", ""))),
            "said": str(error.get("predicted", error.get("written", ""))),
        }
        for error in found
    ]


def answers(run: Run) -> dict[str, Any]:
    """What the model makes of a few held-out examples at the last checkpoint; for tasks that do not continue a text."""
    step = max((sample["step"] for sample in run.samples), default=0)
    rows = [
        {
            "prompt": sample["prompt"],
            "text": sample["text"],
            "expected": sample.get("expected", ""),
            "right": sample["text"].strip() == sample.get("expected", "").strip(),
        }
        for sample in run.samples
        if sample["step"] == step
    ]
    return {"step": step, "rows": rows, "judged": any(row["expected"] for row in rows)}


def outcome(run: Run) -> dict[str, Any]:
    """Everything of the section "What it measures"; empty before the run has been evaluated."""
    if not run.info.get("evaluations"):
        return {}
    return {
        "headline": headline(run),
        "slices": slice_table(run),
        "confusion": confusion(run),
        "errors": errors(run),
        "truncated": len(errors(run)),
    }


def predicted(lab: Lab, run: Run) -> tuple[float | None, float | None]:
    """What was said and what came, both as they are written (percent for shares)."""
    asked = lab.prediction
    found = figures(run)
    value = found.get(asked.slice, {}).get(asked.measure)
    if value is None and asked.slice == "held_out":
        value = found["run"].get(asked.measure)
    scale = wording.measure(asked.measure).scale
    return run.prediction, value * scale if value is not None and run.state == State.FINISHED else None


def live(run: Run) -> dict[str, str]:
    """The strip's own figure while the run goes: measure, label and latest share. Empty for texts."""
    if is_text(run):
        return {}
    shares = renamed(latest_shares(run.curve))
    name = next((name for name in HEADLINES if name in shares), "accuracy")
    measure = wording.measure(name)
    return {"name": name, "label": str(measure.label), "value": measure.text(shares.get(name))}
