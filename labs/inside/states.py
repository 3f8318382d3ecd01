"""The states of a question about a run, and the moves between them, each one conditional UPDATE."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Probed(models.TextChoices):
    """Where a question stands.

    WAITING: no worker has it yet. WORKING: one has. DONE: answered. FAILED: `error` says why.
    """

    WAITING = "waiting", _("waiting")
    WORKING = "working", _("being answered")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


PROBE_MOVES: dict[Probed, frozenset[Probed]] = {
    Probed.WAITING: frozenset({Probed.WORKING, Probed.FAILED}),
    Probed.WORKING: frozenset({Probed.DONE, Probed.FAILED, Probed.WAITING}),  # back when its worker is being stopped
    Probed.DONE: frozenset(),
    Probed.FAILED: frozenset({Probed.WAITING}),  # asked again, where the failure was not the question's
}
OPEN = (Probed.WAITING, Probed.WORKING)


def probed_choices() -> list[tuple[str, str]]:
    """A callable, so that another state needs no migration."""
    return [(state.value, str(state.label)) for state in Probed]
