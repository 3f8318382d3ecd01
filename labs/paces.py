"""How fast this installation is: learnt from each run that finishes, kept in a small table. Called by `labs.runner`.

Two kinds of keys: `gpt:27`, operations a second of a family's runs whose steps take about 2**27 operations (small
steps are slower for their size), and `start:stories:words`, seconds from taking a run up to its first step.
"""

from __future__ import annotations

import logging
import math

from django.db import DatabaseError

from labs.models import Pace, Run

log = logging.getLogger(__name__)

MEMORY = 12
"""Runs over which a pace is averaged: a machine that has become slower is noticed within a class."""
LEAST_STEPS = 10
"""Shorter runs say nothing about speed."""


def pace_key(family: str, work: float, steps: int) -> str:
    """Runs of a family with steps of about this size share a pace."""
    return f"{family}:{round(math.log2(max(1.0, work / max(1, steps))))}"


def start_key(corpus: str, tokenizer: str) -> str:
    """Runs that prepare the same data in the same way share the time of a start; texts of one's own share one."""
    return f"start:{'upload' if corpus.startswith('sha256:') else corpus}:{tokenizer}"[:40]


def learn(run: Run, seconds: float) -> None:
    """Note the training time of a run that has finished undisturbed. Never raises: an estimate is worth no run."""
    if run.pace and run.work and run.steps >= LEAST_STEPS and seconds > 0:
        note(run.pace, run.work / seconds)


def note(key: str, value: float) -> None:
    """Move a pace towards what was measured just now. Two queries."""
    if not value > 0:
        return
    try:
        pace, new = Pace.objects.get_or_create(key=key, defaults={"value": value, "runs": 1})
        if new:
            return
        share = 1 / min(pace.runs + 1, MEMORY)
        pace.value = math.exp((1 - share) * math.log(pace.value) + share * math.log(value))
        pace.runs += 1
        pace.save()
    except DatabaseError:
        log.exception("pace %s not noted", key)


def known() -> dict[str, float]:
    """Every pace by its key. One query."""
    return dict(Pace.objects.values_list("key", "value"))
