"""The states of a deployment and of a request to one, and the moves between them, each one conditional UPDATE."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Deployed(models.TextChoices):
    """Where a deployment stands.

    ACTIVE: its key opens it, until `expires_at`. EXPIRED: that moment has passed. REVOKED: its owner ended it.
    GONE: its run, or the files of its model, were deleted.
    """

    ACTIVE = "active", pgettext_lazy("state of a deployed model", "active")
    EXPIRED = "expired", pgettext_lazy("state of a deployed model", "expired")
    REVOKED = "revoked", pgettext_lazy("state of a deployed model", "revoked")
    GONE = "gone", pgettext_lazy("state of a deployed model", "model deleted")


DEPLOYMENT_MOVES: dict[Deployed, frozenset[Deployed]] = {
    Deployed.ACTIVE: frozenset({Deployed.EXPIRED, Deployed.REVOKED, Deployed.GONE}),
    Deployed.EXPIRED: frozenset(),
    Deployed.REVOKED: frozenset(),
    Deployed.GONE: frozenset(),
}


class Asked(models.TextChoices):
    """Where a request to a deployment stands.

    WAITING: no worker has it yet. WRITING: one has; there is one such request a deployment. DONE: answered.
    FAILED: `error` says why. CANCELLED: its client left, or the deployment was revoked.
    """

    WAITING = "waiting", _("waiting")
    WRITING = "writing", _("writing")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


REQUEST_MOVES: dict[Asked, frozenset[Asked]] = {
    Asked.WAITING: frozenset({Asked.WRITING, Asked.FAILED, Asked.CANCELLED}),
    Asked.WRITING: frozenset({Asked.DONE, Asked.FAILED, Asked.CANCELLED}),
    Asked.DONE: frozenset(),
    Asked.FAILED: frozenset(),
    Asked.CANCELLED: frozenset(),
}
OPEN = (Asked.WAITING, Asked.WRITING)


def deployed_choices() -> list[tuple[str, str]]:
    """A callable, so that another state needs no migration."""
    return [(state.value, str(state.label)) for state in Deployed]


def asked_choices() -> list[tuple[str, str]]:
    """A callable, so that another state needs no migration."""
    return [(state.value, str(state.label)) for state in Asked]
