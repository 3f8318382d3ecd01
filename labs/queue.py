"""Who runs next, and which runs have lost their worker. Called by `labs.runner` and the reaper.

Guarantee: a run has at most one worker whose writes count. Each claim raises the fence, and every write names it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from labs import turns
from labs.control.models import Mode, mode_now
from labs.models import Run, RunQuerySet
from labs.states import State

CLAIM_LOCK = 0x67726164  # "grad": one claim at a time on PostgreSQL; SQLite's IMMEDIATE transactions are that already


def claim() -> Run | None:
    """Take the next run in one write transaction: RUNNING, fence + 1, attempt + 1, a lease. At most five queries.

    Next is: of the learners below their limit, the one with the fewest running runs, then a run that has never run,
    then the one whose turn it is; see `labs.line`. Nothing while an administrator has paused the queue.
    """
    with transaction.atomic():
        lock_claims()
        pk = turns.next_pk() if mode_now() == Mode.OPEN else None
        run = _startable().filter(pk=pk).first() if pk else None
        now = timezone.now()
        if run is None or not run.move(
            State.RUNNING,
            fence=run.fence + 1,
            attempt=run.attempt + 1,
            lease_until=now + timedelta(seconds=settings.LAB_LEASE_S),
            claimed_at=now,
            started_at=run.started_at or now,
            turn_at=run.turn_at or now,
        ):
            return None  # cancelled meanwhile; the next look finds another
        return run


def renew(run: Run) -> bool:
    """Hold the run for another lease; False when it is no longer this worker's."""
    until = timezone.now() + timedelta(seconds=settings.LAB_LEASE_S)
    return Run.objects.running().filter(pk=run.pk, fence=run.fence).update(lease_until=until) == 1


def give_back(run: Run, *, counted: bool, turn_over: bool = False, turn_s: float = 0.0) -> bool:
    """Return a run to the queue at its old place. `counted` False: the attempt was not the run's fault.

    After a whole turn its place is behind those who wait; else it goes on with the turn that has had `turn_s` seconds.
    """
    attempt = run.attempt if counted else run.attempt - 1
    turn: dict[str, Any] = {"turn_at": timezone.now(), "turn_s": 0.0} if turn_over else {"turn_s": turn_s}
    return run.move(State.QUEUED, lease_until=None, attempt=attempt, **turn)


def reap(now: datetime | None = None) -> list[Run]:
    """Give back the runs whose lease has expired, or end them as worker lost after too many attempts. Idempotent.

    A run that was given back after its owner had asked to cancel it ends here. Returns the runs that ended.
    Two queries, and one for each of these runs.
    """
    unwanted = Run.objects.queued().filter(cancel_requested_at__isnull=False)
    ended = [run for run in unwanted if run.move(State.CANCELLED, finished_at=timezone.now())]
    for run in Run.objects.running().filter(lease_until__lt=now or timezone.now()):
        if run.cancel_requested_at:
            moved = run.move(State.CANCELLED, finished_at=timezone.now(), lease_until=None)
        elif run.attempt >= settings.LAB_MAX_ATTEMPTS:
            moved = run.move(State.WORKER_LOST, finished_at=timezone.now(), lease_until=None)
        else:
            give_back(run, counted=True)
            continue
        if moved:
            ended.append(run)
    return ended


def lock_claims() -> None:
    """One claim at a time, and none while an administrator's order is written."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])


def _startable() -> RunQuerySet:
    """Waiting, and nobody has asked to cancel it since it was given back."""
    return Run.objects.queued().filter(cancel_requested_at=None)
