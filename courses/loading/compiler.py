"""A whole chapter: both languages, quiz and rule, checked against each other. Called by load_course and the studio."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from courses.loading.blocks import Context, Part
from courses.loading.errors import ContentError, Problem, Report
from courses.loading.fields import Fields
from courses.loading.quiz import CompiledQuiz, compile_quiz
from courses.loading.rule import compile_rule
from courses.loading.sections import Section, compile_language
from courses.loading.yamls import Lines, parse_yaml
from courses.models import LANGUAGES
from portal.lib.words import listing

FORMAT = 1
"""Part of every hash: raise it when the same text compiles to another body."""


@dataclass(frozen=True)
class Compiled:
    """The content fields of a ChapterVersion, and of its Quiz. `title` comes from each file's front matter."""

    title: dict[str, str]
    source: dict[str, str]
    figures: dict[str, str]
    body: dict[str, list[dict[str, Any]]]
    outline: list[dict[str, Any]]
    rule: dict[str, Any]
    quiz: CompiledQuiz | None
    content_hash: str
    quiz_hash: str


def compile_chapter(
    *,
    sources: Mapping[str, str],
    figures: Mapping[str, str],
    quiz: str,
    rule: Mapping[str, Any] | str,
    folder: str = "",
) -> Compiled:
    """Compile Markdown by language, SVG by file name, the quiz's YAML and the rule (fields, or their YAML).

    Raises ContentError with every problem of every file; `folder` is put before the names in them.
    """
    problems: list[Problem] = []
    report = Report(folder, problems)
    context = Context(figures, folder)
    titles: dict[str, str] = {}
    texts: dict[str, list[Section]] = {}
    for language in LANGUAGES:
        one = report.of(f"{folder}{language}.md")
        titles[language], texts[language] = compile_language(sources.get(language, ""), report=one, context=context)
        _unique_blocks(texts[language], one)
    first, second = LANGUAGES
    _same_shape(texts[first], texts[second], report.of(f"{folder}{second}.md"))
    sections = texts[first]
    ids = [section.id for section in sections]
    compiled_quiz = compile_quiz(quiz, report=report.of(f"{folder}quiz.yaml"), sections=ids)
    fields = Fields(_rule_fields(rule, report.of(f"{folder}chapter.yaml")), report.of(f"{folder}chapter.yaml"))
    compiled_rule = compile_rule(fields, sections, has_quiz=bool(quiz.strip()))
    if problems:
        raise ContentError(problems)
    used = {name: figures[name] for name in sorted(context.svgs)}
    source = {language: sources[language] for language in LANGUAGES} | {"quiz": quiz}
    return Compiled(
        title=titles,
        source=source,
        figures=used,
        body={language: [section.body() for section in texts[language]] for language in LANGUAGES},
        outline=_outline(texts),
        rule=compiled_rule,
        quiz=compiled_quiz,
        content_hash=digest([FORMAT, source, used, compiled_rule]),
        quiz_hash=digest([FORMAT, quiz]) if compiled_quiz else "",
    )


def digest(value: Any) -> str:
    """A hash of plain data."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _rule_fields(rule: Mapping[str, Any] | str, report: Report) -> Lines:
    """The rule as a mapping that knows its lines, if it came from a text."""
    if isinstance(rule, Lines):
        return rule
    if isinstance(rule, str):
        return parse_yaml(rule, report) or Lines()
    plain = Lines()
    plain.update(rule)
    return plain


def _unique_blocks(sections: list[Section], report: Report) -> None:
    """A block's id must be unique in its chapter, whatever its kind."""
    seen: set[str] = set()
    for section in sections:
        for part, line in zip(section.parts, section.lines, strict=True):
            block = part.get("id", "")
            if block and block in seen:
                report.add(line, _("block id “%(id)s” stands here twice") % {"id": block})
            seen.add(block)


def _same_shape(first: list[Section], second: list[Section], report: Report) -> None:
    """Both languages have the same sections, headings and blocks, in the same order, with the same key."""
    if [section.id for section in first] != [section.id for section in second]:
        words = {"first": listing(s.id for s in first), "second": listing(s.id for s in second)}
        report.add(0, _("other sections than en.md: %(second)s instead of %(first)s") % words)
        return
    for one, other in zip(first, second, strict=True):
        if one.blocks() != other.blocks():
            words = {"first": _names(one), "second": _names(other)}
            report.add(other.line, _("other blocks than en.md: %(second)s instead of %(first)s") % words)
            continue
        if [heading["id"] for heading in one.headings] != [heading["id"] for heading in other.headings]:
            report.add(other.line, _("other sub-heading ids than in en.md"))
        keys = {part["id"]: _key(part) for part in one.parts if "id" in part}
        for part, line in zip(other.parts, other.lines, strict=True):
            if "id" in part and _key(part) != keys[part["id"]]:
                report.add(line, _("the answer of “%(id)s” differs from en.md") % {"id": part["id"]})


def _names(section: Section) -> str:
    return listing(block for _kind, block in section.blocks()) or "–"


def _key(part: Part) -> list[Any]:
    """What must not depend on the language."""
    if part["kind"] == "guess":
        return [part["answer"], part["close"]]
    if part["kind"] == "check":
        return [option["right"] for option in part["options"]]
    return [part.get("name")]


def _outline(texts: Mapping[str, list[Section]]) -> list[dict[str, Any]]:
    """As ChapterVersion.outline describes it."""
    total = sum(section.size for sections in texts.values() for section in sections) or 1
    return [
        {
            "id": versions[0].id,
            "title": {language: section.title for language, section in zip(LANGUAGES, versions, strict=True)},
            "lede": {language: section.lede for language, section in zip(LANGUAGES, versions, strict=True)},
            "weight": round(sum(section.size for section in versions) / total, 4),
            "hash": digest([section.hash for section in versions])[:16],
            "blocks": [_block(kind, block, versions) for kind, block in versions[0].blocks()],
        }
        for versions in zip(*(texts[language] for language in LANGUAGES), strict=True)
    ]


def _block(kind: str, block: str, versions: Sequence[Section]) -> dict[str, Any]:
    """A block of the outline; `title` by language where blocks of this kind have one."""
    titles = {
        language: version.titles()[block]
        for language, version in zip(LANGUAGES, versions, strict=True)
        if block in version.titles()
    }
    return {"kind": kind, "id": block} | ({"title": titles} if titles else {})
