"""All that a run has said so far, kept small. Standard library only. Stored in each checkpoint by `trainer.loop`."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any, Self

from trainer.events import Baseline, Evaluation, Event, HeldOut, Layers, Point, Sample

COLUMNS = ("seconds", "loss", "rate", "grad_norm")


class Curve:
    """Points as columns of doubles (32 bytes a step), other events as they are."""

    def __init__(self, tokens_per_step: int) -> None:
        self.tokens_per_step = tokens_per_step
        self.columns = {name: array("d") for name in COLUMNS}
        self.baseline: Baseline | None = None
        self.held_out: list[HeldOut] = []
        self.layers: list[Layers] = []
        self.samples: list[Sample] = []
        self.evaluations: list[Evaluation] = []

    @property
    def losses(self) -> array[float]:
        """Training loss of steps 1, 2, ..."""
        return self.columns["loss"]

    def add(self, event: Event) -> None:
        """Keep a point or what was measured; anything else is not part of the curve."""
        if isinstance(event, Point):
            for name, column in self.columns.items():
                column.append(getattr(event, name))
        elif isinstance(event, HeldOut):
            self.held_out.append(event)
        elif isinstance(event, Layers):
            self.layers.append(event)
        elif isinstance(event, Sample):
            self.samples.append(event)
        elif isinstance(event, Evaluation):
            self.evaluations.append(event)
        elif isinstance(event, Baseline):
            self.baseline = event

    def points(self) -> Iterator[Point]:
        """Every point again."""
        rows = zip(*(self.columns[name] for name in COLUMNS), strict=True)
        for step, row in enumerate(rows, start=1):
            yield Point(step=step, tokens=step * self.tokens_per_step, **dict(zip(COLUMNS, row, strict=True)))

    def events(self) -> list[Event]:
        """Every event again: points first, then baseline and what was measured, each kind in its order."""
        baseline = [self.baseline] if self.baseline else []
        return [*self.points(), *baseline, *self.held_out, *self.layers, *self.samples, *self.evaluations]

    def to_dict(self) -> dict[str, Any]:
        """JSON values: `columns` with one list a column, the rest as event dicts."""
        return {
            "tokens_per_step": self.tokens_per_step,
            "columns": {name: column.tolist() for name, column in self.columns.items()},
            "baseline": self.baseline.to_dict() if self.baseline else None,
            "held_out": [event.to_dict() for event in self.held_out],
            "layers": [event.to_dict() for event in self.layers],
            "samples": [event.to_dict() for event in self.samples],
            "evaluations": [event.to_dict() for event in self.evaluations],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote. Raises KeyError or TypeError for anything else."""
        curve = cls(values["tokens_per_step"])
        for name, column in curve.columns.items():
            column.extend(values["columns"][name])
        if values["baseline"]:
            curve.baseline = Baseline(**_fields(values["baseline"]))
        curve.held_out = [HeldOut(**_fields(event)) for event in values["held_out"]]
        curve.layers = [Layers(**_fields(event)) for event in values["layers"]]
        curve.samples = [Sample(**_fields(event)) for event in values["samples"]]
        curve.evaluations = [Evaluation(**_fields(event)) for event in values["evaluations"]]
        return curve


def _fields(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "kind"}
