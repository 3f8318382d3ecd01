"""What the address of the run table says: filter, order, pinned and drawn runs, axis. Every view is a link."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

MOST_DRAWN = 20
MOST_PINNED = 10
AXES = ("step", "tokens", "seconds")
NOTHING = "none"
"""In place of the drawn runs: the reader has hidden them all."""
LONGEST_SEARCH = 120


@dataclass(frozen=True, kw_only=True)
class View:
    """A view of one's runs. What the address does not know falls back; `show` is None while nothing was chosen."""

    lab: str = ""
    state: str = ""
    q: str = ""
    sort: str = ""
    page: str = ""
    pin: tuple[int, ...] = ()
    show: tuple[int, ...] | None = None
    axis: str = "step"
    log: bool = False
    group: bool = False
    whole: bool = False
    """Whether the settings that agree are shown too."""
    loss: bool = False
    """Whether losses are drawn although all drawn runs have a measure of their own."""
    zoom: tuple[float, float] | None = None

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> View:
        """From a query string or from what a share keeps."""
        show = str(query.get("show", ""))
        axis = str(query.get("axis", ""))
        return cls(
            lab=str(query.get("lab", ""))[:50],
            state=str(query.get("state", ""))[:16],
            q=str(query.get("q", "")).strip()[:LONGEST_SEARCH],
            sort=str(query.get("sort", ""))[:20],
            page=str(query.get("page", ""))[:6],
            pin=_ids(str(query.get("pin", "")))[:MOST_PINNED],
            show=_ids(show) if show else None,
            axis=axis if axis in AXES else "step",
            log=query.get("log") == "1",
            group=query.get("group") == "1",
            whole=query.get("whole") == "1",
            loss=query.get("loss") == "1",
            zoom=_range(str(query.get("zoom", ""))),
        )

    @property
    def pairs(self) -> dict[str, str]:
        """The view as parameters, without those that say nothing."""
        found = {field.name: _text(field.name, getattr(self, field.name)) for field in fields(self)}
        if self.axis == "step":
            found["axis"] = ""
        return {name: value for name, value in found.items() if value}

    @property
    def filtered(self) -> bool:
        """Whether some runs are left out."""
        return bool(self.lab or self.state or self.q)

    def but(self, **changes: Any) -> View:
        """The same view with some parts changed."""
        return replace(self, **changes)

    @property
    def query(self) -> str:
        """For a link: "?…", or nothing."""
        return f"?{urlencode(self.pairs, safe=',')}" if self.pairs else "?"

    @property
    def forms(self) -> dict[str, list[tuple[str, str]]]:
        """For each part that a button changes, the fields that its form repeats."""
        names = ("show", "pin", "axis", "log", "group", "whole", "loss")
        return {name: [pair for pair in self.pairs.items() if pair[0] not in (name, "zoom")] for name in names}

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the filter's form repeats."""
        return [pair for pair in self.pairs.items() if pair[0] not in ("lab", "state", "q", "page", "show", "zoom")]


def listed(ids: tuple[int, ...]) -> str:
    """Runs as an address has them."""
    return ",".join(map(str, ids)) or NOTHING


def toggled(ids: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """`ids` with all of `wanted`, or without any of them where all are there."""
    rest = tuple(pk for pk in ids if pk not in wanted)
    return listed(rest if set(wanted) <= set(ids) else (*rest, *wanted))


def _ids(text: str) -> tuple[int, ...]:
    """Run numbers, each once, in order; what is none is left out."""
    parts = (part for part in text.split(",")[:100] if part.isascii() and part.isdigit() and len(part) < 16)
    return tuple(dict.fromkeys(map(int, parts)))


def _range(text: str) -> tuple[float, float] | None:
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None


def _text(name: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if name == "show":
        return listed(value)
    if name == "zoom":
        return f"{value[0]:g},{value[1]:g}"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
