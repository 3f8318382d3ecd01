"""Orders to the queue: pause, drain, open. Each is kept with who gave it."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from labs.control.models import ControlAction, Mode, mode_now
from labs.models import Run
from labs.queue import lock_claims
from labs.tasks import work
from labs.wake import send
from portal.lib.errors import UserError

log = logging.getLogger(__name__)

MOST_WAKE_UPS = 64
"""Enough for every slot; each worker goes on by itself."""


def check_administrator(user: Any) -> None:
    """Raises PermissionDenied with words for everybody else."""
    if not getattr(user, "is_administrator", False):
        raise PermissionDenied(_("The queue is in the hands of administrators."))


def queue_set(*, by: Any, mode: str) -> bool:
    """Open, pause or drain the queue; False when it is in that mode already.

    Paused: nothing is taken up, running runs go on. Drained: these go back to the queue at their very step, too, within
    a second. Raises PermissionDenied, UserError `no_such_mode`.
    """
    check_administrator(by)
    if mode not in Mode.values:
        raise UserError("no_such_mode", _("The queue knows no such order."))
    with transaction.atomic():
        lock_claims()
        if mode_now() == mode:
            return False
        ControlAction.objects.create(mode=mode, by=by)
        if mode == Mode.OPEN:
            transaction.on_commit(_wake)
    log.info("queue: %s by person %s", mode, by.pk)
    return True


def _wake() -> None:
    for _run in range(min(MOST_WAKE_UPS, Run.objects.queued().count())):
        send(work)
