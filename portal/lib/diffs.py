"""Differences of two texts, line by line, for pages that show what would change. Called by the studios of chapters and
of labs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

CONTEXT = 2
"""Unchanged lines shown around a change."""


@dataclass(frozen=True)
class Line:
    """`kind` is same, added, removed or gap; numbers count from 1, None where the line does not exist."""

    kind: str
    old: int | None = None
    new: int | None = None
    text: str = ""


def diff(before: str, after: str) -> list[Line]:
    """The changed lines with some around them; empty when the texts are equal."""
    old, new = before.splitlines(), after.splitlines()
    groups = difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT)
    found: list[Line] = []
    for group in groups:
        if found or group[0][1] > 0:
            found.append(Line("gap"))
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                found += [Line("same", start + i + 1, new_start + i + 1, old[start + i]) for i in range(end - start)]
                continue
            found += list(_lines("removed", old, start, end))
            found += list(_lines("added", new, new_start, new_end))
    return found


def _lines(kind: str, texts: list[str], start: int, end: int) -> Iterator[Line]:
    for index in range(start, end):
        old, new = (index + 1, None) if kind == "removed" else (None, index + 1)
        yield Line(kind, old, new, texts[index])
