"""What a run has shown so far, as columns. Pure functions on plain data: used by the runner, streams and exports.

A curve is {"step": [], "tokens": [], "seconds": [], "loss": [], "rate": [], "grad_norm": [],
"held_out": {"step": [], "tokens": [], "seconds": [], "loss": [], "perplexity": [], "bits_per_byte": []},
"shares": {"step": [], "measures": []}, "layers": [{"step", "grad_norms", "update_ratios"}]}.
Losses are nats a token, seconds are training time. Steps only grow: a resumed run never draws a zigzag.
"""

from __future__ import annotations

import copy
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from labs.figures import headline_figure

POINT = ("step", "tokens", "seconds", "loss", "rate", "grad_norm")
HELD_OUT = ("step", "tokens", "seconds", "loss", "perplexity", "bits_per_byte")

SHARES = ("step", "measures")
LAYERS = ("step", "grad_norms", "update_ratios")

SPARK_POINTS = 24
MAX_LAYERS = 40
"""Checkpoints whose layers are kept, the latest ones."""

# What an evaluation may take in a row.
MAX_SLICES = 16
MAX_ERRORS = 20
MAX_CLASSES = 30
MAX_TEXT = 400
MAX_DETAIL = 4_000
"""Characters of any other part of an evaluation's detail, as JSON."""

Columns = dict[str, list[Any]]


def empty() -> dict[str, Any]:
    """A curve without points."""
    parts = {"held_out": {name: [] for name in HELD_OUT}, "shares": {name: [] for name in SHARES}, "layers": []}
    return {name: [] for name in POINT} | parts


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


def bounded(event: dict[str, Any]) -> dict[str, Any]:
    """An event as rows and streams take it: an evaluation's detail cut to what a page can show."""
    if event["kind"] != "evaluation":
        return event
    detail: dict[str, Any] = {}
    for name, value in event["detail"].items():
        if name == "errors":
            detail[name] = [_short(error) for error in value[:MAX_ERRORS]]
        elif len(event["detail"].get("labels", ())) > MAX_CLASSES and name in {"labels", "confusion", "per_class"}:
            continue
        elif name in {"labels", "confusion", "per_class"} or len(json.dumps(value)) <= MAX_DETAIL:
            detail[name] = value
    return event | {"detail": detail}


def _short(error: dict[str, Any]) -> dict[str, Any]:
    return {name: storable(value[:MAX_TEXT]) if isinstance(value, str) else value for name, value in error.items()}


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
        return cls(empty() | copy.deepcopy(curve), list(samples), dict(info))

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
                if event.get("measures"):
                    put(self.curve["shares"], SHARES, event)
            elif kind == "layers":
                self._add_layers(event)
            elif kind == "sample":
                self._add_sample(event)
            elif kind == "baseline":
                names = ("name", "order", "loss", "bits_per_byte", "measures")
                self.info["baseline"] = {name: event[name] for name in names if name in event}
            elif kind == "evaluation":
                self._add_evaluation(event)
            elif kind == "started":
                self.rewind(event["step"])
                self.info["started"] = {name: value for name, value in event.items() if name != "kind"}

    def _add_sample(self, event: dict[str, Any]) -> None:
        key = (event["step"], event["prompt"])
        kept = [item for item in self.samples if (item["step"], item["prompt"]) != key]
        sample = {"step": event["step"], "prompt": event["prompt"], "text": storable(event["text"])}
        if event.get("expected"):
            sample["expected"] = event["expected"]
        self.samples = [*kept, sample]

    def _add_layers(self, event: dict[str, Any]) -> None:
        kept = [item for item in self.curve["layers"] if item["step"] != event["step"]]
        self.curve["layers"] = [*kept, {name: event[name] for name in LAYERS}][-MAX_LAYERS:]

    def _add_evaluation(self, event: dict[str, Any]) -> None:
        found = dict(self.info.get("evaluations", {}))
        if event["slice"] in found or len(found) < MAX_SLICES:
            found[event["slice"]] = {name: bounded(event)[name] for name in ("step", "measures", "detail")}
        self.info["evaluations"] = found

    def rewind(self, step: int) -> None:
        """Forget what came after `step`."""
        cut(self.curve, POINT, bisect_right(self.curve["step"], step))
        cut(self.curve["held_out"], HELD_OUT, bisect_right(self.curve["held_out"]["step"], step))
        cut(self.curve["shares"], SHARES, bisect_right(self.curve["shares"]["step"], step))
        self.curve["layers"] = [item for item in self.curve["layers"] if item["step"] <= step]
        self.samples = [item for item in self.samples if item["step"] <= step]
        self.info.pop("evaluations", None)

    def columns(self) -> dict[str, Any]:
        """What a Run row stores."""
        held_out = self.curve["held_out"]
        measure, figure = headline_figure(self.curve, self.info)
        return {
            "best_held_out": min((loss for loss in held_out["loss"] if loss is not None), default=None),
            "measure": measure,
            "figure": figure,
            "bits_per_byte": held_out["bits_per_byte"][-1] if held_out["bits_per_byte"] else None,
            "spark": thinned(held_out["loss"]),
            "curve": self.curve,
            "samples": self.samples,
            "info": self.info,
            "step": self.step,
            "held_out": self.held_out,
        }
