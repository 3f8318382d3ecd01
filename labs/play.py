"""Lets a finished model write on its page. Called by `labs.tasks`; the row says how far it is.

A text is claimed by a conditional UPDATE and ended only by the worker that claimed it, so it is written once, however
many messages ask for it.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from labs import writing
from labs.goals import check_generation
from labs.models import Generation

GIVEN_UP_S = 120.0
"""A text that has not come by then is given up."""
FORGOTTEN_S = 10.0
"""A text still waiting by then may have lost its message."""


def generate(generation_id: int) -> None:
    """Write one waiting text; a second call for the same text does nothing."""
    started, claimed_at = time.monotonic(), timezone.now()
    row = Generation.objects.filter(pk=generation_id)
    if not row.filter(state="waiting").update(state="writing", claimed_at=claimed_at):
        return
    mine = row.filter(state="writing", claimed_at=claimed_at)
    generation = Generation.objects.select_related("run").get(pk=generation_id)
    names = ("prompt", "max_tokens", "temperature", "top_k", "top_p", "seed")
    outcome = writing.write(generation.run, {name: getattr(generation, name) for name in names})
    if outcome.error == "interrupted":  # another worker writes it, from its start
        mine.update(state="waiting", claimed_at=None)
        return
    changes = {
        "text": outcome.text,
        "error": outcome.error,
        "state": "failed" if outcome.error else "done",
        "seconds": time.monotonic() - started,
        "finished_at": timezone.now(),
    }
    with transaction.atomic():  # the text and the goal it reaches, together or not at all
        if mine.update(**changes) and not outcome.error:
            check_generation(generation)


def expire() -> None:
    """Give up texts that nobody could write, and give back those of lost workers. Two queries."""
    now = timezone.now()
    Generation.objects.filter(state__in=Generation.OPEN, created_at__lt=now - timedelta(seconds=GIVEN_UP_S)).update(
        state="failed", error="worker_lost", finished_at=now
    )
    lost = Generation.objects.filter(state="writing", claimed_at__lt=now - timedelta(seconds=writing.LOST_S))
    lost.update(state="waiting", claimed_at=None)


def forgotten() -> list[int]:
    """Ids of texts that wait suspiciously long. One query."""
    old = timezone.now() - timedelta(seconds=FORGOTTEN_S)
    return list(Generation.objects.filter(state="waiting", created_at__lt=old).values_list("pk", flat=True)[:10])
