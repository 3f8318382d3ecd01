"""Who runs next, and which runs have lost their worker. Called by `labs.runner` and the reaper.

Guarantee: a run has at most one worker whose writes count. Each claim raises the fence, and every write names it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Max, Min
from django.utils import timezone

from labs.models import Run, RunQuerySet
from labs.states import State

CLAIM_LOCK = 0x67726164  # "grad": one claim at a time on PostgreSQL; SQLite's IMMEDIATE transactions are that already


def claim() -> Run | None:
    """Take the next run in one write transaction: RUNNING, fence + 1, attempt + 1, a lease. Four or five queries.

    Next is: of the learners below their limit, the one with the fewest running runs, then the one whose last turn is
    longest ago, then the one who has waited longest; of theirs, the oldest.
    """
    with transaction.atomic():
        _lock_claims()
        owner = _next_owner()
        if owner is None:
            return None
        run = _startable().filter(owner_id=owner).order_by("queued_at", "pk").first()
        now = timezone.now()
        if run is None or not run.move(
            State.RUNNING,
            fence=run.fence + 1,
            attempt=run.attempt + 1,
            lease_until=now + timedelta(seconds=settings.LAB_LEASE_S),
            claimed_at=now,
            started_at=run.started_at or now,
        ):
            return None  # cancelled meanwhile; the next look finds another
        return run


def renew(run: Run) -> bool:
    """Hold the run for another lease; False when it is no longer this worker's."""
    until = timezone.now() + timedelta(seconds=settings.LAB_LEASE_S)
    return Run.objects.running().filter(pk=run.pk, fence=run.fence).update(lease_until=until) == 1


def give_back(run: Run, *, counted: bool) -> bool:
    """Return a run to the queue at its old place. `counted` False: the attempt was not the run's fault."""
    attempt = run.attempt if counted else run.attempt - 1
    return run.move(State.QUEUED, lease_until=None, attempt=attempt)


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


def _lock_claims() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])


def _startable() -> RunQuerySet:
    """Waiting, and nobody has asked to cancel it since it was given back."""
    return Run.objects.queued().filter(cancel_requested_at=None)


def _next_owner() -> int | None:
    waiting = dict(_startable().values_list("owner_id").annotate(Min("queued_at")))
    if not waiting:
        return None
    running = dict(Run.objects.running().values_list("owner_id").annotate(Count("pk")))
    turns = dict(
        Run.objects.filter(owner_id__in=waiting, claimed_at__isnull=False)
        .values_list("owner_id")
        .annotate(Max("claimed_at"))
    )
    never = datetime.min.replace(tzinfo=timezone.get_default_timezone())
    free = [owner for owner in waiting if running.get(owner, 0) < settings.LAB_MAX_RUNNING]
    return min(
        free,
        key=lambda owner: (running.get(owner, 0), turns.get(owner, never), waiting[owner]),
        default=None,
    )


def ahead_of(run: Run) -> int:
    """How many queued runs stand before this one, by time of waiting. One query.

    The order of claims also weighs whose turn it is, so this is an upper bound for people who seldom run.
    """
    return Run.objects.queued().filter(queued_at__lt=run.queued_at).exclude(pk=run.pk).count()
