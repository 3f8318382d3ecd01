"""Django admin of the labs: to look, not to change. Runs are moved by workers alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from labs.models import Deployment, Generation, LabRecord, Look, Run, Share, Submission, Upload


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Rows that nobody edits by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody."""
        return False


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Runs by state and owner."""

    list_display = ("id", "owner", "lab", "state", "attempt", "step", "steps", "held_out", "created_at")
    list_filter = ("state", "lab")
    search_fields = ("owner__email", "owner__display_name")
    list_select_related = ("owner",)
    exclude = ("curve", "samples", "spark")


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    """Texts of learners."""

    list_display = ("name", "owner", "size", "created_at")
    list_select_related = ("owner",)


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    """Texts that models wrote."""

    list_display = ("id", "run", "state", "temperature", "created_at")
    list_filter = ("state",)


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin):
    """Models that have an address. Their owners alone revoke them."""

    list_display = ("name", "owner", "run", "state", "key_prefix", "requests_total", "last_used_at", "expires_at")
    list_filter = ("state",)
    search_fields = ("name", "owner__email", "owner__display_name")
    list_select_related = ("owner", "run")
    exclude = ("key_sha256",)


@admin.register(LabRecord)
class LabRecordAdmin(ReadOnlyAdmin):
    """Who reached which goal."""

    list_display = ("user", "lab", "reached_at")
    list_filter = ("lab",)
    list_select_related = ("user",)


@admin.register(Share)
class ShareAdmin(ReadOnlyAdmin):
    """Views that learners share with their teams."""

    list_display = ("id", "owner", "created_at", "expires_at", "revoked_at", "with_samples")
    list_select_related = ("owner",)
    exclude = ("token", "idempotency_key")


@admin.register(Look)
class LookAdmin(ReadOnlyAdmin):
    """Who has looked at whose run."""

    list_display = ("run", "viewer", "first_at", "last_at", "times")
    list_select_related = ("run", "viewer")


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    """Graded attempts: points come from the server alone, and the secret stays there."""

    list_display = ("id", "owner", "lab", "attempt", "state", "score", "passed", "created_at", "graded_at")
    list_filter = ("lab", "state", "passed")
    search_fields = ("owner__email", "owner__display_name")
    list_select_related = ("owner",)
    exclude = ("secret",)
