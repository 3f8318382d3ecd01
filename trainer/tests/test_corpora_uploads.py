from __future__ import annotations

from typing import Any

import pytest

from trainer.corpora import UploadError, check_upload, text_hash

PARAGRAPH = "Attention weighs what came before. 注意力 🙂\n" * 40


def refusal(data: bytes, *, name: str = "text.txt", column: str | None = None) -> tuple[str, dict[str, Any]]:
    with pytest.raises(UploadError) as caught:
        check_upload(data, name=name, column=column)
    return caught.value.code, caught.value.params


def table(rows: list[str], *, header: str = "id,text,note") -> bytes:
    return "\n".join([header, *rows]).encode()


ROWS = [f'{i},"Line {i}, with a comma and ""quotes"".",x' for i in range(60)]


def test_plain_text_is_taken_as_it_is() -> None:
    upload = check_upload(PARAGRAPH.encode(), name="notes.txt", column=None)
    assert upload.text == PARAGRAPH
    assert upload.hash == text_hash(PARAGRAPH)
    assert upload.distinct == len(set(PARAGRAPH))
    assert upload.column is None


def test_mark_and_newlines_are_made_alike() -> None:
    windows = ("\ufeff" + PARAGRAPH.replace("\n", "\r\n")).encode()
    assert check_upload(windows, name="a.txt", column=None).text == PARAGRAPH
    old_mac = PARAGRAPH.replace("\n", "\r").encode()
    assert check_upload(old_mac, name="a.txt", column=None).text == PARAGRAPH


def test_a_csv_gives_the_column_with_most_text_or_the_one_named() -> None:
    upload = check_upload(table(ROWS), name="table.CSV", column=None)
    assert upload.column == "text"
    assert upload.columns == ("id", "text", "note")
    assert upload.text.splitlines()[3] == 'Line 3, with a comma and "quotes".'
    long_notes = [f"{i},short,{PARAGRAPH[:40].strip()} {i}" for i in range(60)]
    assert check_upload(table(long_notes), name="a.csv", column=None).column == "note"
    assert check_upload(table(ROWS), name="table.txt", column="text").text == upload.text


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_found_from_the_header(delimiter: str) -> None:
    rows = [f"{i}{delimiter}Sentence number {i}, which has a comma" for i in range(60)]
    upload = check_upload(table(rows, header=f"id{delimiter}words"), name="a.csv", column=None)
    assert upload.column == "words"
    assert upload.text.startswith("Sentence number 0, which")


def test_cells_may_span_lines() -> None:
    rows = [f'{i},"first line {i}\nsecond line",x' for i in range(60)]
    assert "first line 7\nsecond line\n" in check_upload(table(rows), name="a.csv", column="text").text


def test_sizes_are_checked_at_both_ends() -> None:
    assert refusal(b"") == ("empty", {})
    assert refusal(b"x" * 1023) == ("too_small", {"low": 1024, "found": 1023})
    too_large = 5 * 2**20 + 1
    assert refusal(b"x" * too_large) == ("too_large", {"high": 5 * 2**20, "found": too_large})
    assert check_upload((PARAGRAPH * 10).encode()[:1024], name="a.txt", column=None).text


def test_white_space_alone_is_empty() -> None:
    assert refusal(b" \n\t" * 600) == ("empty", {})


def test_binary_and_other_encodings_are_told_apart() -> None:
    assert refusal(b"PK\x03\x04\x00" * 300) == ("binary", {"offset": 4})
    assert refusal(PARAGRAPH.encode("utf-16"))[0] == "binary"
    latin = ("x" * 1500 + "é").encode("latin-1")
    assert refusal(latin) == ("not_utf8", {"offset": 1500})
    assert refusal("注意力机制".encode("gb18030") * 200)[0] == "not_utf8"


def test_a_broken_csv_names_its_line() -> None:
    assert refusal(table([*ROWS[:10], "10,too,many,cells", *ROWS]), name="a.csv") == ("bad_csv", {"line": 12})
    assert refusal(table([*ROWS, '60,"never closed,x', *ROWS]), name="a.csv") == ("bad_csv", {"line": 62})
    spanning = [f'{i},"a\nb",x' for i in range(200)]
    assert refusal(table([*spanning, "short"]), name="a.csv") == ("bad_csv", {"line": 402})


def test_a_missing_column_and_an_empty_one_are_named() -> None:
    assert refusal(table(ROWS), name="a.csv", column="body") == (
        "no_column",
        {"column": "body", "columns": "id, text, note"},
    )
    assert refusal(table([f"{i},{'x' * 40}," for i in range(60)]), name="a.csv", column="note") == ("empty", {})
    assert refusal(table(ROWS), name="a.csv", column="note")[0] == "too_small"


def test_a_header_without_rows_is_empty() -> None:
    assert refusal((",".join(f"column{i}" for i in range(200))).encode(), name="a.csv") == ("empty", {})


def test_a_text_of_few_characters_is_too_uniform() -> None:
    assert refusal(b"abc\n" * 300) == ("too_uniform", {"low": 10, "found": 4})
