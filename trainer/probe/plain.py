"""Tensors as JSON values. Used by every file beside."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from trainer.measures.intervals import Interval

DIGITS = 4


def plain(tensor: Tensor, digits: int = DIGITS) -> Any:
    """A number, or nested lists of them, rounded; None for what is not finite."""
    rounded = np.round(tensor.detach().double().cpu().numpy(), digits) + 0.0  # no -0.0
    return rounded.tolist() if np.isfinite(rounded).all() else _finite(rounded.tolist())


def number(value: float | None, digits: int = DIGITS) -> float | None:
    """One number, rounded; None for what is not finite."""
    return None if value is None or not math.isfinite(value) else round(value, digits) + 0.0


def significant(value: float, digits: int = DIGITS) -> float | None:
    """One number to so many digits that say something, however small it is; None for what is not finite."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def band(interval: Interval, rounding: Callable[[float], float | None] = number) -> dict[str, Any]:
    """An interval's value, low, high and n."""
    return {name: value if name == "n" else rounding(value) for name, value in interval.to_dict().items()}


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return value if math.isfinite(value) else None
