"""Both languages are complete: every text has a Chinese translation, and what is compiled is what is written."""

from __future__ import annotations

import pytest
from babel.messages.catalog import Catalog

from portal import catalogue


def test_every_text_is_translated() -> None:
    problems = "\n".join(catalogue.problems(catalogue.read()))
    assert not problems, f"run `manage.py messages`, then translate:\n{problems}"


def test_the_compiled_catalogue_is_in_step() -> None:
    assert catalogue.MO.read_bytes() == catalogue.compiled(catalogue.read())


def one(original: str | tuple[str, str], translation: str | tuple[str, ...], **options: bool) -> list[str]:
    """Problems of a catalogue with this one message."""
    made = Catalog(locale="zh_Hans")
    made.add(original, translation, flags=["fuzzy"] if options.get("fuzzy") else [])
    return [problem for problem in catalogue.problems(made) if not problem.startswith("not in the catalogue")]


@pytest.mark.parametrize(
    ("original", "translation", "fuzzy", "complaint"),
    [
        ("A text nobody says", "没人说的话", False, "no longer said"),
        ("Save", "", False, "not translated"),
        ("Save", "保存", True, "fuzzy"),
        ("%(count)s runs", "%(counts)s 次运行", False, "other placeholders"),
        (("%(count)d run", "%(count)d runs"), ("次运行",), False, "other placeholders"),
        ("Two\nlines\n", "两行", False, "other line breaks"),
    ],
)
def test_what_is_wrong_is_named(
    original: str | tuple[str, str], translation: str | tuple[str, ...], fuzzy: bool, complaint: str
) -> None:
    assert any(complaint in problem for problem in one(original, translation, fuzzy=fuzzy))


def test_texts_of_templates_and_code_are_found() -> None:
    found = catalogue.extract()
    assert found.get("Learn language models by training them") is not None
    assert found.get("%(minutes)d min ago") is not None
    assert found.get("j M", context="date format, this year") is not None


def test_only_our_own_files_are_read() -> None:
    places = {place for message in catalogue.extract() for place, _line in message.locations}
    assert all(place.startswith(("portal/", "courses/", "labs/", "templates/")) for place in places)
    assert not any("/tests/" in place for place in places)
