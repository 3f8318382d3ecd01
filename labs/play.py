"""Lets a finished model write. Called by `labs.tasks`; the row says how far it is."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from labs.children import NurseryError, nursery
from labs.curves import storable
from labs.goals import check_generation
from labs.models import Generation
from labs.runner import run_dir

log = logging.getLogger(__name__)

LIMIT_S = 20.0
"""Time for one text."""
LOST_S = 120.0
"""A text that has not come by then is given up."""
FORGOTTEN_S = 10.0
"""A text still waiting by then may have lost its message."""


def generate(generation_id: int) -> None:
    """Write one waiting text; a second call for the same text does nothing."""
    generation = Generation.objects.select_related("run").filter(pk=generation_id, state="waiting").first()
    if generation is None:
        return
    started = time.monotonic()
    try:
        text, error = _write(generation, started + LIMIT_S)
    except NurseryError:
        log.exception("text %s", generation_id)
        text, error = "", "no_process"
    changes = {
        "text": text,
        "error": error,
        "state": "failed" if error else "done",
        "seconds": time.monotonic() - started,
        "finished_at": timezone.now(),
    }
    with transaction.atomic():  # the text and the goal it reaches, together or not at all
        if Generation.objects.filter(pk=generation_id, state="waiting").update(**changes) and not error:
            check_generation(generation)


def expire() -> None:
    """Give up texts whose worker was lost. One query."""
    old = timezone.now() - timedelta(seconds=LOST_S)
    Generation.objects.filter(state="waiting", created_at__lt=old).update(
        state="failed", error="worker_lost", finished_at=timezone.now()
    )


def forgotten() -> list[int]:
    """Ids of texts that wait suspiciously long. One query."""
    old = timezone.now() - timedelta(seconds=FORGOTTEN_S)
    return list(Generation.objects.filter(state="waiting", created_at__lt=old).values_list("pk", flat=True)[:10])


def _write(generation: Generation, deadline: float) -> tuple[str, str]:
    """The text and an error code, empty when all went well."""
    request: dict[str, Any] = {
        "kind": "sample",
        "model_dir": str(run_dir(generation.run) / "model"),
        "prompt": generation.prompt,
        "max_tokens": generation.max_tokens,
        "temperature": generation.temperature,
        "top_k": generation.top_k,
        "top_p": generation.top_p,
        "seed": generation.seed,
    }
    pieces: list[str] = []
    child = nursery.start(request)
    try:
        while not child.closed:
            for event in child.read(0.2):
                if event["kind"] == "end":
                    return "".join(pieces), ""
                if event["kind"] == "failed":
                    return "".join(pieces), event["ending"]
                pieces.append(storable(event["text"]))
            if time.monotonic() > deadline:
                return "".join(pieces), "out_of_time"
        return "".join(pieces), "failed"
    finally:
        child.wait()
