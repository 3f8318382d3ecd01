"""Versions of labs, and their drafts. Imported by `labs.models`, so that Django finds them there."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class LabVersion(models.Model):
    """One publication of a lab. Never changed; the newest of a slug is what the portal shows."""

    slug = models.SlugField()
    number = models.PositiveIntegerField(help_text="1, 2, 3 … of this slug")
    files = models.JSONField(default=dict, help_text="text by name; empty: back to the files that are shipped")
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("version of a lab")
        verbose_name_plural = _("versions of labs")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["slug", "number"], name="one_lab_version_of_number")]

    def __str__(self) -> str:
        return f"{self.slug} {self.number}"


class LabDraft(models.Model):
    """What authors are changing of a lab: one draft of a slug, seen by all of them."""

    slug = models.SlugField(unique=True)
    files = models.JSONField(default=dict, help_text="text by name")
    revision = models.PositiveIntegerField(default=1, help_text="grows with each change; an older page is refused")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("draft of a lab")
        verbose_name_plural = _("drafts of labs")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug
