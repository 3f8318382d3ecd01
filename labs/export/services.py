"""Asking for exports and stopping them. Called by the page "Script"."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labs import selectors as runs
from labs.export import selectors
from labs.export.models import Export
from labs.export.states import Kind, Stage
from labs.locks import lock_owner
from labs.models import Run
from labs.states import State
from labs.tasks import check, export
from labs.wake import send
from portal.lib.errors import UserError

TRAINS = (Kind.SCRIPT, Kind.NOTEBOOK, Kind.CHECK)
"""What repeats a run from its first step."""


def export_create(*, owner: Any, run_id: int, kind: str) -> Export:
    """Ask for a run's files, or for a check of its script. What is open, or written already, is not asked for twice;
    a check that has ended is.

    Raises UserError `no_model`, `invalid_request`, `branch`, `graded`, `too_many_exports`. Http404.
    """
    run = runs.run_get(owner, run_id)
    if kind not in Kind:
        raise UserError("invalid_request", _("There is no such format."))
    if run.state != State.FINISHED:
        raise UserError("no_model", _("This run has nothing to take along."), _("Only finished runs have a model."))
    if run.fork_step and kind in TRAINS:
        raise UserError(
            "branch",
            _("A script trains from the first step, but this run went on from another one's checkpoint."),
            _("Take the model along, or the script of a run from the beginning."),
        )
    if run.graded and kind in TRAINS:
        text = _("A script holds its data, and this run was trained for a graded attempt, on data that stay here.")
        raise UserError("graded", text, _("Take the model along, or the script of the run whose recipe it is."))
    with transaction.atomic():
        lock_owner(owner)
        newest = Export.objects.filter(run=run, kind=kind).order_by("-pk").first()
        if newest is not None and (newest.is_open or (kind != Kind.CHECK and selectors.files(newest))):
            return newest
        _check_number(owner)
        made = Export.objects.create(run=run, kind=kind)
        transaction.on_commit(lambda: send(task_of(made), made.pk))
    return made


def export_cancel(*, owner: Any, export_id: int) -> Export:
    """End a waiting job now, ask a working one to end within a second. Ended ones stay. Raises Http404."""
    found = selectors.export_get(owner, export_id)
    now = timezone.now()
    Export.objects.open().filter(pk=found.pk, cancel_requested_at=None).update(cancel_requested_at=now)
    found.refresh_from_db()
    if found.state == Stage.WAITING:
        found.move(Stage.CANCELLED, ended_at=now)
        found.refresh_from_db()
    return found


def task_of(job: Export) -> Any:
    """Who does a job: a check computes as long as the run did, so it takes a training worker's turn."""
    return check if job.kind == Kind.CHECK else export


def _check_number(owner: Any) -> None:
    most = settings.LAB_MAX_QUEUED
    mine = Run.objects.for_user(owner).filter(exports__state__in=["waiting", "working"])
    if mine.count() >= most:
        text = _("%(number)s of your exports are being made already.") % {"number": most}
        raise UserError("too_many_exports", text, _("Wait until one is there."), status=429)
