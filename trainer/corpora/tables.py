"""Learners' own examples: CSV or JSON Lines with a text and its label, or a source and its target. Read as a stream,
bounded in bytes and rows. Upload forms and the command line call `load_labelled` and `load_pairs`.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from trainer.corpora.base import Examples, Labelled, Pair, part_of
from trainer.corpora.uploads import DELIMITERS, MAX_UPLOAD, UploadError

CHUNK = 64 * 1_024
"""Bytes read at a time."""

MAX_ROWS = 50_000
MIN_ROWS = 20
MIN_PER_CLASS = 5
MAX_CLASSES = 50
HELD_OUT_FROM = 0.9
"""An example whose text hashes to this or above is held out: the same one whatever else the file holds."""

JSON_LINES = (".jsonl", ".ndjson")

Row = tuple[int, str, str]
"""Line, and the two cells that were asked for."""


class Readable(Protocol):
    """A binary file, or an upload of the web framework."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Table:
    """Examples of a learner's file, split in 90 and 10 of a hundred by the hash of each text."""

    name: str
    examples: Examples
    rows: int
    """Rows of the file."""
    duplicates: int
    """Rows left out because an earlier one says the same, case and spaces aside. One text, even with two labels, is
    never on both sides of the split."""

    @property
    def hash(self) -> str:
        """Hash of the examples."""
        return self.examples.hash


def load_labelled(
    stream: Readable, name: str, text_column: str = "text", label_column: str = "label", *, high: int = MAX_UPLOAD
) -> Table:
    """Read texts with labels, at most `high` bytes. Raises UploadError, also for one class only, too many, or
    too few examples of one.
    """
    rows = _rows(stream, name, (text_column, label_column), high)
    kept, seen = _different(rows)
    counts = Counter(label for _line, _text, label in kept)
    if len(counts) == 1:
        raise UploadError("one_class", {"label": next(iter(counts))})
    if len(counts) > MAX_CLASSES:
        raise UploadError("too_many_classes", {"high": MAX_CLASSES, "found": len(counts)})
    label, found = min(counts.items(), key=lambda item: (item[1], item[0]))
    if found < MIN_PER_CLASS:
        raise UploadError("too_few_per_class", {"label": label, "low": MIN_PER_CLASS, "found": found})
    examples = [Labelled(text, label) for _line, text, label in kept]
    return _table(name, "labelled", examples, [example.label for example in examples], seen)


def load_pairs(
    stream: Readable, name: str, source_column: str = "source", target_column: str = "target", *, high: int = MAX_UPLOAD
) -> Table:
    """Read sources with targets, at most `high` bytes. Raises UploadError."""
    rows = _rows(stream, name, (source_column, target_column), high)
    kept, seen = _different(rows)
    pairs = [Pair(source, target) for _line, source, target in kept]
    return _table(name, "pairs", pairs, [""] * len(pairs), seen)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """How a table begins."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


def preview(stream: Readable, name: str, count: int, *, high: int = MAX_UPLOAD) -> Preview:
    """Columns and the first `count` rows of a table, which is read no further. Raises UploadError."""
    rows = tuple(row for _line, row in islice(_table_rows(stream, name, high), count))
    if not rows:
        raise UploadError("too_few_rows", {"low": MIN_ROWS, "found": 0})
    return Preview(columns=tuple(dict.fromkeys(column for row in rows for column in row)), rows=rows)


def read_bounded(stream: Readable, *, high: int = MAX_UPLOAD) -> bytes:
    """All bytes of a stream that has at most `high`; reads no further. Raises UploadError too_large."""
    return b"".join(_chunks(stream, high))


def _different(rows: Iterator[Row]) -> tuple[list[Row], int]:
    """Rows without repetitions, and how many there were. Raises UploadError too_few_rows."""
    kept: dict[tuple[str, str], Row] = {}
    count = 0
    for row in rows:
        count += 1
        kept.setdefault((_plain(row[1]), row[2]), row)
    if len(kept) < MIN_ROWS:
        raise UploadError("too_few_rows", {"low": MIN_ROWS, "found": len(kept)})
    return list(kept.values()), count


def _table(name: str, kind: str, examples: Sequence[Labelled | Pair], classes: Sequence[str], rows: int) -> Table:
    """Split by the hash of the text. A class that falls to one side alone sends an example over: with it go all of
    the same text.
    """
    parts = [part_of(Labelled(_plain(example[0]), "")) for example in examples]
    held = {i for i, part in enumerate(parts) if part >= HELD_OUT_FROM}
    for one in sorted(set(classes)):
        rows_of = sorted((i for i, label in enumerate(classes) if label == one), key=parts.__getitem__)
        if rows_of[-1] not in held:
            held |= {i for i, part in enumerate(parts) if part == parts[rows_of[-1]]}
        elif rows_of[0] in held:
            held -= {i for i, part in enumerate(parts) if part == parts[rows_of[0]]}
    split = Examples(
        kind=kind,
        train=tuple(example for i, example in enumerate(examples) if i not in held),
        held_out=tuple(examples[i] for i in sorted(held)),
    )
    return Table(name=name, examples=split, rows=rows, duplicates=rows - len(examples))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _rows(stream: Readable, name: str, columns: tuple[str, str], high: int) -> Iterator[Row]:
    """The two columns of every row. Raises UploadError."""
    for count, (line, row) in enumerate(_table_rows(stream, name, high), start=1):
        if count > MAX_ROWS:
            raise UploadError("too_many_rows", {"high": MAX_ROWS})
        for column in columns:
            if column not in row:
                raise UploadError("no_column", {"column": column, "columns": ", ".join(row)})
            if not row[column].strip():
                raise UploadError("empty_cell", {"line": line, "column": column})
        yield line, row[columns[0]].strip(), row[columns[1]].strip()


def _table_rows(stream: Readable, name: str, high: int) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of every row, of the format that the name says."""
    lines = _lines(stream, high)
    return _json_rows(lines) if name.lower().endswith(JSON_LINES) else _csv_rows(lines)


def _csv_rows(lines: Iterator[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of every row, by the header's names; blank lines are skipped."""
    csv.field_size_limit(MAX_UPLOAD)
    first = next((line for line in lines if line.strip()), "")
    if not first:
        raise UploadError("empty", {})
    delimiter = max(DELIMITERS, key=first.count)
    header = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter))]
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 2
    try:
        for row in reader:
            if row and len(row) != len(header):
                raise UploadError("bad_csv", {"line": line})
            if row:
                yield line, dict(zip(header, row, strict=True))
            line = reader.line_num + 2  # the reader has not seen the header
    except csv.Error:
        raise UploadError("bad_csv", {"line": line}) from None


def _json_rows(lines: Iterator[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of every object; numbers and truth values become their JSON text."""
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise UploadError("bad_json", {"line": line})
        yield line, {column: _cell(value) for column, value in row.items()}


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # JSON may spell half an emoji
    return "" if value is None else json.dumps(value)


def _lines(stream: Readable, high: int) -> Iterator[str]:
    """Lines of UTF-8, each with its newline as `\\n`, none read before it is wanted."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest, done, started, carriage = "", 0, False, False
    for chunk in _chunks(stream, high):
        if (zero := chunk.find(b"\0")) >= 0:
            raise UploadError("binary", {"offset": done + zero})
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise UploadError("not_utf8", {"offset": done - pending + error.start}) from None
        if text and not started:
            text, started = text.removeprefix("\ufeff"), True
        done += len(chunk)
        if carriage and text:  # of a \r\n that two chunks share, the \n is told once
            text = text.removeprefix("\n")
        carriage = text.endswith("\r") if text else carriage
        *whole, rest = (rest + text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
        yield from (line + "\n" for line in whole)
    if pending := len(decoder.getstate()[0]):
        raise UploadError("not_utf8", {"offset": done - pending})
    if not done:
        raise UploadError("empty", {})
    if rest:
        yield rest


def _chunks(stream: Readable, high: int) -> Iterator[bytes]:
    size = 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > high:
            raise UploadError("too_large", {"high": high, "found": size})
        yield chunk
