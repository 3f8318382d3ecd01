"""What a learner said before a run, and how close it came: a number, a ranking, a sketched curve. Pure functions.

Closeness is 1 for a perfect guess and 0 for one that tells nothing; it never costs anything beyond its own share:

    number    shares and BLEU: 1 - |said - came| / 50 points. Others: 1 - |ln(said / came)| / ln 2, so a factor of
              two either way is 0
    ranking   share of the pairs that stand in the right order; a tie is right either way
    curve     1 - mean |said - came| at the handles / (highest - lowest held-out loss of the run)

Each is cut off at 0. `forecast` is what a run keeps of it: {"kind": "ranking", "order": [names]} or
{"kind": "curve", "points": [[share of the run, loss], ...]}; a number is the run's `prediction`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from django.utils.translation import gettext as _

from labs.lab import Lab, Prediction
from labs.wording import measure, slice_name

HANDLES = (0.1, 0.25, 0.5, 0.75, 1.0)
"""Where a curve is sketched: shares of the run."""
POINTS = 50.0
"""Points of a hundred by which a guess of a share may be off before it tells nothing."""
MOST_LOSS = 100.0


class ForecastError(ValueError):
    """A forecast that cannot be read. `fields` holds a sentence for each field."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        super().__init__(str(fields))


def read_forecast(asked: Prediction, given: Mapping[str, str]) -> dict[str, Any]:
    """The forecast in a form's fields, {} where nothing was said. Raises ForecastError.

    A ranking comes as `rank-<name>` (places, 1 first), a curve as `sketch-<place>` (losses).
    """
    if asked.kind == "ranking":
        return _read_ranking(asked.items, given)
    return _read_curve(given) if asked.sketch else {}


def _read_ranking(items: Sequence[str], given: Mapping[str, str]) -> dict[str, Any]:
    typed = {name: str(given.get(f"rank-{name}", "")).strip() for name in items}
    if not any(typed.values()):
        return {}
    if sorted(typed.values()) != sorted(str(place) for place in range(1, len(items) + 1)):
        raise ForecastError({"prediction": _("Give each a place of its own, from first to last.")})
    return {"kind": "ranking", "order": sorted(items, key=lambda name: int(typed[name]))}


def _read_curve(given: Mapping[str, str]) -> dict[str, Any]:
    typed = [str(given.get(f"sketch-{place}", "")).strip() for place in range(len(HANDLES))]
    if not any(typed):
        return {}
    points: list[list[float]] = []
    for share, text in zip(HANDLES, typed, strict=True):
        loss = _loss(text)
        if loss is None:
            raise ForecastError({"sketch": _("Sketch the whole curve: a loss between 0 and 100 at every handle.")})
        points.append([share, loss])
    return {"kind": "curve", "points": points}


def _loss(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 < value < MOST_LOSS else None


def checked(asked: Prediction, forecast: Any) -> dict[str, Any]:
    """A forecast as a program gave it, or {}. Raises ForecastError."""
    if not forecast:
        return {}
    if isinstance(forecast, Mapping) and forecast.get("kind") == "ranking" == asked.kind:
        order = forecast.get("order")
        if isinstance(order, list) and all(isinstance(name, str) for name in order):
            given = {f"rank-{name}": str(place) for place, name in enumerate(order, start=1)}
            return _read_ranking(asked.items, given)
    if isinstance(forecast, Mapping) and forecast.get("kind") == "curve" and asked.sketch:
        points = forecast.get("points")
        if isinstance(points, list) and len(points) == len(HANDLES) and all(_is_pair(point) for point in points):
            return _read_curve({f"sketch-{place}": str(point[1]) for place, point in enumerate(points)})
    raise ForecastError({"forecast": _("This is no forecast that the lab asks for.")})


def _is_pair(point: Any) -> bool:
    return isinstance(point, list) and len(point) == 2


def number_of(prediction: float | None, forecast: Mapping[str, Any]) -> float | None:
    """The number that was said; a curve says it with its end."""
    if prediction is None and forecast.get("kind") == "curve":
        return float(forecast["points"][-1][1])
    return prediction


def committed(prediction: float | None, forecast: Mapping[str, Any]) -> bool:
    """Whether anything was said."""
    return prediction is not None or bool(forecast)


# Closeness, 0 to 1


def of_number(name: str, said: float, came: float) -> float:
    """Of a measure's figure, both as they are written (percent for shares)."""
    if measure(name).percent or name in ("bleu", "chrf"):
        return _share(1 - abs(said - came) / POINTS)
    if said == came:
        return 1.0
    if said <= 0 or came <= 0:
        return 0.0
    return _share(1 - abs(math.log(said) - math.log(came)) / math.log(2))


def of_ranking(order: Sequence[str], came: Mapping[str, float], *, lowest_first: bool) -> float | None:
    """Of those that have an outcome; None where fewer than two have one."""
    known = [name for name in order if name in came]
    pairs = list(combinations(known, 2))
    if not pairs:
        return None
    sign = 1 if lowest_first else -1
    return sum(sign * came[first] <= sign * came[second] for first, second in pairs) / len(pairs)


def of_curve(points: Sequence[Sequence[float]], held: Mapping[str, Sequence[float]], steps: int) -> float | None:
    """Of the held-out curve {"step", "loss"}; None where it has fewer than two points."""
    if len(held.get("loss", ())) < 2:
        return None
    spread = max(held["loss"]) - min(held["loss"])
    off = sum(abs(loss - loss_at(held, share * steps)) for share, loss in points) / len(points)
    if not off:
        return 1.0
    return _share(1 - off / spread) if spread else 0.0


def loss_at(held: Mapping[str, Sequence[float]], step: float) -> float:
    """The held-out loss at a step, on a straight line between checkpoints; beyond them that of the nearest."""
    at, losses = held["step"], held["loss"]
    place = bisect_left(at, step)
    if place == 0:
        return losses[0]
    if place == len(at):
        return losses[-1]
    part = (step - at[place - 1]) / (at[place] - at[place - 1])
    return losses[place - 1] + part * (losses[place] - losses[place - 1])


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))


def items_of(lab: Lab) -> list[tuple[str, Any]]:
    """What a ranking orders, as (name, title)."""
    presets = {preset.name: preset.title for preset in lab.presets}
    return [(name, presets.get(name) or slice_name(name)) for name in lab.prediction.items]
