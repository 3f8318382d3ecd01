"""How far a learner has come in a lab, the furthest stage counts. Called by the selectors of teachers' pages."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy


class Stage(models.TextChoices):
    """In this order.

    OPENED: saw the page. PREDICTED: said a number or drew a curve, and no run got a worker yet. RAN: a run began.
    FINISHED: one came to its end with a model. REACHED: the lab's goal. SUBMITTED: a graded attempt.
    """

    OPENED = "opened", pgettext_lazy("stage of a lab", "opened")
    PREDICTED = "predicted", pgettext_lazy("stage of a lab", "predicted")
    RAN = "ran", pgettext_lazy("stage of a lab", "ran")
    FINISHED = "finished", pgettext_lazy("stage of a lab", "finished a run")
    REACHED = "reached", pgettext_lazy("stage of a lab", "reached the goal")
    SUBMITTED = "submitted", pgettext_lazy("stage of a lab", "submitted")


ORDER = {stage: place for place, stage in enumerate(Stage)}


def stage_of(*, predicted: bool, ran: bool, finished: bool, reached: bool, submitted: bool) -> Stage:
    """The furthest one."""
    passed = {
        Stage.SUBMITTED: submitted,
        Stage.REACHED: reached,
        Stage.FINISHED: finished,
        Stage.RAN: ran,
        Stage.PREDICTED: predicted,
    }
    return next((stage for stage, there in passed.items() if there), Stage.OPENED)
