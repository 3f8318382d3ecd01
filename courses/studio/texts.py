"""The four texts of a chapter as authors edit them, and their check. Called by the studio's services and selectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext as _

from courses.loading.blocks import Context
from courses.loading.compiler import Compiled, compile_chapter
from courses.loading.errors import ContentError, Problem, Report
from courses.loading.fields import Fields
from courses.loading.quiz import CompiledQuiz, compile_quiz
from courses.loading.sections import compile_language
from courses.loading.yamls import Lines, parse_yaml
from courses.models import LANGUAGES, Chapter, ChapterVersion
from labs.selectors import lab_slugs

FILES = {"en": "en.md", "zh-hans": "zh-hans.md", "quiz": "quiz.yaml", "chapter": "chapter.yaml"}
"""Texts by name, with the file of the same content in git: problems name it."""
NAMES = {file: name for name, file in FILES.items()}
MAX_TEXT = 300_000
"""Longest text, characters."""
Texts = dict[str, str]


@dataclass(frozen=True)
class Settings:
    """What the text `chapter` says beside the rule."""

    minutes: int
    summary: dict[str, str]
    labs: list[str]


@dataclass(frozen=True)
class Checked:
    """Either problems, or everything that publishing needs."""

    problems: list[Problem]
    compiled: Compiled | None = None
    settings: Settings | None = None


def texts_of(chapter: Chapter, version: ChapterVersion) -> Texts:
    """The texts of a version; its settings are written down when it came from files."""
    source = {name: str(version.source.get(name, "")) for name in FILES}
    return source if source["chapter"] else source | {"chapter": settings_text(chapter, version)}


def settings_text(chapter: Chapter, version: ChapterVersion) -> str:
    """Settings and rule as YAML."""
    data = {
        "minutes": chapter.minutes,
        "summary": {language: version.summary.get(language, "") for language in LANGUAGES},
        "labs": chapter.labs,
        "rule": version.rule,
    }
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=100))


def check(texts: Mapping[str, str], figures: Mapping[str, str]) -> Checked:
    """Compile everything as publishing would, with the problems of all texts at once."""
    problems: list[Problem] = []
    report = Report(FILES["chapter"], problems)
    settings, rule = _settings(texts["chapter"], report)
    compiled = None
    try:
        sources = {language: texts[language] for language in LANGUAGES}
        compiled = compile_chapter(sources=sources, figures=figures, quiz=texts["quiz"], rule=rule)
    except ContentError as error:
        problems.extend(error.problems)
    if problems:
        return Checked(sorted(set(problems)))
    return Checked([], compiled, settings)


def _settings(text: str, report: Report) -> tuple[Settings, Lines]:
    fields = Fields(parse_yaml(text, report) or Lines(1), report)
    settings = Settings(
        minutes=fields.integer("minutes", low=1, high=600),
        summary=fields.localised("summary", limit=1000),
        labs=fields.words("labs"),
    )
    for lab in settings.labs:
        if lab not in lab_slugs():
            fields.problem("labs", _("there is no lab “%(name)s”") % {"name": lab})
    rule = fields.take("rule")
    if not isinstance(rule, Lines):
        fields.problem("rule", _("“%(field)s” is missing") % {"field": "rule"})
        rule = Lines(fields.data.at("rule"))
    fields.done()
    return settings, rule


def sections_of(text: str, language: str, figures: Mapping[str, str]) -> tuple[str, list[dict[str, Any]]]:
    """Title and sections of one language for the preview, as far as they can be read; problems are not noted."""
    title, sections = compile_language(text, report=Report(FILES[language]), context=Context(figures))
    return title, [section.body() for section in sections]


def quiz_of(text: str, texts: Mapping[str, str], figures: Mapping[str, str]) -> CompiledQuiz | None:
    """The quiz for the preview, as far as it can be read."""
    _title, sections = sections_of(texts["en"], "en", figures)
    return compile_quiz(text, report=Report(FILES["quiz"]), sections=[section["id"] for section in sections])


def section_lines(text: str) -> list[int]:
    """The lines, counted from 1, at which sections begin. Fenced code is no heading."""
    found, fenced = [], False
    for number, row in enumerate(text.splitlines(), start=1):
        if row.startswith(("```", "~~~")):
            fenced = not fenced
        if row.startswith("## ") and not fenced:
            found.append(number)
    return found
