"""The team table as CSV, sent while it is read: spreadsheets open it as it is, and no cell can become a formula."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from asgiref.sync import sync_to_async
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.reports.selectors import ChapterColumn, Row, TeamTable
from portal.lib.sheets import BOM, lines

CHUNK = 200


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
