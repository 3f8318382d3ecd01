"""The reference band: where equal runs with other seeds went. Called by whoever prepares a lab's band."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any


@dataclass(frozen=True)
class BandPoint:
    """What several curves say at one step."""

    step: int
    low: float
    mean: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def band(curves: Sequence[Mapping[int, float]]) -> tuple[BandPoint, ...]:
    """Minimum, mean and maximum at each step that every curve has, in order; a curve is its values by step.

    A step where any curve is not finite is left out, so the band of a run that diverges for one seed ends there.
    """
    common = set.intersection(*(set(curve) for curve in curves)) if curves else set()
    points = []
    for step in sorted(common):
        values = [curve[step] for curve in curves]
        if all(map(math.isfinite, values)):
            low, high = min(values), max(values)
            # The mean of equal numbers can differ from them in the last bit.
            points.append(BandPoint(step, low, min(max(fmean(values), low), high), high))
    return tuple(points)
