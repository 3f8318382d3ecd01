"""Carries one run after the other: claim, train in a child process, stream, store, end. Called by `labs.tasks.work`.

The child computes; this process only supervises it: it passes events on, renews the lease, and looks for a cancel.
Every write to the row names the fence, so that a worker which was given up for dead cannot change anything.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from labs import paces, queue, turns
from labs.assessment.carrying import secret_of, settle
from labs.channel import Channel
from labs.children import Child, NurseryError, nursery
from labs.control.models import Mode, mode_now
from labs.curves import Ledger, bounded
from labs.drain import draining
from labs.goals import check_training
from labs.machine import machine
from labs.models import Run
from labs.selectors import base_run
from labs.states import State
from labs.turns import Turn
from labs.uploads import path_of

log = logging.getLogger(__name__)

FLUSH_S = 0.1
"""Events are passed on in groups this far apart; the first goes at once."""
LOOK_S = 0.25
"""How often a cancel is looked for: well under the second that a person waits."""
SILENCE_S = 120.0
"""A child that says nothing for so long is stuck."""
STORE_TRIES = 30
"""Seconds for which a database that is away is asked again before a run is given up."""


class LostError(Exception):
    """The run is no longer this worker's: somebody claimed or ended it."""


def work() -> int:
    """Carry runs, slice by slice, until none waits or the worker is being stopped. Returns how many slices."""
    carried = 0
    while not draining():
        with suppress(NurseryError):  # what keeps it from starting, a run that was claimed shall tell
            nursery.warm()  # before a lease runs
        run = queue.claim()
        if run is None:
            break
        Supervisor(run).carry()
        carried += 1
    return carried


def run_dir(run: Run) -> Path:
    """Where a run's checkpoints and model lie."""
    return Path(settings.VAR_DIR) / "runs" / str(run.pk)


def weights_hash(run: Run) -> str:
    """How a recipe names a finished run's model as the one to go on from; empty when its file is gone."""
    try:
        weights = (run_dir(run) / "model" / "weights.safetensors").read_bytes()
    except OSError:
        return ""
    return f"sha256:{hashlib.sha256(weights).hexdigest()}"


class Supervisor:
    """One attempt of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.ledger = Ledger.stored(run.curve, run.samples, run.info)
        self.channel = Channel(run.pk, run.fence)
        self.pending: list[dict[str, Any]] = []
        self.flushed_at = self.looked_at = self.renewed_at = 0.0
        self.heard_at = time.monotonic()
        self.turn = Turn(run)
        self.stopping = False
        self.final: dict[str, Any] | None = None

    def carry(self) -> None:
        """Train to an ending, or give the run back. Never raises for what goes wrong with the run itself."""
        child: Child | None = None
        try:
            self.channel.send("state", {"state": State.RUNNING, "attempt": self.run.attempt})
            self.turn.begins(time.monotonic())
            child = nursery.start(self._request())
            self._follow(child)
            self._flush()
            self._end(child)
        except LostError:
            log.warning("run %s: fence %s was passed, stopping", self.run.pk, self.run.fence)
        except Exception:
            log.exception("run %s: attempt %s failed", self.run.pk, self.run.attempt)
            self._give_up()
        finally:
            if child is not None:
                child.wait()
            self.channel.close()

    def _request(self) -> dict[str, Any]:
        corpus = self.run.spec["corpus"]
        return {
            "kind": "train",
            "spec": self.run.spec,
            "run_dir": str(run_dir(self.run)),
            "base_dir": self._base_dir(),
            "text_path": str(path_of(corpus)) if corpus.startswith("sha256:") else None,
            "max_seconds": settings.LAB_RUN_SECONDS + self._seconds_before(),
            "fork": self._fork(),
            "secret": secret_of(self.run),
        }

    def _base_dir(self) -> str | None:
        """Where the model lies that this run goes on from: of a finished run of the same owner."""
        base = base_run(self.run.owner, self.run.spec.get("base", ""))
        return str(run_dir(base) / "model") if base else None

    def _fork(self) -> dict[str, Any] | None:
        """Which checkpoint the run goes on from, see `trainer.forks`."""
        if not self.run.fork_step:
            return None
        parent = self.run.parent or self.run  # one whose parent is gone has no checkpoint to go on from, and is refused
        return {"run_dir": str(run_dir(parent)), "spec": parent.spec, "step": self.run.fork_step}

    def _seconds_before(self) -> float:
        """Training time of the parent up to where the run leaves it: not this one's own."""
        parent = self.run.parent
        curve = parent.curve if parent else {}
        seconds = dict(zip(curve.get("step", ()), curve.get("seconds", ()), strict=False))
        return float(seconds.get(self.run.fork_step, 0.0))

    # Following the child

    def _follow(self, child: Child) -> None:
        while not child.closed and self.final is None:
            events = child.read(FLUSH_S if self.pending else LOOK_S)
            now = time.monotonic()
            if events:
                self.heard_at = now
                self._take(events)
            if self.pending and now - self.flushed_at >= FLUSH_S:
                self._flush()
            if now - self.looked_at >= LOOK_S:
                self._look(child, now)
            self._share(child, now)

    def _take(self, events: list[dict[str, Any]]) -> None:
        for event in map(bounded, events):
            kind = event["kind"]
            if kind in {"finished", "failed"}:
                self.final = event
                return
            if kind == "history":  # the checkpoint's own record replaces what the row remembered
                self.ledger.add(event["events"])
                self.channel.stale = True
            else:
                self.ledger.add([event])
                self.pending.append(event)
            if kind == "started":
                self.turn.prepared(time.monotonic(), event["step"])
                self.channel.stale = True
                if event["step"] and event["step"] != self.run.step:
                    self.ledger.rewind(0)
            elif kind == "point":
                self.turn.shows_points(time.monotonic())
            elif kind == "checkpoint":
                self._store(**self._columns())

    def _flush(self) -> None:
        """Pass on what has come; after a gap, everything anew."""
        self.flushed_at = time.monotonic()
        if self.channel.stale:
            sent = self.channel.send("snapshot", self.ledger.columns())
        else:
            sent = self.channel.send("events", self.pending)
        if sent or self.channel.stale:
            self.pending = []  # a stale channel gets all of it with the next snapshot

    def _look(self, child: Child, now: float) -> None:
        self.looked_at = now
        if now - self.renewed_at >= settings.LAB_LEASE_S / 4:
            if not self._persist(lambda: queue.renew(self.run)):
                raise LostError
            self.renewed_at = now
        if self._cancelled():
            self.final = {"kind": "failed", "ending": State.CANCELLED, "step": self.ledger.step, "detail": {}}
        elif not self.stopping and (draining() or self._persist(mode_now) == Mode.DRAINED):
            self._ask_to_stop(child)
        elif now - self.heard_at > SILENCE_S:
            raise TimeoutError(f"no word from process {child.pid} for {SILENCE_S:.0f} s")

    def _share(self, child: Child, now: float) -> None:
        """Give way to somebody whose turn it is: the run goes back to the queue at its very step."""
        if self.stopping or self.final or not self.turn.may_end(now, self.ledger.step, self.run.steps, LOOK_S):
            return
        over = self.turn.over(now)
        if self._persist(lambda: turns.gives_way(self.run, timezone.now().timestamp(), turn_over=over)):
            self._ask_to_stop(child)

    def _ask_to_stop(self, child: Child) -> None:
        self.stopping = True
        child.ask_to_stop()

    def _cancelled(self) -> bool:
        rows = Run.objects.filter(pk=self.run.pk, fence=self.run.fence)
        return bool(self._persist(lambda: rows.filter(cancel_requested_at__isnull=False).exists()))

    # Ending

    def _end(self, child: Child) -> None:
        if self.final is None:
            raise RuntimeError(f"process {child.pid} ended without a word")
        if self.final["kind"] == "finished":
            self._finish(State.FINISHED)
        elif self.final["ending"] == "interrupted":
            self._store(**self._columns())
            self._give_back(counted=False)
        else:
            self._finish(State(self.final["ending"]))

    def _finish(self, ending: State) -> None:
        """Store result and whole curve by one fenced UPDATE, then tell the watchers and the courses."""
        self.ledger.info["machine"] = machine()
        if ending == State.FINISHED:
            self.ledger.info["weights"] = weights_hash(self.run)
        columns = self._columns()
        if data_hash := self.ledger.info.get("started", {}).get("data_hash"):
            columns["data_hash"] = data_hash
        changes = columns | {"result": self.final, "finished_at": timezone.now(), "lease_until": None}
        if not self._persist(lambda: self._record(ending, changes)):
            raise LostError
        self.channel.send("snapshot", columns)
        self.channel.send("state", {"state": ending, "result": self.final})
        self._learn()

    def _learn(self) -> None:
        """Note how long the start took and, of a finished run, the training."""
        if self.turn.start_s:
            spec = self.run.spec
            paces.note(paces.start_key(spec["corpus"], spec["tokenizer"]), self.turn.start_s)
        if self.final and self.final["kind"] == "finished":
            paces.learn(self.run, self.final["seconds"])

    def _record(self, ending: State, changes: dict[str, Any]) -> bool:
        """Ending and goal together or not at all. On a copy, so that it can be tried again."""
        run = copy(self.run)
        with transaction.atomic():
            if not run.move(ending, **changes):
                return False
            check_training(run)
            settle(run)
        self.run = run
        return True

    def _give_back(self, *, counted: bool) -> None:
        if self._cancelled():  # asked for while the child was leaving
            self.final = {"kind": "failed", "ending": State.CANCELLED, "step": self.ledger.step, "detail": {}}
            self._finish(State.CANCELLED)
        elif self._persist(lambda: queue.give_back(self.run, counted=counted, **self.turn.left())):
            self.channel.send("state", {"state": State.QUEUED})

    def _give_up(self) -> None:
        """After a failed attempt: back to the queue, or lost after too many."""
        try:
            if self.run.attempt >= settings.LAB_MAX_ATTEMPTS:
                self.final = {"kind": "failed", "ending": State.WORKER_LOST, "step": self.ledger.step, "detail": {}}
                self._finish(State.WORKER_LOST)
            else:
                self._give_back(counted=True)
        except (LostError, OperationalError):
            log.warning("run %s: left to the reaper", self.run.pk)

    # Database

    def _columns(self) -> dict[str, Any]:
        """What the row keeps of the run so far."""
        seconds = self.ledger.curve["seconds"]
        return self.ledger.columns() | {"trained_s": seconds[-1] if seconds else 0.0}

    def _store(self, **columns: Any) -> None:
        """Keep curve and samples by a fenced UPDATE. Raises LostError."""
        rows = Run.objects.running().filter(pk=self.run.pk, fence=self.run.fence)
        if self._persist(lambda: rows.update(**columns)) != 1:
            raise LostError

    def _persist(self, write: Callable[[], Any]) -> Any:
        """Call `write`; while the database is away, try again each second, up to STORE_TRIES times."""
        for left in reversed(range(STORE_TRIES)):
            try:
                return write()
            except OperationalError:
                if not left:
                    raise
                log.warning("run %s: the database is away, trying again", self.run.pk)
                connection.close()
                time.sleep(1)
        raise AssertionError("unreachable")
