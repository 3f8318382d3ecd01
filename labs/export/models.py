"""Jobs that write a run's files or check its script. Imported by `labs.models`, so that Django finds them there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from labs.export.states import MOVES, OPEN, Stage, kind_choices, stage_choices

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User


class ExportQuerySet(models.QuerySet["Export"]):
    """Filters on jobs."""

    def for_user(self, user: User | AnonymousUser) -> ExportQuerySet:
        """Jobs about one's own runs only; somebody else's do not exist."""
        return self.filter(run__owner_id=user.pk) if user.pk else self.none()

    def open(self) -> ExportQuerySet:
        """Not ended."""
        return self.filter(state__in=OPEN)


class Export(models.Model):
    """One job about a finished run. What it wrote lies in the run's folder, under `exports/<kind>`."""

    run = models.ForeignKey("labs.Run", on_delete=models.CASCADE, related_name="exports")
    kind = models.CharField(max_length=12, choices=kind_choices)
    state = models.CharField(max_length=10, choices=stage_choices, default=Stage.WAITING)
    result = models.JSONField(default=dict, help_text="`files` with their sizes, or the comparison of a check")
    error = models.CharField(max_length=40, blank=True, help_text="see labs.export.wording")
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="names the worker that may end it")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Export]] = ExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "kind"], condition=Q(state__in=["waiting", "working"]), name="one_open_export_of_kind"
            )
        ]
        indexes = [
            models.Index(
                fields=["state", "created_at"], name="export_open", condition=Q(state__in=["waiting", "working"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.kind}"

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN

    def move(self, to: Stage, **changes: Any) -> bool:
        """Change state by one conditional UPDATE; False when the row has left this state or this worker meanwhile.

        Raises ValueError for a move that MOVES does not allow.
        """
        if to not in MOVES[Stage(self.state)]:
            raise ValueError(f"an export cannot go from {self.state} to {to}")
        rows = Export.objects.filter(pk=self.pk, state=self.state, claimed_at=self.claimed_at)
        if rows.update(state=to, **changes) != 1:
            return False
        for name, value in {"state": to, **changes}.items():
            setattr(self, name, value)
        return True
