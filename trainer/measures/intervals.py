"""Figures with 95 % confidence intervals. Every module of this package builds on it.

No figure is ever NaN or infinite: what cannot be known is said by `n` and by an interval as wide as the figure's range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Numbers = Sequence[float] | Floats | Ints

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
"""1.96: standard deviations to either side."""
TAILS = (50 * (1 - LEVEL), 50 * (1 + LEVEL))
RESAMPLES = 1000
DRAWS_AT_ONCE = 1_000_000
"""Bounds the memory of a bootstrap to some 16 MB."""
SHARE = (0.0, 1.0)


@dataclass(frozen=True)
class Interval:
    """A figure and the 95 % interval around it: low <= value <= high."""

    value: float
    low: float
    high: float
    n: int
    """Independent units behind it (examples, sentences, windows); 0: nothing was measured, and `value` is 0."""

    def mapped(self, function: Callable[[float], float]) -> Interval:
        """In another unit; `function` must be increasing."""
        return Interval(function(self.value), function(self.low), function(self.high), self.n)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def unknown(bounds: tuple[float, float] = SHARE) -> Interval:
    """What nothing was measured of: anything in `bounds`."""
    return Interval(0.0, *bounds, 0)


def wilson(hits: int, n: int) -> Interval:
    """Share of n independent trials that hit (Wilson 1927): honest for few trials, and for shares of 0 and 1."""
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n}")
    if n == 0:
        return unknown()
    share, z2 = hits / n, Z * Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # At 0 and 1 the bounds are exactly the value; rounding must not part them.
    return Interval(share, min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half)), n)


def normal_ratio(numerators: Numbers, denominators: Numbers) -> Interval:
    """Sum over sum, as of nats and tokens of N windows, with a normal interval over windows (Cochran 1977, 6.3).

    Windows of one text resemble their neighbours, so the truth is a little less certain than this says. One window
    gives no interval: low and high are the value. Of numerators that are not negative neither is `low`. Raises
    ValueError without any window, and for what is not finite.
    """
    above, below = _finite(numerators), _finite(denominators)
    n = len(above)
    if above.shape != below.shape or n == 0 or below.sum() <= 0:
        raise ValueError(f"no ratio of {n} numbers and {len(below)} that sum to {below.sum()}")
    value = float(above.sum() / below.sum())
    if n == 1:
        return Interval(value, value, value, 1)
    residual = above - value * below
    half = Z * math.sqrt(n / (n - 1) * float(residual @ residual)) / float(below.sum())
    low = value - half
    return Interval(value, max(0.0, low) if (above >= 0).all() else low, value + half, n)


def bootstrap(
    rows: npt.ArrayLike,
    figures: Callable[[Floats], Floats],
    *,
    counts: npt.ArrayLike | None = None,
    bounds: tuple[float, float] = SHARE,
    seed: int = 0,
) -> list[Interval]:
    """Intervals of figures that follow from sums over examples, by RESAMPLES percentile-bootstrap resamples.

    rows (N, K): what each example adds; counts (N,): how many examples are like it (one each by default).
    `figures` turns sums (R, K) into figures (R, M), finite for any sums, also for zeros.
    Where a figure is biased (calibration error is), the interval is widened to hold the value. Fewer than two examples
    say nothing: the interval is `bounds`. Examples that are all alike give a width of zero.
    """
    matrix = np.atleast_2d(_finite(rows))
    times = np.ones(len(matrix), dtype=np.int64) if counts is None else np.asarray(counts, dtype=np.int64)
    n = int(times.sum()) if matrix.size else 0
    if n == 0:
        return [unknown(bounds) for _ in figures(np.zeros((1, matrix.shape[1])))[0]]
    values = figures((times @ matrix)[None])[0]
    if n == 1:
        return [Interval(float(value), *bounds, 1) for value in values]
    rng = np.random.default_rng(seed)
    found = np.concatenate([figures(sums) for sums in _resampled_sums(matrix, times, rng)])  # (RESAMPLES, M)
    lows, highs = np.percentile(found, TAILS, axis=0)
    bands = zip(values.tolist(), lows.tolist(), highs.tolist(), strict=True)
    return [Interval(value, min(low, value), max(high, value), n) for value, low, high in bands]


def bootstrap_ratio(numerators: Numbers, denominators: Numbers, *, bounds: tuple[float, float] = SHARE) -> Interval:
    """Sum over sum, as of right and all tokens of N examples; 0 where the denominators sum to 0."""
    rows = np.stack([_finite(numerators), _finite(denominators)], axis=1)
    return bootstrap(rows, lambda sums: ratio(sums[:, :1], sums[:, 1:]), bounds=bounds)[0]


def bootstrap_mean(values: Numbers, *, bounds: tuple[float, float] = SHARE) -> Interval:
    """Mean of one value an example."""
    return bootstrap_ratio(values, np.ones(len(values)), bounds=bounds)


def jackknife(value: float, left_out: Numbers, *, bounds: tuple[float, float] = SHARE) -> Interval:
    """A figure that no sums give, from its values with each of N examples left out (Efron and Tibshirani 1993, 11.2).

    A bootstrap would be wrong for it where an example drawn twice counts as a repetition. N < 2 says nothing.
    """
    others = _finite(left_out)
    n = len(others)
    if n < 2:
        return Interval(value, *bounds, n)
    half = Z * math.sqrt((n - 1) / n * float(((others - others.mean()) ** 2).sum()))
    return Interval(value, min(value, max(bounds[0], value - half)), max(value, min(bounds[1], value + half)), n)


def ratio(above: Floats, below: Floats) -> Floats:
    """above / below, and 0 where below is 0."""
    return np.divide(above, below, out=np.zeros(np.broadcast_shapes(above.shape, below.shape)), where=below != 0)


def _resampled_sums(matrix: Floats, counts: Ints, rng: np.random.Generator) -> Iterator[Floats]:
    """Sums (R, K) of resamples; R together RESAMPLES."""
    # Examples that add the same are one kind: how often each kind is drawn is multinomial.
    kinds, kind_of = np.unique(matrix, axis=0, return_inverse=True)
    n = int(counts.sum())
    shares = np.bincount(kind_of.ravel(), weights=counts) / n
    at_once = max(1, DRAWS_AT_ONCE // len(kinds))
    for start in range(0, RESAMPLES, at_once):
        drawn = rng.multinomial(n, shares, size=min(at_once, RESAMPLES - start))
        yield drawn.astype(np.float64) @ kinds


def _finite(values: npt.ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("not every number is finite")
    return array
