"""Interpolated Kneser-Ney n-gram model (Chen and Goodman 1999, section 2.7), in numpy: the baseline a run should beat.
Called by `trainer.baseline`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Order:
    """Counts of the n-grams of one length. An n-gram's key is its tokens as the digits of a number in base V."""

    grams: Ids
    """Keys that occur, ascending."""
    counts: Ids
    histories: Ids
    """Keys of all but the last token, ascending."""
    totals: Ids
    """Count of each history."""
    followers: Ids
    """Different tokens after each history."""
    discount: float


class KneserNey:
    """P(w | h) = (c(hw) - D)⁺ / c(h) + D N(h·) / c(h) · P(w | h without its first token), ending in 1 / V.

    c is the plain count at the highest order; below, the number of different tokens seen in front.
    """

    def __init__(self, tokens: Ids, *, vocab_size: int, order: int = 3) -> None:
        """Count. Raises ValueError where V ** order does not fit 63 bits, or the text is shorter than the order."""
        if vocab_size**order >= 2**63:
            raise ValueError(f"{vocab_size} tokens are too many for order {order}")
        if len(tokens) < order:
            raise ValueError(f"{len(tokens)} tokens are too few for order {order}")
        self.vocab_size = vocab_size
        self.order = order
        self._orders: list[_Order] = []
        grams, counts = np.unique(self._keys(tokens, order), return_counts=True)
        for length in range(order, 0, -1):
            self._orders.insert(0, self._count(grams, counts))
            # Each different n-gram counts once for its suffix: "different tokens in front".
            grams, counts = np.unique(grams % vocab_size ** (length - 1), return_counts=True)

    def probabilities(self, histories: Ids, tokens: Ids) -> Floats:
        """P(token | history) for N pairs: histories (N, at least order - 1), tokens (N,)."""
        probability = np.full(len(tokens), 1.0 / self.vocab_size)
        history = np.zeros(len(tokens), dtype=np.int64)
        for length, counted in enumerate(self._orders, start=1):
            if length > 1:  # one more token in front
                history = history + histories[:, 1 - length] * self.vocab_size ** (length - 2)
            gram = history * self.vocab_size + tokens
            count = _look_up(counted.grams, counted.counts, gram)
            total = _look_up(counted.histories, counted.totals, history)
            followers = _look_up(counted.histories, counted.followers, history)
            mixed = (np.maximum(count - counted.discount, 0) + counted.discount * followers * probability) / np.maximum(
                total, 1
            )
            probability = np.where(total > 0, mixed, probability)
        return probability

    def loss(self, tokens: Ids) -> float:
        """Mean nats of every token but the first order - 1, each given all tokens before it."""
        windows = np.lib.stride_tricks.sliding_window_view(tokens, self.order)
        return float(-np.log(self.probabilities(windows[:, :-1], windows[:, -1])).mean())

    def _keys(self, tokens: Ids, length: int) -> Ids:
        count = len(tokens) - length + 1
        keys = np.zeros(count, dtype=np.int64)
        for i in range(length):
            keys = keys * self.vocab_size + tokens[i : i + count]
        return keys

    def _count(self, grams: Ids, counts: Ids) -> _Order:
        histories, starts = np.unique(grams // self.vocab_size, return_index=True)
        totals = np.add.reduceat(counts, starts)
        followers = np.diff(np.append(starts, len(grams)))
        once, twice = int((counts == 1).sum()), int((counts == 2).sum())
        # Ney et al. 1994; where no n-gram occurs once or twice, any value in between will do.
        discount = once / (once + 2 * twice) if once and twice else 0.5
        return _Order(grams, counts, histories, totals, followers, discount)


def _look_up(keys: Ids, values: Ids, wanted: Ids) -> Ids:
    """Values of the wanted keys; 0 where a key is missing."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)
