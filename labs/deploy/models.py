"""Deployments and what was asked of them. Imported by `labs.models`, so that Django finds them there."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labs.deploy.states import (
    DEPLOYMENT_MOVES,
    REQUEST_MOVES,
    Asked,
    Deployed,
    asked_choices,
    deployed_choices,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from labs.models import Run
    from portal.accounts.models import User


def today() -> date:
    """The day that daily limits count: the portal's, not the reader's."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


class DeploymentQuerySet(models.QuerySet["Deployment"]):
    """Filters on deployments."""

    def for_user(self, user: User | AnonymousUser) -> DeploymentQuerySet:
        """One's own deployments only; somebody else's does not exist."""
        return self.filter(owner_id=user.pk) if user.pk else self.none()

    def active(self) -> DeploymentQuerySet:
        """Not ended, as far as the row knows: `expires_at` may have passed meanwhile."""
        return self.filter(state=Deployed.ACTIVE)


class Deployment(models.Model):
    """A finished model with an address: a name, a key, daily limits and a last day."""

    run = models.ForeignKey("labs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="deployments")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="deployments")
    name = models.SlugField(max_length=40, help_text="the model's id in the API")
    key_sha256 = models.CharField(max_length=64, unique=True, help_text="of the key, which is shown once and not kept")
    key_prefix = models.CharField(max_length=16, help_text="the key's first characters, to know it by")
    requests_per_day = models.PositiveIntegerField()
    tokens_per_day = models.PositiveIntegerField()

    state = models.CharField(max_length=10, choices=deployed_choices, default=Deployed.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="when it was revoked, had expired or lost its run")

    used_on = models.DateField(null=True, blank=True, help_text="the day that `requests_today` counts")
    requests_today = models.PositiveIntegerField(default=0)
    tokens_today = models.PositiveIntegerField(default=0)
    requests_total = models.PositiveBigIntegerField(default=0)
    tokens_total = models.PositiveBigIntegerField(default=0)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Deployment]] = DeploymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("deployed model")
        verbose_name_plural = _("deployed models")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], condition=Q(state="active"), name="one_active_of_name")
        ]
        indexes = [models.Index(fields=["expires_at"], name="deployment_expiry", condition=Q(state="active"))]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        """Whether its key opens it now."""
        return self.state == Deployed.ACTIVE and self.expires_at > timezone.now()

    @property
    def now_state(self) -> Deployed:
        """The state, also when the reaper has not yet seen that the last day is over."""
        late = self.state == Deployed.ACTIVE and self.expires_at <= timezone.now()
        return Deployed.EXPIRED if late else Deployed(self.state)

    @property
    def used_today(self) -> tuple[int, int]:
        """Requests and tokens of this day."""
        return (self.requests_today, self.tokens_today) if self.used_on == today() else (0, 0)

    def move(self, to: Deployed, **changes: Any) -> bool:
        """Change state by one conditional UPDATE; False when the row has left this state meanwhile.

        Raises ValueError for a move that DEPLOYMENT_MOVES does not allow.
        """
        if to not in DEPLOYMENT_MOVES[Deployed(self.state)]:
            raise ValueError(f"a deployment cannot go from {self.state} to {to}")
        return _moved(Deployment.objects.filter(pk=self.pk, state=self.state), self, state=to, **changes)


class Completion(models.Model):
    """One request to a deployment. The text itself travels over Redis and is not kept; nor is the prompt."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="completions")
    prompt = models.TextField(blank=True, help_text="emptied at the end")
    options = models.JSONField(default=dict, help_text="max_tokens, temperature, top_k, top_p, seed, stop")
    state = models.CharField(max_length=10, choices=asked_choices, default=Asked.WAITING)
    error = models.CharField(max_length=40, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    tokens = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="names the worker that may end it")
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("request to a deployed model")
        verbose_name_plural = _("requests to deployed models")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["deployment"], condition=Q(state="writing"), name="one_written_at_once")
        ]
        indexes = [
            models.Index(fields=["deployment", "id"], name="completion_open", condition=Q(ended_at=None)),
            models.Index(fields=["ended_at"], name="completion_ended"),
        ]

    def __str__(self) -> str:
        return f"cmpl-{self.pk}"

    def move(self, to: Asked, **changes: Any) -> bool:
        """Change state by one conditional UPDATE; False when the row has left this state or this claim meanwhile.

        Raises ValueError for a move that REQUEST_MOVES does not allow, IntegrityError for a second WRITING.
        """
        if to not in REQUEST_MOVES[Asked(self.state)]:
            raise ValueError(f"a request cannot go from {self.state} to {to}")
        rows = Completion.objects.filter(pk=self.pk, state=self.state, claimed_at=self.claimed_at)
        return _moved(rows, self, state=to, **changes)


def _moved(rows: models.QuerySet[Any], row: models.Model, **changes: Any) -> bool:
    if rows.update(**changes) != 1:
        return False
    for name, value in changes.items():
        setattr(row, name, value)
    return True


@receiver(pre_delete, sender="labs.Run")
def _end_with_run(instance: Run, **kwargs: Any) -> None:
    """A deployment without its run says so; its key opens nothing any more."""
    rows = Deployment.objects.filter(run_id=instance.pk, state=Deployed.ACTIVE)
    rows.update(state=Deployed.GONE, ended_at=timezone.now())
