"""When a waiting run is taken up, and when each is done: the line played forward at the measured pace.

Pure (`play_forward`) but for `forecast`, which reads the runs that have not ended. Called by `labs.selectors`.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils import timezone

from labs import line, turns
from labs.control.workers import training_slots
from labs.costs import Speeds, work_of
from labs.line import Entry
from labs.models import Run
from labs.paces import pace_key

CHANGE_S = 0.2
"""From one run to the next in a slot: a checkpoint, the row, a claim, a fork."""
TELLING_S = 2.0
"""Training after which a run's own speed says more about it than that of others."""
LEAST_REST_S = 0.1


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """A run on its way. Times are seconds since the epoch, durations seconds."""

    entry: Entry
    rest_s: float
    """Training that is left, at `points_at` where it runs."""
    start_s: float
    used_s: float = 0.0
    """Of its turn, before this slice."""
    points_at: float = 0.0
    """When this slice trains its first step."""
    first: bool = False
    """In its first slice."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands: runs that are taken up before it, seconds until it is taken up, seconds until it is done."""

    ahead: int
    next_s: float
    done_s: float


@dataclass
class Play:
    """The state of the line at `clock`."""

    slots: int
    limit: int
    turn_s: float
    clock: float
    last_turns: dict[int, float]
    running: list[Job] = field(default_factory=list)
    waiting: dict[int, list[Job]] = field(default_factory=lambda: defaultdict(list))
    held: Counter[int] = field(default_factory=Counter)
    taken_at: dict[int, float] = field(default_factory=dict)
    done_at: dict[int, float] = field(default_factory=dict)
    _heap: list[tuple[line.Key, int, Job]] = field(default_factory=list)
    _changes: int = 0

    def stand(self, owner: int) -> None:
        """Let an owner's oldest waiting run stand in line, if they are below their limit."""
        if self.waiting[owner] and self.held[owner] < self.limit:
            job = min(self.waiting[owner], key=lambda job: (job.entry.queued_at, job.entry.pk))
            self._changes += 1
            place = line.key(job.entry, self.held[owner], self.last_turns.get(owner, line.NEVER))
            heapq.heappush(self._heap, (place, self._changes, job))

    def front(self) -> Job | None:
        """The next to be taken up."""
        while self._heap:
            job = self._heap[0][2]
            owner = job.entry.owner
            if job in self.waiting[owner] and self.held[owner] < self.limit:
                return job
            heapq.heappop(self._heap)
        return None

    def take(self, job: Job) -> None:
        """Give it a slot."""
        entry = job.entry
        self.waiting[entry.owner].remove(job)
        self.held[entry.owner] += 1
        self.last_turns[entry.owner] = self.clock
        self.taken_at.setdefault(entry.pk, self.clock)
        job.first, entry.running, entry.claimed_at = entry.turn_at is None, True, self.clock
        entry.turn_at = entry.turn_at or self.clock
        job.points_at = self.clock + CHANGE_S + job.start_s
        self.running.append(job)
        self.stand(entry.owner)

    def leave(self, job: Job) -> None:
        """Take its slot away: it is done, or goes back to the line."""
        self.running.remove(job)
        entry = job.entry
        self.held[entry.owner] -= 1
        had = self.clock - job.points_at
        entry.running = False
        if had >= job.rest_s - 1e-6:
            self.done_at[entry.pk] = self.clock
        else:
            job.rest_s -= had
            job.used_s += had
            if job.used_s >= line.turn_length(self.turn_s, job.start_s) - 1e-6:
                entry.turn_at, job.used_s = self.clock, 0.0
            self.waiting[entry.owner].append(job)
        self.stand(entry.owner)

    def leaves_at(self, job: Job, front: Job | None) -> float:
        """When a running one leaves its slot, as things stand."""
        end = job.points_at + job.rest_s
        if front is None or front.entry.owner == job.entry.owner:
            return end
        over = job.points_at + max(0.0, line.turn_length(self.turn_s, job.start_s) - job.used_s)
        at = over if over + line.NEARLY_DONE * self.turn_s < end else end
        mine, theirs = job.entry.turn_at, front.entry.turn_at
        if theirs is None or (mine is not None and theirs < mine):
            least = line.FIRST_SLICE_S if job.first else max(line.FIRST_SLICE_S, line.STARTS_A_SLICE * job.start_s)
            soon = max(job.points_at + least, front.entry.queued_at + line.PATIENCE_S)
            at = min(at, soon) if soon + line.NEARLY_DONE_S < end else at
        return max(self.clock, at)

    def to_the_end(self) -> None:
        """Play until nobody is left."""
        while True:
            while len(self.running) < self.slots and (front := self.front()):
                self.take(front)
            if not self.running:
                return
            front = self.front()
            by_age = sorted(self.running, key=lambda job: job.entry.claimed_at)
            at, job = min(((self.leaves_at(job, front), job) for job in by_age), key=lambda pair: pair[0])
            self.clock = at
            self.leave(job)


def play_forward(
    jobs: Iterable[Job], *, slots: int, limit: int, turn_s: float, now: float, last_turns: Mapping[int, float]
) -> dict[int, Place]:
    """Where each job stands, by its run. The jobs are used up."""
    play = Play(slots=max(1, slots), limit=limit, turn_s=turn_s, clock=now, last_turns=dict(last_turns))
    waited = []
    for job in jobs:
        if job.entry.running:
            play.running.append(job)
            play.held[job.entry.owner] += 1
        else:
            waited.append(job)
            play.waiting[job.entry.owner].append(job)
    for owner in list(play.waiting):
        play.stand(owner)
    play.to_the_end()
    order = sorted(waited, key=lambda job: play.taken_at.get(job.entry.pk, math.inf))
    ahead = {job.entry.pk: index for index, job in enumerate(order)}
    return {
        pk: Place(ahead.get(pk, 0), max(0.0, play.taken_at.get(pk, now) - now), done - now)
        for pk, done in play.done_at.items()
    }


COLUMNS = (*turns.COLUMNS, "turn_s", "trained_s", "step", "steps", "work", "pace", "spec__corpus", "spec__tokenizer")


def forecast(*more: Job) -> dict[int, Place]:
    """Where every run stands that has not ended, and each of `more`. Three queries; one more for runs of old."""
    now, speeds = timezone.now().timestamp(), Speeds.measured()
    jobs = [_job(row, speeds, now) for row in turns.taking_part().values(*COLUMNS)]
    last_turns = turns.last_turns([job.entry for job in (*jobs, *more)])
    limit, turn_s = settings.LAB_MAX_RUNNING, settings.LAB_TURN_S
    return play_forward(
        [*jobs, *more], slots=training_slots(), limit=limit, turn_s=turn_s, now=now, last_turns=last_turns
    )


def newcomer(owner: int, training_s: float, start_s: float) -> Job:
    """A run that somebody would submit now; its pk is 0."""
    entry = Entry(pk=0, owner=owner, running=False, queued_at=timezone.now().timestamp())
    return Job(entry=entry, rest_s=training_s, start_s=start_s)


def _job(row: dict[str, Any], speeds: Speeds, now: float) -> Job:
    entry = turns.entry(row)
    start_s = speeds.start_s(row["spec__corpus"] or "", row["spec__tokenizer"] or "")
    total = speeds.training_s(*_load(row))
    if row["trained_s"] > TELLING_S and row["step"]:
        total = (total + row["trained_s"] / row["step"] * row["steps"]) / 2
    began = entry.claimed_at + CHANGE_S + start_s
    slice_s = max(0.0, now - began) if entry.running else 0.0
    done = max(row["trained_s"], row["turn_s"] + slice_s)
    return Job(
        entry=entry,
        rest_s=max(LEAST_REST_S, total - done),
        start_s=start_s,
        used_s=row["turn_s"] + slice_s,
        points_at=max(now, began),
    )


def _load(row: dict[str, Any]) -> tuple[str, float]:
    """Pace and work; of a run that was stored without them, by its recipe."""
    if row["pace"]:
        return row["pace"], row["work"]
    run = Run.objects.only("spec", "params", "steps").get(pk=row["pk"])
    work = work_of(run)
    return pace_key(run.spec.get("family", "gpt"), work, run.steps), work
