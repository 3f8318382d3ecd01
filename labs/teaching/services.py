"""What is written down for teachers, and for learners about teachers. Called by the pages of labs and of teaching."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from labs.models import Run
from labs.teaching.models import LabVisit, Look


def lab_opened(*, user: Any, lab: str) -> None:
    """Remember that a learner has opened a lab's page, once. One query, two the first time."""
    if not user.is_learner or LabVisit.objects.filter(user=user, lab=lab).exists():
        return
    LabVisit.objects.bulk_create([LabVisit(user=user, lab=lab)], ignore_conflicts=True)


def look_record(*, viewer: Any, run: Run) -> None:
    """Write down that somebody has looked at a learner's run; the learner sees it on the run's page. Two queries."""
    rows = Look.objects.filter(run=run, viewer=viewer)
    if rows.update(last_at=timezone.now(), times=F("times") + 1):
        return
    try:
        with transaction.atomic():
            Look.objects.create(run=run, viewer=viewer, times=1)
    except IntegrityError:  # two requests at once: the other one has made the row
        rows.update(last_at=timezone.now(), times=F("times") + 1)
