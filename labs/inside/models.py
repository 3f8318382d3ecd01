"""Questions about the inside of a run, with their answers: kept for a day, so that the same one is answered at once."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labs.inside.states import OPEN, PROBE_MOVES, Probed, probed_choices

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User


class ProbeQuerySet(models.QuerySet["Probe"]):
    """Filters on questions."""

    def for_user(self, user: User | AnonymousUser) -> ProbeQuerySet:
        """Questions about one's own runs only."""
        return self.filter(run__owner_id=user.pk) if user.pk else self.none()

    def open(self) -> ProbeQuerySet:
        """Not answered yet."""
        return self.filter(state__in=OPEN)


class Probe(models.Model):
    """One question about one run. What follows from its parameters never changes, so a row is also the cache."""

    run = models.ForeignKey("labs.Run", on_delete=models.CASCADE, related_name="probes")
    key = models.CharField(max_length=64, help_text="hash of question, parameters and the run's state")
    question = models.CharField(max_length=20)
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=probed_choices, default=Probed.WAITING)
    packed = models.BinaryField(default=b"", help_text="the answer: JSON, compressed")
    error = models.CharField(max_length=40, blank=True)
    detail = models.JSONField(default=dict, help_text="what the sentence of the error needs")
    created_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="names the worker that may end it")
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Probe]] = ProbeQuerySet.as_manager()

    class Meta:
        verbose_name = _("question about a model")
        verbose_name_plural = _("questions about models")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="one_probe_of_key")]
        indexes = [models.Index(fields=["state", "created_at"], name="probe_open")]

    def __str__(self) -> str:
        return f"{self.question} {self.run_id}"

    @property
    def answer(self) -> bytes:
        """The answer as JSON."""
        return zlib.decompress(self.packed)

    def move(self, to: Probed, **changes: Any) -> bool:
        """Change state by one conditional UPDATE; False when the row has left this state or this claim meanwhile.

        Raises ValueError for a move that PROBE_MOVES does not allow.
        """
        if to not in PROBE_MOVES[Probed(self.state)]:
            raise ValueError(f"a probe cannot go from {self.state} to {to}")
        rows = Probe.objects.filter(pk=self.pk, state=self.state, claimed_at=self.claimed_at)
        if rows.update(state=to, **changes) != 1:
            return False
        for name, value in {"state": to, **changes}.items():
            setattr(self, name, value)
        return True


def packed(answer: str) -> bytes:
    """An answer as a row keeps it: numbers as text shrink to a quarter."""
    return zlib.compress(answer.encode(), 1)
