"""What a manager may change: one more attempt for a learner who has used all. Called by the learner page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F
from django.http import Http404

from courses.models import ChapterProgress
from courses.reports.learners import learner_get

if TYPE_CHECKING:
    from portal.accounts.models import User


def attempt_allow(*, manager: User, learner_id: int, course: str, chapter: str) -> None:
    """One more quiz attempt. Raises Http404 for a learner of nobody's team of `manager`, and for oneself."""
    learner, _teams = learner_get(manager, learner_id)
    if learner.pk == manager.pk:
        raise Http404
    rows = ChapterProgress.objects.filter(user=learner, chapter__slug=chapter, chapter__course__slug=course)
    if not rows.update(extra_attempts=F("extra_attempts") + 1):
        raise Http404
