"""Files that wait until their owner has chosen columns. Imported by `labs.models`, so that Django finds them there."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User


class UploadDraftQuerySet(models.QuerySet["UploadDraft"]):
    """Filters on files that wait."""

    def for_user(self, user: User | AnonymousUser) -> UploadDraftQuerySet:
        """One's own files only."""
        return self.filter(owner_id=user.pk) if user.pk else self.none()


class UploadDraft(models.Model):
    """A table as it was sent, for an hour in `VAR_DIR/uploads/drafts` under its id. See `labs.datasets.services`."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="upload_drafts")
    name = models.CharField(max_length=120)
    size = models.PositiveIntegerField(help_text="bytes")
    lab = models.SlugField(help_text="the lab that it was sent from")
    recipe = models.TextField(blank=True, help_text="the recipe that was in its panel, as a query string")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[UploadDraft]] = UploadDraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("table to look at")
        verbose_name_plural = _("tables to look at")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name
