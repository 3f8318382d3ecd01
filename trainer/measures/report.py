"""What an evaluation found. Built by the `..._report` functions of this package, stored and drawn by their callers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trainer.measures.intervals import Interval


@dataclass(frozen=True)
class Report:
    """Figures by name, and what stands behind them."""

    figures: dict[str, Interval]
    detail: dict[str, Any] = field(default_factory=dict)
    """JSON values; which ones, the function that builds the report says."""

    def to_dict(self) -> dict[str, Any]:
        """JSON values: `figures` with one dict a figure, and `detail`."""
        return {"figures": {name: figure.to_dict() for name, figure in self.figures.items()}, "detail": self.detail}


def same_length(truth: int, predicted: int) -> None:
    """Raise ValueError where predictions do not fit the examples."""
    if truth != predicted:
        raise ValueError(f"{truth} examples, but {predicted} predictions")
