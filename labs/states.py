"""The states of a run and the moves between them. A move is one conditional UPDATE that must change exactly one row."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a run stands.

    QUEUED: waits for a worker. RUNNING: a worker holds its lease. The others are endings:
    FINISHED: all steps done, the model can be played with. CANCELLED: its owner stopped it.
    DIVERGED: the loss exploded or stopped being a number. OUT_OF_TIME, OUT_OF_MEMORY: it met a limit.
    WORKER_LOST: its worker vanished too often. REFUSED: it could not have started, e.g. its text is too short.
    """

    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    FINISHED = "finished", _("finished")
    CANCELLED = "cancelled", _("cancelled")
    DIVERGED = "diverged", _("diverged")
    OUT_OF_TIME = "out_of_time", _("out of time")
    OUT_OF_MEMORY = "out_of_memory", _("out of memory")
    WORKER_LOST = "worker_lost", _("worker lost")
    REFUSED = "refused", _("refused")


ENDINGS = frozenset(State) - {State.QUEUED, State.RUNNING}

MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED}),
    State.RUNNING: frozenset({State.QUEUED}) | ENDINGS,
} | {ending: frozenset() for ending in ENDINGS}


def state_choices() -> list[tuple[str, str]]:
    """A callable, so that another ending needs no migration."""
    return [(state.value, str(state.label)) for state in State]
