"""A chapter's quiz: YAML in both languages, checked and compiled to what Quiz.questions keeps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from courses.loading import kinds
from courses.loading.errors import Report
from courses.loading.fields import Fields
from courses.loading.yamls import parse_yaml

MAX_QUIZ = 200_000
MAX_COOL_DOWN_S = 30 * 86_400
KINDS = ("single", "multiple", *kinds.KINDS)


@dataclass(frozen=True)
class CompiledQuiz:
    """The fields of a Quiz row. Prompts, texts and explanations are sanitised HTML by language."""

    pass_percent: int
    time_limit_s: int
    max_attempts: int
    cool_down_s: int
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
        cool_down_s=fields.integer("cool_down_s", low=0, high=MAX_COOL_DOWN_S, default=0),
        questions=[_question(entry, sections) for entry in fields.mappings("questions", least=1, most=60)],
    )
    fields.done()
    kinds.unique(fields, quiz.questions, "questions")
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
        "prompt": kinds.texts(fields, "prompt"),
    }
    question |= kinds.KINDS[kind](fields) if kind in kinds.KINDS else _options(fields, kind)
    fields.done()
    return question


def _options(fields: Fields, kind: str) -> dict[str, Any]:
    entries = fields.mappings("options", least=2, most=8)
    options = [
        {
            "id": entry.ident(),
            "right": entry.flag("right"),
            "text": kinds.texts(entry, "text"),
            "why": kinds.texts(entry, "why"),
        }
        for entry in entries
    ]
    for entry in entries:
        entry.done()
    kinds.unique(fields, options, "options")
    right = sum(bool(option["right"]) for option in options)
    if options and kind == "single" and right != 1:
        fields.problem("options", _("exactly one option must be right, here it is %(count)d") % {"count": right})
    if options and kind == "multiple" and right < 1:
        fields.problem("options", _("at least one option must be right"))
    return {"options": options}
