"""Learners' own data, checked. Standard library only, so that the web may import it. Upload forms and the command line
call `check_upload` for a text.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from trainer.corpora.base import distinct_characters, text_hash

MIN_UPLOAD = 1_024
"""Smallest upload in bytes."""

MAX_UPLOAD = 5 * 1_024 * 1_024
"""Largest upload in bytes."""

MIN_DISTINCT = 10
"""A text of fewer different characters teaches nothing."""

DELIMITERS = ",;\t"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A learner's text that passed `check_upload`: UTF-8, no byte order mark, newlines as `\\n`."""

    name: str
    text: str
    column: str | None
    """The CSV column that was taken; None for plain text."""
    columns: tuple[str, ...]
    """Every CSV column by its header; empty for plain text."""
    hash: str
    """`text_hash` of the text."""
    distinct: int
    """Number of different characters."""


class UploadError(ValueError):
    """An upload that cannot be used. `code` names the reason, `params` hold the numbers its sentence needs.

    Codes: too_small {low, found}, too_large {high, found} (bytes), empty {}, binary {offset}, not_utf8 {offset},
    bad_csv {line}, no_column {column, columns}, too_uniform {low, found} (different characters). Of tables also:
    bad_json {line}, empty_cell {line, column}, too_few_rows {low, found} (different ones), too_many_rows {high},
    one_class {label}, too_few_per_class {label, low, found}, too_many_classes {high, found}.
    """

    def __init__(self, code: str, params: dict[str, Any]) -> None:
        self.code = code
        self.params = params
        super().__init__(f"{code} {params}")


def check_upload(data: bytes, *, name: str, column: str | None) -> Upload:
    """Turn uploaded bytes into a text to train on: plain UTF-8, or one column of a CSV.

    A CSV is what is named `*.csv`, or comes with a `column` (a header's name); without one, the column with the most
    text is taken, the first of equals. Its cells are joined by newlines. Raises UploadError.
    """
    _check_size(len(data))
    text = _decode(data)
    columns: tuple[str, ...] = ()
    if column is not None or name.lower().endswith(".csv"):
        column, columns, text = _csv_column(text, column)
    if not text.strip():
        raise UploadError("empty", {})
    if columns:
        _check_size(len(text.encode()))
    distinct = distinct_characters(text)
    if distinct < MIN_DISTINCT:
        raise UploadError("too_uniform", {"low": MIN_DISTINCT, "found": distinct})
    return Upload(name=name, text=text, column=column, columns=columns, hash=text_hash(text), distinct=distinct)


def _check_size(size: int) -> None:
    if size == 0:
        raise UploadError("empty", {})
    if size < MIN_UPLOAD:
        raise UploadError("too_small", {"low": MIN_UPLOAD, "found": size})
    if size > MAX_UPLOAD:
        raise UploadError("too_large", {"high": MAX_UPLOAD, "found": size})


def _decode(data: bytes) -> str:
    if (offset := data.find(b"\0")) >= 0:  # also what UTF-16 text and spreadsheets contain
        raise UploadError("binary", {"offset": offset})
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UploadError("not_utf8", {"offset": error.start}) from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _csv_column(text: str, column: str | None) -> tuple[str, tuple[str, ...], str]:
    """Name of the column taken, names of all, and the column's cells, one a line."""
    rows = _csv_rows(text)
    if not rows:
        raise UploadError("empty", {})
    names = tuple(cell.strip() for cell in rows[0])
    cells = list(zip(*rows[1:], strict=True)) or [() for _ in names]
    if column is None:
        index = max(range(len(names)), key=lambda i: sum(map(len, cells[i])))
    elif column.strip() in names:
        index = names.index(column.strip())
    else:
        raise UploadError("no_column", {"column": column, "columns": ", ".join(names)})
    return names[index], names, "\n".join(cell for cell in cells[index] if cell.strip())


def _csv_rows(text: str) -> list[list[str]]:
    """All rows, each as long as the header. Blank lines between rows are skipped."""
    csv.field_size_limit(MAX_UPLOAD)
    header = text.lstrip("\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    line = 1
    try:
        for row in reader:
            if row:
                if rows and len(row) != len(rows[0]):
                    raise UploadError("bad_csv", {"line": line})
                rows.append(row)
            line = reader.line_num + 1  # where the next record starts: cells may span lines
    except csv.Error:
        raise UploadError("bad_csv", {"line": line}) from None
    return rows
