"""Views that a learner shares, and who takes part in a lab's board. Imported by `labs.models`."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User


def new_token() -> str:
    """What opens a shared view, beside being of the team: 128 random bits."""
    return secrets.token_urlsafe(16)


class ShareQuerySet(models.QuerySet["Share"]):
    """Filters on shared views."""

    def for_user(self, user: User | AnonymousUser) -> ShareQuerySet:
        """One's own, also those that have ended."""
        return self.filter(owner_id=user.pk) if user.pk else self.none()

    def active(self) -> ShareQuerySet:
        """Neither taken back nor over."""
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class Share(models.Model):
    """A view of chosen runs that the owner's teams and their managers may read, until it ends."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shares")
    token = models.CharField(max_length=32, unique=True, default=new_token)
    title = models.CharField(_("title"), max_length=80, blank=True)
    runs: models.ManyToManyField[Any, Any] = models.ManyToManyField("labs.Run", related_name="shares")
    view = models.JSONField(default=dict, help_text="axis, log and group as the owner looked at it")
    with_samples = models.BooleanField(default=False, help_text="also what runs on private texts wrote")
    idempotency_key = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Share]] = ShareQuerySet.as_manager()

    class Meta:
        verbose_name = _("shared view")
        verbose_name_plural = _("shared views")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "idempotency_key"], name="one_share_of_key")]

    def __str__(self) -> str:
        return self.title or f"#{self.pk}"

    @property
    def is_active(self) -> bool:
        """Whether its link opens now."""
        return self.revoked_at is None and self.expires_at > timezone.now()


class Shown(models.TextChoices):
    """How somebody stands on a board."""

    NAME = "name", pgettext_lazy("on a board", "by name")
    ANONYMOUS = "anonymous", pgettext_lazy("on a board", "without a name")


def shown_choices() -> list[tuple[str, str]]:
    """A callable, so that another way needs no migration."""
    return [(shown.value, str(shown.label)) for shown in Shown]


class BoardEntry(models.Model):
    """A learner takes part in a lab's board. Without such a row nobody else sees that they tried."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="board_entries")
    lab = models.SlugField()
    shown = models.CharField(max_length=10, choices=shown_choices, default=Shown.NAME)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("place on a board")
        verbose_name_plural = _("places on boards")
        constraints = [models.UniqueConstraint(fields=["user", "lab"], name="one_entry_of_board")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.lab}"
