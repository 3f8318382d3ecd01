"""Turns what labs report into progress. Connected by CoursesConfig.ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from courses.models import ChapterProgress
from courses.progress.services import record


def lab_goal_reached(*, user_id: int, lab: str, value: Mapping[str, Any], run_id: int, **_kwargs: Any) -> None:
    """Count a lab in every chapter that the learner has begun and whose rule names it. One query to find these."""
    rows = ChapterProgress.objects.filter(user_id=user_id).select_related("user", "chapter").defer("version")
    for progress in rows:
        if lab in progress.rule.get("labs", []):
            record(user=progress.user, chapter=progress.chapter, kind="lab", key=lab, value={**value, "run": run_id})
