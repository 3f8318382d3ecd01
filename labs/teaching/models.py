"""Who has opened a lab, and who has looked at whose run. Imported by `labs.models`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class LabVisit(models.Model):
    """A learner has opened a lab's page: the first of the stages that teachers see."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="lab_visits")
    lab = models.SlugField()
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("lab opened")
        verbose_name_plural = _("labs opened")
        constraints = [models.UniqueConstraint(fields=["user", "lab"], name="one_visit_of_lab")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.lab}"


class Look(models.Model):
    """Somebody who teaches has looked at a learner's run, which the learner can read on the run's page."""

    run = models.ForeignKey("labs.Run", on_delete=models.CASCADE, related_name="looks")
    viewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="looks")
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    times = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("look at a run")
        verbose_name_plural = _("looks at runs")
        ordering = ["-last_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["run", "viewer"], name="one_look_of_viewer")]

    def __str__(self) -> str:
        return f"{self.viewer_id} #{self.run_id}"
