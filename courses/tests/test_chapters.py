"""What holds for every chapter of the course, whatever its subject."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from courses.tests.chapter_reading import (
    COURSE,
    HEADING,
    LANGUAGES,
    Block,
    blocks_of,
    chapters,
    name_of,
    quiz_of,
    sections_of,
    text_of,
)

CHAPTERS = chapters()
FACTS: dict[str, Block] = {
    chapter: yaml.safe_load((COURSE / chapter / "chapter.yaml").read_text(encoding="utf-8")) for chapter in CHAPTERS
}
HAN = re.compile(r"[\u4e00-\u9fff]")
LONGEST = 0.4
"""Largest share of questions whose right choice may be the longest one; by chance it is about a quarter to a half."""

pytestmark = pytest.mark.parametrize("chapter", CHAPTERS)


def test_its_number_comes_after_those_before_it(chapter: str) -> None:
    before = CHAPTERS[: CHAPTERS.index(chapter)]
    assert all(FACTS[other]["number"] < FACTS[chapter]["number"] for other in before)


def test_both_languages_have_the_same_headings(chapter: str) -> None:
    english, chinese = (HEADING.findall(text_of(chapter, language)) for language in LANGUAGES)
    assert english == chinese
    assert len(set(english)) == len(english)
    assert 5 <= sum(mark == "##" for mark, _ in english) <= 7
    assert english[-1] == ("###", "review")


def test_blocks_ask_the_same_thing_in_both_languages(chapter: str) -> None:
    def key(kind: str, body: Block) -> Any:
        if kind == "guess":
            return kind, body["id"], body["answer"], body["close"]
        if kind == "check":
            return kind, body["id"], [option.get("right", False) for option in body["options"]]
        if kind == "widget":
            return kind, body["name"], sorted(body["data"]), sorted(body["data"].get("labels", {}))
        return kind  # a figure may have a variant for a language

    english, chinese = ([key(*each) for each in blocks_of(chapter, language)] for language in LANGUAGES)
    assert english == chinese
    assert sum(text_of(chapter, "en").count(f"\n```{kind}\n") for kind in ("guess", "check", "widget")) == sum(
        isinstance(each, tuple) for each in english
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_checks_have_one_right_choice_and_a_reason_for_each(chapter: str, language: str) -> None:
    checks = [body for kind, body in blocks_of(chapter, language) if kind == "check"]
    assert len(checks) >= 3
    for check in checks:
        assert 3 <= len(check["options"]) <= 4
        assert sum(option.get("right", False) for option in check["options"]) == 1
        assert all(option["text"] and option["why"] for option in check["options"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_symbols_are_separated_by_blank_lines(chapter: str, language: str) -> None:
    """Without one, Markdown reads the next symbol as the rest of the definition before it."""
    assert re.findall(r"^: .*\n(?!:::|\n|: ).*$", text_of(chapter, language), re.MULTILINE) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_in_five_lines_what_to_remember(chapter: str, language: str) -> None:
    boxes = re.findall(r"^::: key [^\n]*\n(.*?)^:::$", text_of(chapter, language), re.MULTILINE | re.DOTALL)
    assert [len(re.findall(r"^(?:\d\.|-) ", box, re.MULTILINE)) for box in boxes] == [5]


def test_the_quiz_is_complete_in_both_languages(chapter: str) -> None:
    questions = quiz_of(chapter).values()
    assert 8 <= len(questions) <= 12
    assert sum(bool(question.get("review")) for question in questions) == 3
    for question in questions:
        assert question["section"] in sections_of(chapter)
        texts = [question["prompt"], *(question[name] for name in ("why", "unit") if name in question)]
        texts += [option[name] for option in question.get("options", []) for name in ("text", "why")]
        for text in texts:
            assert set(text) == set(LANGUAGES)
            assert bool(text["en"]) == bool(text["zh-hans"])
        assert question["kind"] != "number" or (question["tolerance"] >= 0 and question["why"])


def test_the_english_of_the_quiz_is_english(chapter: str) -> None:
    """Chinese characters stand in it only where it is about them."""
    for question in quiz_of(chapter).values():
        words = HAN.sub("", question["prompt"]["en"])
        assert len(words) > len(question["prompt"]["en"]) / 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_choice_is_no_key_to_the_quiz(chapter: str, language: str) -> None:
    chosen = [question for question in quiz_of(chapter).values() if question["kind"] == "single"]
    found = []
    for question in chosen:
        lengths = sorted((len(option["text"][language]), bool(option.get("right"))) for option in question["options"])
        found.append(lengths[-1][1] and lengths[-1][0] > lengths[-2][0])
    assert sum(found) <= LONGEST * len(chosen)


def test_the_rule_names_what_the_chapter_has(chapter: str) -> None:
    names = {name_of(kind, body) for kind, body in blocks_of(chapter, "en")}
    rule, labs = FACTS[chapter]["rule"], FACTS[chapter]["labs"]
    assert {f"widget:{name}" for name in rule["widgets"]} <= names
    assert {f"lab:{slug}" for slug in labs} <= names
    assert set(rule["labs"]) <= set(labs)
    for language in LANGUAGES:
        for kind, body in blocks_of(chapter, language):
            assert kind != "figure" or (COURSE / chapter / "figures" / body["src"]).is_file()
