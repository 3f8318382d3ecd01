"""When a lab's goal is reached, and a learner's best in it. Called by the runner, by play and by the writer of
deployments; tells `courses`.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from labs.models import Generation, LabRecord, Run
from labs.signals import lab_reached
from labs.states import State

RANGES = ((0.0, 0.4), (0.7, 1.1), (1.5, 10.0))
"""Low, middle and high temperature, of which the lab "Let it write" asks one text each from one model."""

CALLS = 3
"""Calls of a deployed model that reach the lab's second goal."""


def check_training(run: Run) -> None:
    """Record a finished run's held-out loss against the n-gram baseline, in nats a token. Two to four queries."""
    baseline = run.info.get("baseline", {}).get("loss")
    if run.state != State.FINISHED or run.held_out is None or baseline is None:
        return
    reached = run.held_out < baseline
    best = {"held_out": run.held_out, "baseline": baseline, "margin": baseline - run.held_out}
    if run.lab == "training":
        _record(run, best, better=lambda old: best["margin"] > old["margin"], reached=reached)


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
