"""A chapter's quiz: YAML in both languages, checked and compiled to what Quiz.questions keeps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from courses.loading.errors import Report
from courses.loading.fields import Fields
from courses.loading.markdown import render_text
from courses.loading.yamls import parse_yaml

MAX_QUIZ = 200_000
KINDS = ("single", "multiple", "number")


@dataclass(frozen=True)
class CompiledQuiz:
    """The fields of a Quiz row. Prompts, texts and explanations are sanitised HTML by language."""

    pass_percent: int
    time_limit_s: int
    max_attempts: int
    questions: list[dict[str, Any]]


def compile_quiz(text: str, *, report: Report, sections: Collection[str]) -> CompiledQuiz | None:
    """The quiz in `text`, whose questions may point to `sections`. None when there is none; notes problems."""
    if not text.strip():
        return None
    if len(text) > MAX_QUIZ:
        report.add(0, _("longer than %(limit)d characters") % {"limit": MAX_QUIZ})
        return None
    data = parse_yaml(text, report)
    if data is None:
        return None
    fields = Fields(data, report)
    quiz = CompiledQuiz(
        pass_percent=fields.integer("pass_percent", low=1, high=100),
        time_limit_s=fields.integer("time_limit_s", low=0, high=86_400, default=0),
        max_attempts=fields.integer("max_attempts", low=0, high=100, default=0),
        questions=[_question(entry, sections) for entry in fields.mappings("questions", least=1, most=60)],
    )
    fields.done()
    _unique(fields, quiz.questions, "questions")
    return quiz


def _question(fields: Fields, sections: Collection[str]) -> dict[str, Any]:
    kind = fields.one_of("kind", KINDS)
    section = fields.ident("section")
    if section and section not in sections:
        fields.problem("section", _("there is no section “%(id)s” in this chapter") % {"id": section})
    question: dict[str, Any] = {
        "id": fields.ident(),
        "kind": kind,
        "section": section,
        "review": fields.flag("review"),
        "points": fields.number("points", low=0.5, high=100, default=1),
        "prompt": _texts(fields, "prompt"),
    }
    question |= _number(fields) if kind == "number" else _options(fields, kind)
    fields.done()
    return question


def _number(fields: Fields) -> dict[str, Any]:
    return {
        "answer": fields.number("answer", low=-1e12, high=1e12),
        "tolerance": fields.number("tolerance", low=0, high=1e12),
        "unit": fields.localised("unit", required=False, limit=30),
        "why": _texts(fields, "why"),
    }


def _options(fields: Fields, kind: str) -> dict[str, Any]:
    entries = fields.mappings("options", least=2, most=8)
    options = [
        {
            "id": entry.ident(),
            "right": entry.flag("right"),
            "text": _texts(entry, "text"),
            "why": _texts(entry, "why"),
        }
        for entry in entries
    ]
    for entry in entries:
        entry.done()
    _unique(fields, options, "options")
    right = sum(bool(option["right"]) for option in options)
    if options and kind == "single" and right != 1:
        fields.problem("options", _("exactly one option must be right, here it is %(count)d") % {"count": right})
    if options and kind == "multiple" and right < 1:
        fields.problem("options", _("at least one option must be right"))
    return {"options": options}


def _texts(fields: Fields, name: str) -> dict[str, str]:
    return {language: render_text(text) for language, text in fields.localised(name).items()}


def _unique(fields: Fields, entries: list[dict[str, Any]], name: str) -> None:
    """Note ids that stand twice."""
    ids = [entry["id"] for entry in entries if entry["id"]]
    for repeated in sorted({value for value in ids if ids.count(value) > 1}):
        fields.problem(name, _("the id “%(id)s” stands here twice") % {"id": repeated})
