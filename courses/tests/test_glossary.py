"""The glossary: terms of the shipped course stand where they say, and the page finds them in either language."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from courses.loading.errors import ContentError
from courses.models import Course
from courses.reader.blocks import Shown
from courses.reader.marking import mark_terms
from courses.tests.chapter_reading import COURSE, LANGUAGES, text_of
from courses.tests.course_files import load, write_course
from portal.accounts.models import User

TERMS = yaml.safe_load((COURSE / "glossary.yaml").read_text(encoding="utf-8"))["terms"]
ENTRY = """
terms:
  - id: token
    section: one/first
    term: {en: token, zh-hans: 词元}
    text: {en: A piece of text., zh-hans: 一段文本。}
  - id: bpe
    section: two/second
    term: {en: BPE, zh-hans: BPE}
    text: {en: Joins neighbours., zh-hans: 合并相邻的对。}
"""


def section_of(place: str, language: str) -> str:
    """The text of one section."""
    chapter, section = place.split("/")
    return next(
        part for part in re.split(r"^(?=## )", text_of(chapter, language), flags=re.M) if f"{{#{section}}}" in part
    )


def test_there_are_enough_terms_and_none_twice() -> None:
    assert len(TERMS) >= 120
    for language in LANGUAGES:
        names = [term["term"][language].casefold() for term in TERMS]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_term_stands_in_the_section_that_introduces_it(language: str) -> None:
    absent = [
        term["id"]
        for term in TERMS
        if term["term"][language].casefold() not in section_of(term["section"], language).casefold()
    ]
    assert absent == []


@pytest.fixture
def small(db: None, tmp_path: Path) -> Course:
    folder = write_course(tmp_path)
    (folder / "glossary.yaml").write_text(ENTRY, encoding="utf-8")
    load(folder)
    return Course.objects.get(slug="small")


def test_a_term_is_found_in_either_language(small: Course, learner: User, client_for: Callable[..., Client]) -> None:
    client = client_for(learner, language="en")
    for wanted in ("TOK", "词"):
        page = client.get("/glossary/small/", {"q": wanted})
        assert "A piece of text." in page.content.decode()
        assert "Joins neighbours." not in page.content.decode()
        assert 'href="/learn/small/one/first/"' in page.content.decode()
    assert "No term holds" in client.get("/glossary/small/", {"q": "<b>"}).content.decode()


def test_a_reader_of_chinese_gets_chinese(small: Course, learner: User, client_for: Callable[..., Client]) -> None:
    page = client_for(learner, language="zh-hans").get("/glossary/small/").content.decode()
    assert "一段文本。" in page
    assert page.index("词元") < page.index("token</span>")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("one/first", "one/nowhere", "glossary.yaml:4"),
        ("id: bpe", "id: token", "glossary.yaml:7"),
        ("zh-hans: 词元", "de: Token", "glossary.yaml:5"),
    ],
)
def test_a_wrong_entry_is_named_by_its_line(db: None, tmp_path: Path, old: str, new: str, reason: str) -> None:
    folder = write_course(tmp_path)
    (folder / "glossary.yaml").write_text(ENTRY.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError, match=re.escape(reason)):
        load(folder)
    assert not Course.objects.exists()


def test_a_text_marks_each_term_once_outside_of_formulas_code_and_links() -> None:
    html = (
        '<p>BPEs and <code>BPE</code> and <span class="math" data-tex="BPE">BPE</span> '
        '<a href="/x/">BPE</a> BPE subBPE; the token <em>n-gram</em></p>'
    )
    parts = [Shown("html", 0, {"html": html, "tag": "p"}), Shown("html", 1, {"html": "<h3>BPE</h3>", "tag": "h3"})]
    terms: list[dict[str, Any]] = [
        {"id": "bpe", "section": "tokens/bpe", "term": {"en": "BPE", "zh-hans": "BPE"}},
        {"id": "token", "section": "why/task", "term": {"en": "token", "zh-hans": "词元"}, "mark": False},
        {"id": "n-gram", "section": "why/here", "term": {"en": "n-gram", "zh-hans": "n 元"}},
    ]
    shown, found = mark_terms(parts, terms, language="en", place="why/here")
    assert [term["id"] for term in found] == ["bpe"]
    button = '<button type="button" class="term" popovertarget="term-bpe">BPEs</button>'
    assert shown[0].facts["html"] == html.replace("BPEs", button)
    assert shown[1].facts["html"] == "<h3>BPE</h3>"


def test_a_section_brings_the_cards_of_its_terms(
    small: Course, learner: User, client_for: Callable[..., Client]
) -> None:
    small.terms[1] |= {
        "term": {"en": "paragraph", "zh-hans": "段落"},
        "text": {"en": "<b>A block.", "zh-hans": "一块。"},
    }
    small.save()
    page = client_for(learner, language="en").get("/learn/small/one/first/").content.decode()
    assert 'popovertarget="term-bpe">paragraph</button>' in page
    assert page.count('id="term-bpe" popover') == 1
    assert "&lt;b&gt;A block." in page
