"""The line of runs: who is next, and who gives way to whom. Pure rules; `labs.queue` and `labs.forecast` obey them.

A run that has never run goes first, for a slice that is just long enough for its first points. Then everybody has turns
of LAB_TURN_S in the order of `turn_at`, which is when a run had its first slice or last finished a turn: most runs end
within one turn, long ones go back behind the others. A run that gave way to a newcomer keeps its place, and goes on
before those who wait for theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

FIRST_SLICE_S = 0.2
"""Training time of a first slice, from its first point on: ten to a hundred points."""
STARTS_A_TURN = 10
"""A turn is at least so many times as long as a start, ..."""
STARTS_A_SLICE = 2
"""... and what is left of it is not interrupted sooner than so many."""
NEARLY_DONE = 0.5
"""A run whose rest takes less than this part of a turn goes on to its end."""
NEARLY_DONE_S = 1.0
"""And nobody is interrupted for a newcomer within so many seconds of the end."""
PATIENCE_S = 0.5
"""A newcomer waits so long for a free slot before anybody has to give way."""

NEVER = 0.0

Key = tuple[int, int, float, float, int]


@dataclass(slots=True, kw_only=True)
class Entry:
    """A run that has not ended, as the line sees it. Times are seconds since the epoch."""

    pk: int
    owner: int
    running: bool
    queued_at: float
    turn_at: float | None = None
    """None before its first slice."""
    claimed_at: float = NEVER


def turn_length(turn_s: float, start_s: float) -> float:
    """Seconds of a whole turn of a run whose start takes `start_s`."""
    return max(turn_s, STARTS_A_TURN * start_s)


def key(entry: Entry, running: int, last_turn: float) -> Key:
    """Less is sooner. `running` runs and the time of the last turn are its owner's."""
    newcomer = entry.turn_at is None
    since = last_turn if entry.turn_at is None else entry.turn_at
    return (running, 0 if newcomer else 1, since, entry.queued_at, entry.pk)


def heads(entries: Iterable[Entry], limit: int) -> list[Entry]:
    """The oldest waiting run of each owner who has fewer than `limit` running."""
    entries = list(entries)
    running = Counter(entry.owner for entry in entries if entry.running)
    oldest: dict[int, Entry] = {}
    for entry in entries:
        found = oldest.get(entry.owner)
        if not entry.running and (found is None or (entry.queued_at, entry.pk) < (found.queued_at, found.pk)):
            oldest[entry.owner] = entry
    return [entry for entry in oldest.values() if running[entry.owner] < limit]


def following(entries: Sequence[Entry], last_turns: Mapping[int, float], limit: int) -> list[Entry]:
    """Those who may be taken up now, the next one first."""
    running = Counter(entry.owner for entry in entries if entry.running)
    return sorted(
        heads(entries, limit),
        key=lambda entry: key(entry, running[entry.owner], last_turns.get(entry.owner, NEVER)),
    )


def must_yield(
    me: Entry, entries: Sequence[Entry], last_turns: Mapping[int, float], limit: int, *, turn_over: bool, now: float
) -> bool:
    """Whether a running run goes back to the line: somebody stands before the place that it would have there.

    Of several running ones the longest held gives way first, and one for each who waits.
    """
    running = Counter(entry.owner for entry in entries if entry.running)
    mine = (running[me.owner] - 1, 1, now if turn_over or me.turn_at is None else me.turn_at, me.queued_at, me.pk)
    waiting = [
        entry
        for entry in heads(entries, limit)
        if entry.owner != me.owner
        and now - entry.queued_at >= PATIENCE_S
        and key(entry, running[entry.owner], last_turns.get(entry.owner, NEVER)) < mine
    ]
    longer_held = sum(
        entry.running and entry.pk != me.pk and (entry.claimed_at, entry.pk) < (me.claimed_at, me.pk)
        for entry in entries
    )
    return len(waiting) > longer_held
