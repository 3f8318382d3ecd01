"""The curve of a question as numbers that a template draws as SVG: axes with round steps, a grid to read values by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from courses.models import localised

WIDTH, HEIGHT = 640.0, 340.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 16.0, 16.0, 28.0
"""Room around the plot for the numbers and names of the axes, in units of the drawing."""


@dataclass(frozen=True)
class Tick:
    """A number on an axis and where it stands."""

    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """A curve with its axes. `rows` are its points as numbers: what a screen reader reads instead of the drawing."""

    x: str
    y: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    line: str
    rows: list[tuple[str, str]]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM


def plot_of(question: Mapping[str, Any]) -> Plot | None:
    """The question's curve with the names of its axes in the reader's language; None when it has none."""
    curve = question.get("curve")
    if not curve:
        return None
    points = [(float(x), float(y)) for x, y in curve["points"]]
    x_ticks, y_ticks = steps(*_span([x for x, _y in points])), steps(*_span([y for _x, y in points]))

    def place_x(x: float) -> float:
        return round(LEFT + (x - x_ticks[0]) / (x_ticks[-1] - x_ticks[0]) * (WIDTH - LEFT - RIGHT), 1)

    def place_y(y: float) -> float:
        return round(HEIGHT - BOTTOM - (y - y_ticks[0]) / (y_ticks[-1] - y_ticks[0]) * (HEIGHT - TOP - BOTTOM), 1)

    return Plot(
        x=str(localised(curve["x"])),
        y=str(localised(curve["y"])),
        x_ticks=[Tick(place_x(x), short(x)) for x in x_ticks],
        y_ticks=[Tick(place_y(y), short(y)) for y in y_ticks],
        line=" ".join(f"{place_x(x)},{place_y(y)}" for x, y in points),
        rows=[(short(x), short(y)) for x, y in points],
    )


def steps(low: float, high: float, most: int = 8) -> list[float]:
    """Round numbers at equal distances that enclose `low` to `high`, about `most` of them."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def short(number: float) -> str:
    """At most six digits that count, as plain text."""
    return f"{number:.6g}"


def _span(values: list[float]) -> tuple[float, float]:
    return min(values), max(values)
