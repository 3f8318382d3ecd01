"""What a run has shown so far, as columns. Pure functions on plain data: used by the runner, streams and exports.

A curve is {"step": [], "tokens": [], "seconds": [], "loss": [], "rate": [], "grad_norm": [],
"held_out": {"step": [], "tokens": [], "seconds": [], "loss": [], "perplexity": [], "bits_per_byte": []}}.
Losses are nats a token, seconds are training time. Steps only grow: a resumed run never draws a zigzag.
"""

from __future__ import annotations

import copy
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

POINT = ("step", "tokens", "seconds", "loss", "rate", "grad_norm")
HELD_OUT = ("step", "tokens", "seconds", "loss", "perplexity", "bits_per_byte")

SPARK_POINTS = 24

Columns = dict[str, list[Any]]


def empty() -> dict[str, Any]:
    """A curve without points."""
    return {name: [] for name in POINT} | {"held_out": {name: [] for name in HELD_OUT}}


def rows(columns: Columns, names: tuple[str, ...] = POINT) -> Iterator[tuple[Any, ...]]:
    """One tuple a step, in the order of `names`."""
    return zip(*(columns[name] for name in names), strict=True)


def cut(columns: Columns, names: tuple[str, ...], end: int) -> None:
    """Drop what lies at index `end` and after."""
    for name in names:
        del columns[name][end:]


def put(columns: Columns, names: tuple[str, ...], event: dict[str, Any]) -> None:
    """Append one row; a step that is there already is replaced, the last one wins."""
    steps, step = columns["step"], event["step"]
    if steps and step <= steps[-1]:
        at = bisect_left(steps, step)
        if at < len(steps) and steps[at] == step:
            for name in names:
                columns[name][at] = event[name]
        else:
            for name in names:
                columns[name].insert(at, event[name])
        return
    for name in names:
        columns[name].append(event[name])


def storable(text: str) -> str:
    """A model's text as a database takes it: PostgreSQL holds no zero character, so its picture stands for it."""
    return text.replace("\0", "\u2400")


def thinned(values: list[float], most: int = SPARK_POINTS) -> list[float]:
    """At most `most` of the values, evenly spread, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    return [values[round(index * (len(values) - 1) / (most - 1))] for index in range(most)]


@dataclass
class Ledger:
    """Curve, samples, facts and last step of one run, built from its events."""

    curve: dict[str, Any] = field(default_factory=empty)
    samples: list[dict[str, Any]] = field(default_factory=list)
    info: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def stored(cls, curve: dict[str, Any], samples: list[dict[str, Any]], info: dict[str, Any]) -> Ledger:
        """A copy of what a Run row holds; an empty column is a fresh run."""
        return cls(copy.deepcopy(curve) or empty(), list(samples), dict(info))

    @property
    def step(self) -> int:
        """The last step with a point; 0 before the first."""
        return int(self.curve["step"][-1]) if self.curve["step"] else 0

    @property
    def held_out(self) -> float | None:
        """The last held-out loss, nats a token."""
        losses = self.curve["held_out"]["loss"]
        return losses[-1] if losses else None

    def add(self, events: Iterable[dict[str, Any]]) -> None:
        """Take events in order. `started` at step k forgets everything after k."""
        for event in events:
            kind = event["kind"]
            if kind == "point":
                put(self.curve, POINT, event)
            elif kind == "held_out":
                put(self.curve["held_out"], HELD_OUT, event)
            elif kind == "sample":
                key = (event["step"], event["prompt"])
                kept = [item for item in self.samples if (item["step"], item["prompt"]) != key]
                sample = {"step": event["step"], "prompt": event["prompt"], "text": storable(event["text"])}
                self.samples = [*kept, sample]
            elif kind == "baseline":
                self.info["baseline"] = {name: event[name] for name in ("order", "loss", "bits_per_byte")}
            elif kind == "started":
                self.rewind(event["step"])
                self.info["started"] = {name: value for name, value in event.items() if name != "kind"}

    def rewind(self, step: int) -> None:
        """Forget what came after `step`."""
        cut(self.curve, POINT, bisect_right(self.curve["step"], step))
        cut(self.curve["held_out"], HELD_OUT, bisect_right(self.curve["held_out"]["step"], step))
        self.samples = [item for item in self.samples if item["step"] <= step]

    def columns(self) -> dict[str, Any]:
        """What a Run row stores."""
        held_out = self.curve["held_out"]
        return {
            "bits_per_byte": held_out["bits_per_byte"][-1] if held_out["bits_per_byte"] else None,
            "spark": thinned(held_out["loss"]),
            "curve": self.curve,
            "samples": self.samples,
            "info": self.info,
            "step": self.step,
            "held_out": self.held_out,
        }
