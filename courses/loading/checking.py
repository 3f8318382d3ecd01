"""What an editor would object to in a course that can be loaded: length, time, links, maths, terms, quizzes, coverage.

`manage.py check_course` prints it. What cannot be loaded at all is the loader's: `courses.loading.folder`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from courses.loading.errors import Problem
from courses.loading.folder import ChapterFiles, read_course
from courses.quizzes import grading

WORDS = (1_500, 2_500)
"""Of a chapter's English prose, without blocks, formulas and tables' lines."""
CHARACTERS = (2_100, 3_600)
"""Chinese characters of the same."""
WORDS_A_MINUTE, MINUTES_A_BLOCK, MINUTES_A_QUESTION = 200, 1.5, 1.0
MINUTES = (0.8, 1.3)
"""The stated minutes, as a share of the estimate."""
QUESTIONS, REVIEW, CALCULATED = (8, 12), 3, 2
LONGEST = 0.4
"""Largest share of questions whose right choice may be the longest one."""
TERMS = 120

FENCE = re.compile(r"^(`{3,})[^`\n]*\n.*?^\1$", re.MULTILINE | re.DOTALL)
DISPLAY = re.compile(r"\$\$.*?\$\$", re.DOTALL)
INLINE = re.compile(r"\$(?!\s)[^$\n]+?(?<!\s)\$")
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]*)\)")
READING = re.compile(r"^### .*\{#(?:reading|read-next)\}$", re.MULTILINE)
REFERENCE = re.compile(r"\b([a-z]+)#([a-z0-9-]+)")
ARTICLE = {
    *(
        f"{part}.{n}"
        for part, last in ((2, 3), (3, 4), (4, 3), (5, 3), (6, 4), (7, 3), (8, 4), (9, 5))
        for n in range(1, last + 1)
    ),
    "1",
}
"""Headings of the article that the course was commissioned with."""


def findings(folder: Path) -> list[Problem]:
    """Everything to mend, by file. Raises ContentError when the course cannot be loaded."""
    course = read_course(folder)
    places = {f"{one.slug}#{section['id']}" for one in course.chapters for section in one.compiled.outline}
    found = [problem for chapter in course.chapters for problem in _chapter(chapter)]
    found += _terms(course.terms, course.chapters)
    return sorted([*found, *_coverage(folder / "COVERAGE.md", places)])


def _chapter(chapter: ChapterFiles) -> Iterator[Problem]:
    sources = chapter.compiled.source
    for language in ("en", "zh-hans"):
        name = f"{chapter.slug}/{language}.md"
        text = sources[language]
        yield from (Problem(name, *found) for found in _length(text, language))
        yield from (Problem(name, *found) for found in [*links(text), *maths(text)])
    quiz = chapter.compiled.quiz
    questions = quiz.questions if quiz else []
    estimate = minutes_of(sources["en"], len(questions))
    if not MINUTES[0] * estimate <= chapter.minutes <= MINUTES[1] * estimate:
        reason = f"{chapter.minutes} minutes are stated, about {estimate:.0f} are needed"
        yield Problem(f"{chapter.slug}/chapter.yaml", 0, reason)
    yield from (Problem(f"{chapter.slug}/quiz.yaml", 0, reason) for reason in quiz_statistics(questions))


def prose(text: str) -> str:
    """A chapter's text without blocks, formulas and the lines of tables."""
    bare = INLINE.sub("", DISPLAY.sub("", FENCE.sub("", text)))
    return "\n".join(line for line in bare.split("\n") if not line.startswith("|"))


def minutes_of(text: str, questions: int) -> float:
    """Estimate for reading a chapter in English, doing its blocks and its quiz."""
    words = len(re.findall(r"[A-Za-z’']+", prose(text)))
    return words / WORDS_A_MINUTE + len(FENCE.findall(text)) * MINUTES_A_BLOCK + questions * MINUTES_A_QUESTION


def _length(text: str, language: str) -> Iterator[tuple[int, str]]:
    pattern, (low, high), unit = (
        (r"[A-Za-z’']+", WORDS, "words") if language == "en" else (r"[\u4e00-\u9fff]", CHARACTERS, "characters")
    )
    count = len(re.findall(pattern, prose(text)))
    if not low <= count <= high:
        yield 0, f"{count:,} {unit} of prose, expected {low:,} to {high:,}"


def links(text: str) -> Iterator[tuple[int, str]]:
    """Line and reason of each link that leads nowhere, or out of the house before the reading list."""
    reading = READING.search(text)
    ids = set(re.findall(r"\{#([a-z0-9-]+)\}$", text, re.MULTILINE))
    for match in LINK.finditer(text):
        target = match[1]
        line = text.count("\n", 0, match.start()) + 1
        if target.startswith("#"):
            if target[1:] not in ids:
                yield line, f"no heading here has the id “{target[1:]}”"
        elif re.match(r"https?://", target):
            if reading is None or match.start() < reading.start():
                yield line, f"“{target}” needs the network: such links belong in the reading list"
        elif not target.startswith("/"):
            yield line, f"“{target}” is neither in this chapter nor on this site"


def maths(text: str) -> Iterator[tuple[int, str]]:
    """Line and reason of each formula with braces, `\\left` or environments that do not match."""
    bare = FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
    for match in re.finditer(rf"{DISPLAY.pattern}|{INLINE.pattern}", bare, re.DOTALL):
        formula = match[0].replace(r"\{", "").replace(r"\}", "")
        pairs = (("{", "}"), (r"\left", r"\right"), (r"\begin", r"\end"))
        for opening, closing in pairs:
            ends = re.escape(closing) + (r"(?![a-z])" if closing[0] == "\\" else "")
            starts = re.escape(opening) + (r"(?![a-z])" if opening[0] == "\\" else "")
            if len(re.findall(starts, formula)) != len(re.findall(ends, formula)):
                yield (
                    bare.count("\n", 0, match.start()) + 1,
                    f"“{opening}” and “{closing}” do not match: {match[0][:60]}",
                )


def quiz_statistics(questions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with a quiz as a whole."""
    if not QUESTIONS[0] <= len(questions) <= QUESTIONS[1]:
        yield f"{len(questions)} questions, expected {QUESTIONS[0]} to {QUESTIONS[1]}"
    if (count := sum(bool(question.get("review")) for question in questions)) != REVIEW:
        yield f"{count} questions for review, expected {REVIEW}"
    if (count := sum(question["kind"] in grading.NUMBERS | {"shape"} for question in questions)) < CALCULATED:
        yield f"{count} questions ask for a number, expected {CALCULATED} or more"
    single = [question for question in questions if question["kind"] == "single"]
    for language in ("en", "zh-hans"):
        betrayed = sum(_longest_is_right(question, language) for question in single)
        if betrayed > LONGEST * len(single):
            yield f"in {betrayed} of {len(single)} questions the longest choice is the right one ({language})"


def _longest_is_right(question: Mapping[str, Any], language: str) -> bool:
    lengths = sorted((len(option["text"][language]), bool(option.get("right"))) for option in question["options"])
    return lengths[-1][1] and lengths[-1][0] > lengths[-2][0]


def _terms(terms: Sequence[Mapping[str, Any]], chapters: Sequence[ChapterFiles]) -> Iterator[Problem]:
    if len(terms) < TERMS:
        yield Problem("glossary.yaml", 0, f"{len(terms)} terms, expected {TERMS} or more")
    sources = {one.slug: one.compiled.source for one in chapters}
    for term in terms:
        chapter, section = term["section"].split("/")
        for language, name in term["term"].items():
            parts = re.split(r"^(?=## )", sources[chapter][language], flags=re.MULTILINE)
            text = next(part for part in parts if f"{{#{section}}}" in part.split("\n")[0])
            if name.casefold() not in text.casefold():
                yield Problem("glossary.yaml", 0, f"“{name}” does not stand in {term['section']} ({language})")


def _coverage(path: Path, places: Collection[str]) -> Iterator[Problem]:
    """References of the coverage table that lead nowhere, and headings of the article that it leaves out."""
    if not path.exists():
        yield Problem(path.name, 0, "the table is missing")
        return
    covered = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or not cells[0][:1].isdigit():
            continue
        covered.add(cells[0].split()[0])
        references = [f"{chapter}#{section}" for chapter, section in REFERENCE.findall("|".join(cells[2:]))]
        if not references:
            yield Problem(path.name, number, "no section is named")
        yield from (Problem(path.name, number, f"there is no {name}") for name in references if name not in places)
    yield from (Problem(path.name, 0, f"{heading} of the article is missing") for heading in sorted(ARTICLE - covered))
