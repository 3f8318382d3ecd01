"""Learners' own examples."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from trainer.corpora import Labelled, Pair, Table, UploadError, load_labelled, load_pairs, read_bounded

LABELS = ("good", "bad", "neither")


def rows(count: int, labels: tuple[str, ...] = LABELS) -> list[tuple[str, str]]:
    return [(f"Opinion number {i}, with a comma", labels[i % len(labels)]) for i in range(count)]


def table(found: list[tuple[str, str]], header: str = "text,label") -> bytes:
    return "\n".join([header, *(f'"{text}",{label}' for text, label in found)]).encode()


def lines(found: list[Any]) -> bytes:
    return "\n".join(json.dumps(row) for row in found).encode()


def labelled(data: bytes, name: str = "a.csv", **more: Any) -> Table:
    return load_labelled(io.BytesIO(data), name, **more)


def refusal(load: Callable[[], object]) -> tuple[str, dict[str, Any]]:
    with pytest.raises(UploadError) as caught:
        load()
    return caught.value.code, caught.value.params


class Drip:
    """A stream that gives one byte at a time, and counts."""

    def __init__(self, data: bytes) -> None:
        self.inner = io.BytesIO(data)
        self.given = 0

    def read(self, size: int, /) -> bytes:
        del size
        byte = self.inner.read(1)
        self.given += len(byte)
        return byte


def test_a_table_is_split_once_and_for_all_by_its_texts() -> None:
    first = labelled(table(rows(300)))
    assert first.rows == 300
    assert first.duplicates == 0
    train, held_out = set(first.examples.train), set(first.examples.held_out)
    assert train | held_out == {Labelled(text, label) for text, label in rows(300)}
    assert not train & held_out
    assert 15 <= len(held_out) <= 45
    assert first.examples.classes == ("bad", "good", "neither")
    more = labelled(table(rows(600)[::-1]))
    assert held_out <= set(more.examples.held_out)
    assert train <= set(more.examples.train)


def test_csv_and_json_lines_give_the_same_examples() -> None:
    found = rows(60)
    objects = [{"id": i, "text": text, "label": label} for i, (text, label) in enumerate(found)]
    assert labelled(lines(objects), "a.JSONL").hash == labelled(table(found)).hash


def test_numbers_may_be_labels_in_json_lines() -> None:
    objects = [{"text": f"text {i}", "label": i % 2} for i in range(40)]
    assert labelled(lines(objects), "a.jsonl").examples.classes == ("0", "1")


def test_byte_order_mark_newlines_and_chunks_make_no_difference() -> None:
    found = [(f"第{i}句，很好", label) for i, (_, label) in enumerate(rows(60))]
    plain = labelled(table(found))
    windows = b"\xef\xbb\xbf" + table(found).replace(b"\n", b"\r\n")
    assert labelled(windows).hash == plain.hash
    assert load_labelled(Drip(windows), "a.csv").hash == plain.hash


def test_what_says_the_same_is_counted_once_and_never_on_both_sides() -> None:
    found = rows(100)
    again = [(text.upper().replace(" ", "  "), label) for text, label in found[:30]]
    other = [(text, "other") for text, _ in found]
    result = labelled(table(found + again + other))
    assert result.rows == 230
    assert result.duplicates == 30
    sides = [{example[0] for example in part} for part in (result.examples.train, result.examples.held_out)]
    assert not sides[0] & sides[1]


def test_every_class_is_on_both_sides() -> None:
    labels = tuple(f"class {i}" for i in range(40))
    examples = labelled(table(rows(200, labels))).examples
    for part in (examples.train, examples.held_out):
        assert {example[1] for example in part} == set(labels)


def test_pairs_come_by_their_columns() -> None:
    data = "\n".join(["en;zh;note", *(f"line {i};第{i}行;" for i in range(50))]).encode()
    found = load_pairs(io.BytesIO(data), "a.csv", "en", "zh")
    assert found.examples.kind == "pairs"
    assert Pair("line 7", "第7行") in found.examples.train + found.examples.held_out
    assert found.examples.held_out


def test_a_missing_column_is_named_with_those_there_are() -> None:
    wrong = refusal(lambda: labelled(table(rows(30)), label_column="class"))
    assert wrong == ("no_column", {"column": "class", "columns": "text, label"})
    objects: list[Any] = [{"text": "a", "label": "b"}] * 3 + [{"text": "c"}]
    assert refusal(lambda: labelled(lines(objects), "a.jsonl"))[1] == {"column": "label", "columns": "text"}


def test_classes_are_checked_by_number_and_size() -> None:
    assert refusal(lambda: labelled(table(rows(30, ("good",))))) == ("one_class", {"label": "good"})
    few = [*rows(40), ("A", "rare"), ("B", "rare")]
    assert refusal(lambda: labelled(table(few))) == ("too_few_per_class", {"label": "rare", "low": 5, "found": 2})
    many = tuple(f"class {i}" for i in range(51))
    assert refusal(lambda: labelled(table(rows(400, many)))) == ("too_many_classes", {"high": 50, "found": 51})
    assert refusal(lambda: labelled(table(rows(19)))) == ("too_few_rows", {"low": 20, "found": 19})


def test_wrong_rows_are_named_by_their_line() -> None:
    assert refusal(lambda: labelled(table([*rows(30), (" ", "good")]))) == (
        "empty_cell",
        {"line": 32, "column": "text"},
    )
    assert refusal(lambda: labelled(table(rows(3)) + b"\na,b,c\n")) == ("bad_csv", {"line": 5})
    assert refusal(lambda: labelled(b'text,label\n"a\nb",c\n"never,closed')) == ("bad_csv", {"line": 4})
    for wrong in ("[1]", "{", "nothing"):
        data = lines([{"text": "a", "label": "b"}]) + f"\n\n{wrong}\n".encode()
        assert refusal(partial(labelled, data, "a.jsonl")) == ("bad_json", {"line": 3})


def test_what_is_no_text_is_told_by_its_offset() -> None:
    assert refusal(lambda: labelled(b"")) == ("empty", {})
    assert refusal(lambda: labelled(b"\n\n")) == ("empty", {})
    assert refusal(lambda: labelled(b"text,label\na\0")) == ("binary", {"offset": 12})
    latin = table(rows(30)) + "\nCafé".encode("latin-1")
    assert refusal(lambda: labelled(latin)) == ("not_utf8", {"offset": len(latin) - 1})
    assert refusal(lambda: load_labelled(Drip(latin + b"!,good"), "a.csv"))[1] == {"offset": len(latin) - 1}


def test_reading_stops_at_the_limit() -> None:
    stream = Drip(table(rows(5_000)))
    assert refusal(lambda: load_labelled(stream, "a.csv", high=1_000)) == ("too_large", {"high": 1000, "found": 1001})
    assert stream.given == 1_001
    assert refusal(lambda: read_bounded(io.BytesIO(b"x" * 20), high=10))[0] == "too_large"
    assert read_bounded(io.BytesIO(b"x" * 10), high=10) == b"x" * 10


def test_rows_are_limited() -> None:
    data = b"text,label\n" + b"a,b\n" * 50_001
    assert refusal(lambda: labelled(data)) == ("too_many_rows", {"high": 50_000})
