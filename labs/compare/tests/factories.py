"""Plain functions that make what these tests need."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from labs.assessment.models import Submission
from labs.assessment.states import Standing
from labs.compare.models import Share
from labs.models import Run
from labs.tests.factories import make_curve, make_finished


def make_share(owner: Any, *runs: Run, **fields: Any) -> Share:
    """A view that is open for a day."""
    values = {"expires_at": timezone.now() + timedelta(days=1), "idempotency_key": f"share-{Share.objects.count()}"}
    share = Share.objects.create(owner=owner, **values | fields)
    share.runs.set(runs)
    return share


def make_measured(owner: Any, losses: list[float], **fields: Any) -> Run:
    """A finished run with these held-out losses, one every ten steps."""
    curve = make_curve(10 * len(losses))
    curve["held_out"]["loss"] = losses
    values = {"curve": curve, "held_out": losses[-1], "best_held_out": min(losses), "spark": losses}
    return make_finished(owner, **values | fields)


def make_graded(owner: Any, value: float, *, lab: str = "training", attempt: int = 1) -> Submission:
    """A graded attempt with this measure on the hidden set."""
    return Submission.objects.create(
        owner=owner, lab=lab, attempt=attempt, state=Standing.GRADED, secret="s", hidden_value=value, score=80
    )
