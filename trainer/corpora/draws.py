"""Random choices that are the same on every machine and in every Python, and the splits made of them. Called by every
generator of this package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from trainer.corpora.base import CorpusError, Example, part_of

T = TypeVar("T")
E = TypeVar("E", bound=Example)

HELD_OUT = 500
"""Held-out examples of a generated corpus, however many train."""

SLICE = 200
"""Examples of each slice."""

PATIENCE = 2_000
"""Candidates in a row that may be refused before a generator says that nothing is left."""


class Draws:
    """Choices that follow from a key. `random.Random.random()` alone is used, seeded by an integer: of that, and of no
    other method, Python's documentation promises the same numbers in every version.
    """

    def __init__(self, *key: str | int) -> None:
        digest = hashlib.sha256(json.dumps(key).encode()).digest()
        self._random = Random(int.from_bytes(digest, "big")).random

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1."""
        return int(self._random() * n)

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self._random() * (high - low + 1))

    def chance(self, p: float) -> bool:
        """True in a share p of all calls."""
        return self._random() < p

    def choice(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self._random() * len(items))]

    def rare(self, items: Sequence[T]) -> T:
        """One of the items, early ones much more often, as with words of a language: the last about 1 in n²."""
        return items[int(self._random() ** 2 * len(items))]

    def sample(self, items: Sequence[T], k: int) -> list[T]:
        """k different items in random order."""
        pool = list(items)
        for i in range(k):
            j = self.between(i, len(pool) - 1)
            pool[i], pool[j] = pool[j], pool[i]
        return pool[:k]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All items in random order."""
        return self.sample(items, len(items))


class Share:
    """Parts of a space of examples, by content: [low, high) of `part_of`."""

    TRAIN, HELD_OUT, HIDDEN = (0.0, 0.6), (0.6, 0.8), (0.8, 1.0)
    """Where training and measuring draw from one space."""

    ALL, FRESH, FRESH_HIDDEN = (0.0, 1.0), (0.0, 0.5), (0.5, 1.0)
    """Where measuring has templates or names of its own, which training never sees."""


def collect(
    make: Callable[[Draws], E], draws: Draws, count: int, share: tuple[float, float], *, repeats: bool = False
) -> tuple[E, ...]:
    """Make examples until `count` of them lie in `share`. Different ones, unless `repeats` are allowed; then a small
    space repeats itself as often as it must. Without repeats a small space gives fewer.

    Raises CorpusError `nothing_left` when the space holds none at all.
    """
    low, high = share
    found: list[E] = []
    seen: set[E] = set()
    refused = 0
    while len(found) < count and refused < PATIENCE:
        example = make(draws)
        if low <= part_of(example) < high and (repeats or example not in seen):
            seen.add(example)
            found.append(example)
            refused = 0
        else:
            refused += 1
    if not found:
        raise CorpusError("nothing_left", {})
    return tuple(found)
