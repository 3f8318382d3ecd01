"""A course as files: course.yaml, and a folder for each chapter. Read and checked before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from courses.loading.compiler import Compiled, compile_chapter
from courses.loading.errors import ContentError, Problem, Report
from courses.loading.fields import Fields
from courses.loading.glossary import read_terms
from courses.loading.yamls import Lines, parse_yaml
from courses.models import LANGUAGES
from labs.selectors import lab_slugs

MAX_FILE_BYTES = 1_000_000


@dataclass(frozen=True)
class ChapterFiles:
    """One chapter, checked and compiled."""

    slug: str
    number: int
    minutes: int
    title: dict[str, str]
    summary: dict[str, str]
    labs: list[str]
    compiled: Compiled


@dataclass(frozen=True)
class CourseFiles:
    """A course with all its chapters."""

    slug: str
    title: dict[str, str]
    summary: dict[str, str]
    chapters: list[ChapterFiles]
    terms: list[dict[str, Any]]


def read_course(folder: Path) -> CourseFiles:
    """Everything below `folder`. Raises ContentError with all problems of all files."""
    problems: list[Problem] = []
    report = Report("course.yaml", problems)
    fields = _yaml(folder, "course.yaml", report)
    slug = fields.ident()
    title, summary = fields.localised("title", limit=200), fields.localised("summary", limit=1000)
    names = fields.words("chapters")
    fields.done()
    chapters = [chapter for name in names if (chapter := _read_chapter(folder, name, report)) is not None]
    numbers = [chapter.number for chapter in chapters]
    if len(set(numbers)) != len(numbers):
        fields.problem("chapters", _("two chapters have the same number"))
    terms = _read_terms(folder, chapters, report) if not problems else []
    if problems:
        raise ContentError(problems)
    return CourseFiles(slug, title, summary, chapters, terms)


def _read_terms(root: Path, chapters: list[ChapterFiles], parent: Report) -> list[dict[str, Any]]:
    """The glossary; empty for a course without one."""
    if not (root / "glossary.yaml").exists():
        return []
    places = {f"{one.slug}/{section['id']}" for one in chapters for section in one.compiled.outline}
    return read_terms(_yaml(root, "glossary.yaml", parent.of("glossary.yaml")), places)


def _read_chapter(root: Path, name: str, parent: Report) -> ChapterFiles | None:
    """One chapter's folder; None when something in it is wrong."""
    prefix, known = f"{name}/", len(parent.problems)
    report = parent.of(f"{prefix}chapter.yaml")
    fields = _yaml(root, f"{prefix}chapter.yaml", report)
    slug = fields.ident()
    if slug and slug != name:
        fields.problem("id", _("the id must be the folder’s name, “%(name)s”") % {"name": name})
    facts: dict[str, Any] = {
        "number": fields.integer("number", low=1, high=99),
        "minutes": fields.integer("minutes", low=1, high=600),
        "title": fields.localised("title", limit=200),
        "summary": fields.localised("summary", limit=1000),
        "labs": fields.words("labs"),
    }
    for lab in facts["labs"]:
        if lab not in lab_slugs():
            fields.problem("labs", _("there is no lab “%(name)s”") % {"name": lab})
    rule = fields.take("rule")
    if not isinstance(rule, Lines):
        fields.problem("rule", _("“%(field)s” is missing") % {"field": "rule"})
        rule = Lines(fields.data.at("rule"))
    fields.done()
    sources = {language: _text(root, f"{prefix}{language}.md", parent) for language in LANGUAGES}
    quiz = _text(root, f"{prefix}quiz.yaml", parent) if (root / prefix / "quiz.yaml").exists() else ""
    figures = {path.name: _text(root, f"{prefix}figures/{path.name}", parent) for path in _figures(root / prefix)}
    try:
        compiled = compile_chapter(sources=sources, figures=figures, quiz=quiz, rule=rule, folder=prefix)
    except ContentError as error:
        parent.problems.extend(error.problems)
        return None
    for language in LANGUAGES:
        if facts["title"] and compiled.title[language] != facts["title"][language]:
            parent.of(f"{prefix}{language}.md").add(2, _("another title than in chapter.yaml"))
    return None if len(parent.problems) > known else ChapterFiles(slug=slug, compiled=compiled, **facts)


def _figures(folder: Path) -> list[Path]:
    return sorted((folder / "figures").glob("*.svg"))


def _yaml(root: Path, name: str, report: Report) -> Fields:
    text = _text(root, name, report)
    return Fields((parse_yaml(text, report) if text else None) or Lines(), report)


def _text(root: Path, name: str, parent: Report) -> str:
    """A file's text; a problem and "" when it cannot be read."""
    report = parent.of(name)
    try:
        data = (root / name).read_bytes()
        if len(data) > MAX_FILE_BYTES:
            report.add(0, _("larger than %(limit)d bytes") % {"limit": MAX_FILE_BYTES})
            return ""
        return data.decode()
    except OSError as error:
        report.add(0, _("cannot be read: %(why)s") % {"why": error.strerror})
    except UnicodeDecodeError as error:
        report.add(data.count(b"\n", 0, error.start) + 1, _("not UTF-8"))
    return ""
