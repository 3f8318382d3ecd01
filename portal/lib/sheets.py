"""Tables as CSV that spreadsheets open as they are, and in which no cell can become a formula. Called by reports."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

BOM = "\ufeff"
"""Tells Excel that the file is UTF-8."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> str:
    """A value as text; one that a spreadsheet would calculate gets an apostrophe in front. Numbers are only numbers."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) and not isinstance(value, int | float) else text


def lines(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV text."""
    out = io.StringIO()
    csv.writer(out).writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()
