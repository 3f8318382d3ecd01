"""Reads the line from the database, and says when a running run gives way. Called by `labs.queue` and `labs.runner`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Max

from labs import line
from labs.line import Entry
from labs.models import Run, RunQuerySet
from labs.states import State

COLUMNS = ("pk", "owner_id", "state", "queued_at", "turn_at", "claimed_at")


def seconds(at: datetime | None) -> float | None:
    """A moment as seconds since the epoch."""
    return at.timestamp() if at else None


def taking_part() -> RunQuerySet:
    """Running, or waiting while nobody has asked to cancel it."""
    return Run.objects.active().exclude(state=State.QUEUED, cancel_requested_at__isnull=False).order_by()


def entry(row: dict[str, Any]) -> Entry:
    """A row of COLUMNS as the line sees it."""
    return Entry(
        pk=row["pk"],
        owner=row["owner_id"],
        running=row["state"] == State.RUNNING,
        queued_at=row["queued_at"].timestamp(),
        turn_at=seconds(row["turn_at"]),
        claimed_at=seconds(row["claimed_at"]) or line.NEVER,
    )


def entries() -> list[Entry]:
    """All runs that have not ended. One query."""
    return [entry(row) for row in taking_part().values(*COLUMNS)]


def last_turns(entries: Sequence[Entry]) -> dict[int, float]:
    """When each owner with a newcomer last had a worker. One query at most."""
    owners = {entry.owner for entry in entries if not entry.running and entry.turn_at is None}
    if not owners:
        return {}
    runs = Run.objects.filter(owner_id__in=owners, claimed_at__isnull=False).order_by()
    return {owner: at.timestamp() for owner, at in runs.values_list("owner_id").annotate(Max("claimed_at"))}


def next_pk() -> int | None:
    """The run that is to be taken up now. Two queries at most."""
    found = entries()
    waiting = line.following(found, last_turns(found), settings.LAB_MAX_RUNNING)
    return waiting[0].pk if waiting else None


def gives_way(run: Run, now: float, *, turn_over: bool) -> bool:
    """Whether this running run is to go back to the line for somebody else. Two queries at most."""
    found = entries()
    me = next((entry for entry in found if entry.pk == run.pk and entry.running), None)
    if me is None or all(entry.running for entry in found):
        return False
    limit = settings.LAB_MAX_RUNNING
    return line.must_yield(me, found, last_turns(found), limit, turn_over=turn_over, now=now)


class Turn:
    """What one slice of a run has had: kept by its supervisor, told in seconds of its clock."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.first = run.step == 0 and not run.turn_s
        self._had_before = run.turn_s
        self.taken_at: float | None = None
        """When the child was started."""
        self.start_s = 0.0
        self._points_at: float | None = None
        self._looked_at = 0.0
        self._from_step = 0

    def begins(self, now: float) -> None:
        """The child was started just now."""
        self.taken_at = now

    def prepared(self, now: float, step: int) -> None:
        """It has its data and its model, and goes on from a step."""
        self._from_step = step
        self.start_s = now - (self.taken_at or now)

    def shows_points(self, now: float) -> None:
        """It has trained a step."""
        self._points_at = self._points_at or now

    def slice_s(self, now: float) -> float:
        """Seconds since the first step of this slice."""
        return now - self._points_at if self._points_at else 0.0

    def used_s(self, now: float) -> float:
        """Seconds of the present turn, slices before this one included."""
        return self._had_before + self.slice_s(now)

    def over(self, now: float) -> bool:
        """Whether the turn has had its length."""
        return self.used_s(now) >= line.turn_length(settings.LAB_TURN_S, self.start_s)

    def left(self) -> dict[str, Any]:
        """What `labs.queue.give_back` is to know."""
        now = time.monotonic()
        return {"turn_over": self.over(now), "turn_s": self.used_s(now)}

    def may_end(self, now: float, step: int, steps: int, look_s: float) -> bool:
        """Whether it is time to look if somebody else waits: at most once in `look_s`, and not near the run's end."""
        since = self.slice_s(now)
        least = line.FIRST_SLICE_S if self.first else max(line.FIRST_SLICE_S, line.STARTS_A_SLICE * self.start_s)
        if since < least or now - self._looked_at < look_s or step >= steps:
            return False
        self._looked_at = now
        done = step - self._from_step
        rest = since / done * (steps - step) if done > 0 else line.NEARLY_DONE_S
        if self.over(now):
            return rest > line.NEARLY_DONE * settings.LAB_TURN_S
        return rest > line.NEARLY_DONE_S
