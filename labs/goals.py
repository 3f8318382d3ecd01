"""When a lab's goal is reached, and a learner's best in it. Called by the runner, by play and by the writer of
deployments; tells `courses`.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from labs.catalogue import LABS
from labs.figures import figure, goal_value
from labs.lab import Goal
from labs.models import Generation, LabRecord, Run
from labs.signals import lab_reached
from labs.states import State

RANGES = ((0.0, 0.4), (0.7, 1.1), (1.5, 10.0))
"""Low, middle and high temperature, of which the lab "Let it write" asks one text each from one model."""

CALLS = 3
"""Calls of a deployed model that reach the lab's second goal."""


def check_training(run: Run) -> None:
    """Record what a finished run reached of its lab's goal. Two to five queries."""
    lab = LABS.get(run.lab)
    if run.state != State.FINISHED or lab is None or lab.target.kind == "temperatures":
        return
    goal = lab.target
    value = goal_value(run, goal.measure, goal.slice, goal.minus)
    if value is None or not goal.counts(run.spec):
        return
    if goal.kind == "forecast":
        error = _forecast_error(run, value)
        if error is None:
            return
        value = error
    best = _best(run, goal, value)
    _record(
        run,
        best,
        better=lambda old: "value" not in old or goal.better(value, old["value"]),
        reached=goal.reached(value),
    )


def _best(run: Run, goal: Goal, value: float) -> dict[str, Any]:
    """`value` is held against the bound, `figure` is the measure alone."""
    found = figure(run, goal.measure, goal.slice)
    best: dict[str, Any] = {"measure": goal.measure, "slice": goal.slice, "figure": found, "value": value}
    if goal.measure == "loss" and goal.minus:
        baseline = run.info["baseline"]["loss"]
        best |= {"held_out": run.held_out, "baseline": baseline, "margin": -value}
    return best


def _forecast_error(run: Run, value: float) -> float | None:
    """How far the prediction was off, relative to what came; None without one, or after a run of that size.

    Of that size: the same text and tokens, nine tenths of the parameters and of the training. One query.
    """
    if run.prediction is None or not value:
        return None
    spec = run.spec
    before = Run.objects.filter(owner_id=run.owner_id, lab=run.lab, state=State.FINISHED, params__gte=0.9 * run.params)
    for other in before.exclude(pk=run.pk).values_list("spec", flat=True):
        alike = all(other.get(name) == spec.get(name) for name in ("corpus", "tokenizer", "vocab_size"))
        if alike and other["tokens"] >= 0.9 * spec["tokens"]:
            return None
    return abs(run.prediction - value) / abs(value)


def check_generation(generation: Generation) -> None:
    """Record at how many of the three temperatures this model has written. Three to five queries."""
    run = generation.run
    temperatures = Generation.objects.filter(run=run, state="done").values_list("temperature", flat=True)
    done = sum(any(low <= value <= high for value in temperatures) for low, high in RANGES)
    _record(
        run,
        {"temperatures": done},
        lab="generation",
        better=lambda old: done > old.get("temperatures", 0),
        reached=done == 3,
    )


def check_calls(run: Run) -> None:
    """Record a call of a learner's deployed model, up to CALLS: the second goal of "Let it write". Two queries, four
    while they are counted.
    """
    with transaction.atomic():
        record, _ = LabRecord.objects.select_for_update().get_or_create(user_id=run.owner_id, lab="generation")
        calls = record.best.get("calls", 0)
        if calls < CALLS:
            record.best = record.best | {"calls": calls + 1}
            record.run = record.run or run
            record.save()


def check_submission(run: Run, score: float, *, passed: bool) -> None:
    """Record the points of a graded attempt; one that passes reaches the lab. Two to four queries."""
    _record(run, {"score": score}, better=lambda old: score > old.get("score", -1.0), reached=passed)


def _record(run: Run, best: dict[str, Any], *, better: Any, reached: bool, lab: str | None = None) -> None:
    slug = lab or run.lab
    with transaction.atomic():
        record, _ = LabRecord.objects.select_for_update().get_or_create(user_id=run.owner_id, lab=slug)
        if not record.best or better(record.best):
            record.best, record.run = record.best | best, run
        first = reached and record.reached_at is None
        if first:
            record.reached_at = timezone.now()
        record.save()
    if first:
        lab_reached.send(sender=LabRecord, user_id=run.owner_id, lab=slug, value=best | {"run": run.pk}, run_id=run.pk)
