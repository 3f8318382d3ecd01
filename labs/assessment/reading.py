"""The fields `prediction` and `graded` of a lab's file. Called by `labs.catalogue`, which words the complaints."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from django.utils.functional import Promise

from labs.lab import PREDICTIONS, Graded, Prediction

RANKED = ("slices", "presets")
PREDICTION_FIELDS = {"measure", "slice", "kind", "sketch", "rank", "items", "first"}
GRADED_FIELDS = {"tokens", "measure", "low", "full", "attempts", "requires"}
MOST_ATTEMPTS = 20
MOST_TOKENS = 4_000_000


class FieldError(ValueError):
    """A field that cannot be used: its name, and why."""

    def __init__(self, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(f"{field}: {reason}")


def read_prediction(entry: Any, question: Promise, presets: Collection[str]) -> Prediction:
    """What is asked before a run. Raises FieldError."""
    if not isinstance(entry, Mapping) or not entry.get("measure"):
        raise FieldError("prediction.measure", "is missing")
    if strange := sorted(set(entry) - PREDICTION_FIELDS):
        raise FieldError(f"prediction.{strange[0]}", "there is no such field")
    kind, rank = str(entry.get("kind", "number")), str(entry.get("rank", ""))
    if kind not in PREDICTIONS:
        raise FieldError("prediction.kind", f"must be one of {', '.join(PREDICTIONS)}")
    items = entry.get("items", [])
    if kind == "ranking" and (rank not in RANKED or not isinstance(items, list) or not 2 <= len(set(items)) <= 6):
        raise FieldError("prediction.items", f"a ranking orders two to six of {' or '.join(RANKED)}")
    if rank == "presets" and not set(items) <= set(presets):
        raise FieldError("prediction.items", "there is no such preset")
    if entry.get("first", "highest") not in ("highest", "lowest"):
        raise FieldError("prediction.first", "must be highest or lowest")
    return Prediction(
        question=question,
        measure=str(entry["measure"]),
        slice=str(entry.get("slice", "held_out")),
        kind=kind,
        sketch=bool(entry.get("sketch", False)),
        rank=rank,
        items=tuple(map(str, items)),
        lowest_first=entry.get("first") == "lowest",
    )


def read_graded(entry: Any, requires: Mapping[str, Any]) -> Graded:
    """How the lab is graded. Raises FieldError."""
    if not isinstance(entry, Mapping):
        raise FieldError("graded", "is missing")
    if strange := sorted(set(entry) - GRADED_FIELDS):
        raise FieldError(f"graded.{strange[0]}", "there is no such field")
    if not entry.get("measure"):
        raise FieldError("graded.measure", "is missing")
    numbers: dict[str, float] = {}
    for name in ("tokens", "low", "full"):
        value = entry.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise FieldError(f"graded.{name}", "a number is missing")
        numbers[name] = value
    attempts = entry.get("attempts", 3)
    if not 1_000 <= numbers["tokens"] <= MOST_TOKENS:
        raise FieldError("graded.tokens", f"must be from 1,000 to {MOST_TOKENS:,}")
    if not isinstance(attempts, int) or not 1 <= attempts <= MOST_ATTEMPTS:
        raise FieldError("graded.attempts", f"must be from 1 to {MOST_ATTEMPTS}")
    if numbers["low"] == numbers["full"]:
        raise FieldError("graded.full", "must differ from low")
    return Graded(
        tokens=int(numbers["tokens"]),
        measure=str(entry["measure"]),
        low=numbers["low"],
        full=numbers["full"],
        attempts=attempts,
        requires=requires,
    )
