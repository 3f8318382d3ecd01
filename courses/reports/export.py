"""The team table as CSV, sent while it is read: spreadsheets open it as it is, and no cell can become a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence

from asgiref.sync import sync_to_async
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.reports.selectors import ChapterColumn, Row, TeamTable

CHUNK = 200
BOM = "\ufeff"
"""Tells Excel that the file is UTF-8."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> str:
    """A value as text; one that a spreadsheet would calculate gets an apostrophe in front."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def lines(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV text."""
    out = io.StringIO()
    csv.writer(out).writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def header(chapters: Sequence[ChapterColumn]) -> list[object]:
    """Names of the columns: three a chapter."""
    names: list[object] = [_("Learner"), _("E-mail"), _("Team"), _("Course, percent"), _("Last active")]
    for chapter in chapters:
        words = {"number": chapter.number}
        names += [
            _("Chapter %(number)d, percent") % words,
            _("Chapter %(number)d, quiz percent") % words,
            _("Chapter %(number)d, complete on") % words,
        ]
    return names


def record(row: Row) -> list[object]:
    """One learner."""
    active = timezone.localtime(row.active_at).strftime("%Y-%m-%d %H:%M") if row.active_at else None
    values: list[object] = [row.user.display_name, row.user.email, row.team, row.percent, active]
    for one in row.cells:
        complete = timezone.localtime(one.completed_at).date().isoformat() if one.completed_at else None
        values += [one.percent if one.begun else None, one.quiz, complete]
    return values


async def stream(table: TeamTable) -> AsyncIterator[str]:
    """The whole table, `CHUNK` learners at a time."""
    yield BOM + lines([header(table.chapters)])
    start = 0
    while rows := await sync_to_async(table.rows)(start, start + CHUNK):
        yield lines(record(row) for row in rows)
        start += CHUNK
