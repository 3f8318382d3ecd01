"""Runs as lines in one frame: points, colours, mean and band over seeds, the one sentence. Called by selectors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labs import wording
from labs.figures import renamed
from labs.models import Run
from labs.presenters import unit
from portal.lib.words import sentences

INKS = 6
DASHES: dict[str, tuple[float, ...]] = {"": (), "dash": (5, 4), "dashdot": (8, 3, 1.5, 3), "dot": (1.5, 3.5)}
COLUMNS = ("step", "tokens", "seconds")
TABLE_ROWS = 12
Points = dict[str, list[Any]]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One run, or the mean of runs that differ only in their seed."""

    ids: tuple[int, ...]
    label: str
    name: str
    """Its number, or the first and the last of several."""
    unit: str
    points: Points
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    """The band of the seeds; empty for one run."""

    @property
    def last(self) -> float:
        """Where it ends."""
        return float(self.points["loss"][-1])

    @property
    def ink(self) -> str:
        """Its colour, the same on every page: it depends on the run's number alone."""
        return ink_of(self.ids[0])

    def best(self, higher: bool) -> float:
        """Its best checkpoint."""
        return float((max if higher else min)(self.points["loss"]))


def ink_of(pk: int) -> str:
    """The class of a run's colour."""
    return f"s{pk % INKS + 1}"


def dash_of(pk: int) -> str:
    """The class of a run's dash: with the colour, 24 looks."""
    return list(DASHES)[pk // INKS % len(DASHES)]


def recipe_key(run: Run) -> str:
    """Equal for runs that differ only in their seed."""
    return json.dumps([{**run.spec, "seed": None}, run.data_hash], sort_keys=True)


def shared_measure(runs: Sequence[Run]) -> str:
    """The measure that all of these runs have beside the loss; "" where they are texts or differ."""
    names = {"" if run.spec.get("task", "language") == "language" else run.measure for run in runs}
    return names.pop() if len(names) == 1 else ""


def lines(runs: Sequence[Run], measure: str, *, group: bool) -> list[Line]:
    """What is drawn of `runs`, in their order: those without a held-out figure are left out. One query."""
    ids = [run.pk for run in runs]
    rows = Run.objects.filter(pk__in=ids).values_list("pk", "curve__held_out", "curve__shares")
    held = {pk: points_of(columns or {}, shares or {}, measure) for pk, columns, shares in rows}
    drawn = [run for run in runs if held.get(run.pk, {}).get("step")]
    alike: dict[str, list[Run]] = {}
    for run in drawn:
        alike.setdefault(recipe_key(run) if group else str(run.pk), []).append(run)
    return [_line(members, held) for members in alike.values()]


def points_of(held: Mapping[str, Any], shares: Mapping[str, Any], measure: str) -> Points:
    """Held-out losses by step, or the measure at the same steps (percent for shares); rows without a figure go."""
    values = list(held.get("loss", []))
    if measure:
        scale = wording.measure(measure).scale
        there = zip(shares.get("step", []), shares.get("measures", []), strict=False)
        at = {step: value * scale for step, found in there if (value := renamed(found).get(measure)) is not None}
        values = [at.get(step) for step in held.get("step", [])]
    columns = [held.get(name, []) for name in COLUMNS]
    rows = [row for row in zip(*columns, values, strict=False) if row[-1] is not None]
    return {name: [row[place] for row in rows] for place, name in enumerate((*COLUMNS, "loss"))}


def _line(runs: list[Run], held: Mapping[int, Points]) -> Line:
    first = runs[0]
    if len(runs) == 1:
        return Line(
            ids=(first.pk,), label=str(first.pk), name=str(first.pk), unit=unit(first.spec), points=held[first.pk]
        )
    points, low, high = band([held[run.pk] for run in runs])
    ids = tuple(sorted(run.pk for run in runs))
    words = {"runs": name_of(ids), "seeds": len(ids)}
    label = ngettext("%(runs)s, %(seeds)s seed", "%(runs)s, %(seeds)s seeds", len(ids)) % words
    return Line(ids=ids, label=label, name=name_of(ids), unit=unit(first.spec), points=points, low=low, high=high)


def name_of(ids: Sequence[int]) -> str:
    """One run's number; of several the lowest and the highest."""
    return str(ids[0]) if len(ids) == 1 else f"{min(ids)}–{max(ids)}"


def band(curves: Sequence[Points]) -> tuple[Points, list[float], list[float]]:
    """Mean, lowest and highest of several curves at the steps that all of them have."""
    tables = [
        dict(zip(points["step"], zip(*(points[name] for name in points), strict=True), strict=True))
        for points in curves
    ]
    steps = [step for step in curves[0]["step"] if all(step in table for table in tables)]
    rows = [[table[step] for table in tables] for step in steps]
    names = list(curves[0])
    points = {name: [sum(row[at] for row in group) / len(group) for group in rows] for at, name in enumerate(names)}
    points["step"] = steps
    at = names.index("loss")
    return points, [min(row[at] for row in group) for group in rows], [max(row[at] for row in group) for group in rows]


def for_script(drawn: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as `drawCurves` takes them; `band` where there is one."""
    return [
        {
            "id": line.ids[0],
            "label": line.label,
            "ink": line.ink,
            "dash": DASHES[dash_of(line.ids[0])],
            "points": {name: _rounded(column) for name, column in line.points.items()},
            "band": {"low": _rounded(line.low), "high": _rounded(line.high)} if line.low else None,
        }
        for line in drawn
    ]


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 5) for value in values]


def drawing(drawn: Sequence[Line], axis: str, width: float = 800, height: float = 280) -> list[dict[str, str]]:
    """SVG paths on one scale, for a page without script; empty where nothing can be drawn."""
    values = [value for line in drawn for value in (*line.points["loss"], *line.low, *line.high)]
    right = max((line.points[axis][-1] for line in drawn), default=0)
    if len(values) < 2 or not right:
        return []
    top, low = max(values), min(values)
    down = height / ((top - low) or 1)
    return [
        {
            "ink": line.ink,
            "dash": dash_of(line.ids[0]),
            "path": "M"
            + "L".join(
                f"{x * width / right:.1f} {(top - y) * down:.1f}"
                for x, y in zip(line.points[axis], line.points["loss"], strict=True)
            ),
        }
        for line in drawn
    ]


def as_table(drawn: Sequence[Line]) -> list[dict[str, Any]]:
    """The chart as a table: a row a step, a cell a line (the last figure up to that step), a dozen rows at most."""
    steps = sorted({step for line in drawn for step in line.points["step"]})
    if len(steps) > TABLE_ROWS:
        steps = [steps[round(at * (len(steps) - 1) / (TABLE_ROWS - 1))] for at in range(TABLE_ROWS)]
    return [{"step": step, "cells": [_at(line.points, step) for line in drawn]} for step in steps]


def _at(points: Points, step: int) -> float | None:
    before = [value for at, value in zip(points["step"], points["loss"], strict=True) if at <= step]
    return before[-1] if before and step <= points["step"][-1] else None


def sentence(drawn: Sequence[Line], measure: str) -> str:
    """The one sentence beside the chart: who leads by the last figure, and whether the best one tells otherwise."""
    if not drawn:
        return _("Nothing is drawn. Show a run that has a held-out figure.")
    higher = bool(measure)
    order = sorted(drawn, key=lambda line: -line.last if higher else line.last)
    values = {"name": _("held-out loss") if not measure else str(wording.measure(measure).label)}
    for place, line in enumerate(order[:3], start=1):
        values |= {f"run{place}": line.name, f"value{place}": f"{line.last:.1f} %" if higher else f"{line.last:.3f}"}
    ranked = {
        1: _("Run %(run1)s ends at %(name)s %(value1)s."),
        2: _("By the last checkpoint run %(run1)s leads with %(name)s %(value1)s, then run %(run2)s with %(value2)s."),
    }.get(
        len(order),
        _(
            "By the last checkpoint run %(run1)s leads with %(name)s %(value1)s, then run %(run2)s with %(value2)s and "
            "run %(run3)s with %(value3)s."
        ),
    )
    return sentences(ranked % values, _lucky(order, higher), _mixed(drawn))


def _lucky(order: Sequence[Line], higher: bool) -> str:
    """A word on the best checkpoint where it would rank another run first."""
    first = (max if higher else min)(order, key=lambda line: line.best(higher))
    if first is order[0]:
        return ""
    values = {"run": first.name, "value": f"{first.best(higher):.3f}"}
    return (
        _(
            "By its best checkpoint run %(run)s would lead with %(value)s, but a single lucky point misleads: "
            "compare last checkpoints, or means over several seeds."
        )
        % values
    )


def _mixed(drawn: Sequence[Line]) -> str:
    if len({line.unit for line in drawn}) < 2:
        return ""
    return _("They count in different units, so their losses do not compare.")
