"""What the control page shows: workers, line, running runs, waits and failures of today. For administrators."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.functional import Promise

from labs.catalogue import LABS
from labs.control.models import ControlAction, Mode
from labs.control.services import check_administrator
from labs.control.workers import Worker, workers
from labs.forecast import Place, forecast
from labs.limits import midnight
from labs.models import Run, RunQuerySet
from labs.states import ENDINGS, State

MOST_ROWS = 50
"""Waiting runs that are shown, those that come next."""
MOST_ACTIONS = 10
MOST_WAITS = 5000
"""Runs of today, the latest, whose waits are looked at."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A run that waits or runs, as the page shows it."""

    id: int
    owner: str
    lab: str | Promise
    step: int
    steps: int
    trained_s: float
    speed: float | None
    """Steps a second of its training so far."""
    since: datetime
    place: Place | None
    attempt: int


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Everything on the page, as of `as_of`."""

    as_of: datetime
    mode: Mode
    changed: ControlAction | None
    actions: list[ControlAction]
    workers: list[Worker] | None
    slots: int
    queued: int
    waiting: list[Line]
    running: list[Line]
    started: int
    wait_p50: float | None
    wait_p95: float | None
    endings: list[tuple[str | Promise, int]] = field(default_factory=list)
    finished: int = 0

    @property
    def working(self) -> bool:
        """Whether a training worker is alive."""
        return self.slots > 0

    @property
    def more(self) -> int:
        """Waiting runs that are not shown."""
        return self.queued - len(self.waiting)


def overview(user: Any) -> Overview:
    """The page. Raises PermissionDenied. Nine queries at most, and one look into Redis."""
    check_administrator(user)
    actions = list(ControlAction.objects.select_related("by")[:MOST_ACTIONS])
    found, places = workers(), forecast()
    queued, running = _light(Run.objects.queued()), _light(Run.objects.running())
    next_ones = sorted((pk for pk, place in places.items()), key=lambda pk: (places[pk].next_s, places[pk].ahead, pk))
    waiting = {run.pk: run for run in queued.filter(pk__in=next_ones[: MOST_ROWS + len(running)])}
    alive = [worker for worker in found or [] if worker.alive and "train" in worker.queues]
    p50, p95, started = _waits()
    endings = _endings()
    return Overview(
        as_of=timezone.now(),
        mode=Mode(actions[0].mode) if actions else Mode.OPEN,
        changed=actions[0] if actions else None,
        actions=actions,
        workers=found,
        slots=sum(worker.slots for worker in alive),
        queued=Run.objects.queued().count(),
        waiting=[_line(waiting[pk], places.get(pk)) for pk in next_ones if pk in waiting][:MOST_ROWS],
        running=[_line(run, places.get(run.pk)) for run in running],
        started=started,
        wait_p50=p50,
        wait_p95=p95,
        finished=endings.pop(State.FINISHED, 0),
        endings=[(State(state).label, number) for state, number in sorted(endings.items(), key=lambda pair: -pair[1])],
    )


def _light(runs: RunQuerySet) -> QuerySet[Run]:
    names = ("owner__display_name", "lab", "step", "steps", "trained_s", "attempt", "queued_at", "claimed_at", "state")
    return runs.select_related("owner").only(*names).order_by("claimed_at", "pk")


def _line(run: Run, place: Place | None) -> Line:
    return Line(
        id=run.pk,
        owner=run.owner.display_name,
        lab=LABS[run.lab].title if run.lab in LABS else run.lab,
        step=run.step,
        steps=run.steps,
        trained_s=run.trained_s,
        speed=run.step / run.trained_s if run.trained_s > 0 else None,
        since=(run.claimed_at if run.state == State.RUNNING else None) or run.queued_at,
        place=place,
        attempt=run.attempt,
    )


def _waits() -> tuple[float | None, float | None, int]:
    """Seconds within which half and 95 % of today's runs were first taken up, and how many runs these are."""
    runs = Run.objects.filter(started_at__gte=midnight(), replay_of=None).order_by("-pk")
    moments = runs.values_list("started_at", "queued_at")[:MOST_WAITS]
    waits = sorted((started - queued).total_seconds() for started, queued in moments if started)
    if not waits:
        return None, None, 0
    return waits[(len(waits) - 1) // 2], waits[min(len(waits) - 1, round(0.95 * len(waits)))], len(waits)


def _endings() -> dict[str, int]:
    """How many of today's runs ended how. One query."""
    ended = Run.objects.filter(finished_at__gte=midnight(), state__in=ENDINGS, replay_of=None).order_by()
    return dict(ended.values_list("state").annotate(Count("pk")))
