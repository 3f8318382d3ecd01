"""What administrators told the queue. The newest row is what holds. Imported by `labs.models`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Mode(models.TextChoices):
    """How workers treat the queue.

    OPEN: runs are taken up. PAUSED: none is taken up, running ones go on to their end. DRAINED: none is taken up, and
    running ones go back to the queue at their very step.
    """

    OPEN = "open", _("in operation")
    PAUSED = "paused", _("paused")
    DRAINED = "drained", _("drained")


def mode_choices() -> list[tuple[str, Any]]:
    """A callable, so that another mode needs no migration."""
    return list(Mode.choices)


class ControlAction(models.Model):
    """One order of an administrator: kept for ever, never changed."""

    mode = models.CharField(_("mode"), max_length=10, choices=mode_choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("control of the queue")
        verbose_name_plural = _("control of the queue")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.mode}"


def mode_now() -> Mode:
    """What holds. One query."""
    newest = ControlAction.objects.values_list("mode", flat=True).first()
    return Mode(newest) if newest else Mode.OPEN
