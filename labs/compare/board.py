"""A lab's board: who takes part, ranked by a measure on the hidden set, within the lab's token budget.

Graded attempts only: the server trained each recipe anew, on a seed of its own choice: see `labs.assessment`. Called
by the board's page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q

from labs import wording
from labs.assessment.models import Submission
from labs.assessment.states import Standing
from labs.compare.models import BoardEntry, Shown
from labs.lab import Lab

LEAST = 3
"""Participants below which there is no board: of two, each would know the other's result."""
MOST_ROWS = 50


@dataclass(frozen=True, kw_only=True)
class Place:
    """One line of a board. Equal results share a place; `name` is empty for who stands without one."""

    place: int
    name: str
    value: str
    own: bool


@dataclass(frozen=True, kw_only=True)
class Board:
    """A lab's board as one person sees it."""

    lab: Lab
    measure: str
    places: list[Place]
    """Empty below LEAST participants."""
    participants: int
    own: Place | None
    """One's own place among them, also without taking part; its place is 0 while there is no board."""
    entry: BoardEntry | None


def board(user: Any, lab: Lab) -> Board:
    """The board of a lab. Three queries."""
    graded = Submission.objects.filter(lab=lab.slug, state=Standing.GRADED, hidden_value__isnull=False)
    entries = {entry.user_id: entry for entry in BoardEntry.objects.filter(lab=lab.slug).select_related("user")}
    seen = graded.filter(Q(owner_id=user.pk) | Q(owner_id__in=list(entries), owner__is_active=True))
    best = _best(lab, seen.annotate(value=F("hidden_value")).values_list("owner_id", "value"))
    ranked = [(pk, value) for pk, value in best.items() if pk in entries]
    return _board(user, lab, entries, best, ranked)


def _board(
    user: Any, lab: Lab, entries: dict[int, BoardEntry], best: dict[int, float], ranked: Sequence[tuple[int, float]]
) -> Board:
    open_ = len(ranked) >= LEAST
    rows = [
        _place(pk, value, lab, user, place=rank(lab, value, [other for _pk, other in ranked]), name=_name(entries[pk]))
        for pk, value in sorted(ranked, key=lambda pair: (_order(lab, pair[1]), entries[pair[0]].joined_at))
    ]
    own = None
    if user.pk in best:
        others = [value for pk, value in ranked if pk != user.pk]
        place = rank(lab, best[user.pk], others) if open_ else 0
        own = _place(user.pk, best[user.pk], lab, user, place=place, name="")
    return Board(
        lab=lab,
        measure=str(wording.measure(measure_of(lab)).label),
        places=rows[:MOST_ROWS] if open_ else [],
        participants=len(ranked),
        own=own,
        entry=entries.get(user.pk),
    )


def measure_of(lab: Lab) -> str:
    """What the board ranks by: what a graded attempt is measured by on hidden data."""
    return lab.graded.measure


def rank(lab: Lab, value: float, others: Sequence[float]) -> int:
    """1 and the number of better results: those that are written alike are equal."""
    return 1 + sum(_order(lab, other) < _order(lab, value) for other in others)


def _order(lab: Lab, value: float) -> float:
    """Smaller for a better result; rounded as it is written, so that what looks equal is equal."""
    measure = wording.measure(measure_of(lab))
    shown = round(100 * value, 1) if measure.percent else round(value, measure.places)
    return shown if lab.graded.full < lab.graded.low else -shown


def _best(lab: Lab, rows: Any) -> dict[int, float]:
    found: dict[int, float] = {}
    for pk, value in rows:
        if not math.isfinite(value):
            continue
        if pk not in found or _order(lab, value) < _order(lab, found[pk]):
            found[pk] = value
    return found


def _name(entry: BoardEntry) -> str:
    return str(entry.user) if entry.shown == Shown.NAME else ""


def _place(pk: int, value: float, lab: Lab, user: Any, *, place: int, name: str) -> Place:
    return Place(place=place, name=name, value=wording.measure(measure_of(lab)).text(value), own=pk == user.pk)
