"""What the editor shows beside the text: the section under the cursor, the quiz with its key, the settings in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils import translation

from courses.loading.errors import Problem
from courses.models import LANGUAGES, localised
from courses.quizzes.presenting import keyed
from courses.reader.blocks import Shown, show_parts
from courses.reader.selectors import widget_styles
from courses.studio import texts as checking
from courses.studio.selectors import Editing
from labs.selectors import lab_card, lab_slugs

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True)
class Preview:
    """One text, shown; `problems` are those of the whole draft, the ones of this text first."""

    name: str
    problems: list[Problem]
    language: str
    heading: str = ""
    number: int = 0
    total: int = 0
    parts: list[Shown] | None = None
    questions: list[dict[str, Any]] | None = None
    settings: checking.Checked | None = None
    widgets: list[str] = field(default_factory=list)
    """Titles of the widgets that the rule names."""
    labs: list[dict[str, Any]] = field(default_factory=list)
    """Cards of the labs that the rule names."""
    outline: list[dict[str, Any]] = field(default_factory=list)
    """Sections of this text with their lines, for the tree."""

    @property
    def styles(self) -> tuple[str, ...]:
        """Style sheets of the widgets, any of which may be written next."""
        return widget_styles()


def preview(author: User, found: Editing, name: str, text: str, *, line: int, language: str) -> Preview:
    """`text` in place of the draft's text `name`. Mistakes never stop the preview of what can be read."""
    texts = found.texts | {name: text.replace("\r\n", "\n")}
    checked = checking.check(texts, found.figures)
    own = checking.FILES[name]
    problems = sorted(checked.problems, key=lambda problem: (problem.file != own, problem))
    shown: dict[str, Any] = {}
    if name in LANGUAGES:
        language = name
        shown = _section(author, texts[name], name, found.figures, line)
    elif name == "quiz":
        shown = {"questions": _questions(texts, found.figures, language)}
    else:
        shown = {"settings": checked} | _named(author, checked, language)
    return Preview(name=name, problems=problems, language=language, **shown)


def _section(author: User, text: str, language: str, figures: Mapping[str, str], line: int) -> dict[str, Any]:
    """The section in which the line stands."""
    _title, sections = checking.sections_of(text, language, figures)
    lines = checking.section_lines(text)
    if not sections:
        return {"parts": []}
    index = min(max(0, sum(start <= line for start in lines) - 1), len(sections) - 1)
    section = sections[index]
    outline = [
        {"title": one["title"], "line": start, "here": one is section}
        for one, start in zip(sections, lines, strict=False)
    ]
    with translation.override(language):
        parts = show_parts(section["parts"], cards=_cards(author, section))
    return {
        "heading": section["title"],
        "parts": parts,
        "number": index + 1,
        "total": len(sections),
        "outline": outline,
    }


def _cards(author: User, section: Mapping[str, Any]) -> dict[str, Any]:
    """Cards of the labs that the section names."""
    named = {part["id"] for part in section["parts"] if part["kind"] == "lab"}
    return {slug: lab_card(author, slug) for slug in lab_slugs() if slug in named}


def _named(author: User, checked: checking.Checked, language: str) -> dict[str, Any]:
    """What the rule names, as readers see it called."""
    if checked.compiled is None:
        return {}
    blocks = [block for section in checked.compiled.outline for block in section["blocks"]]
    with translation.override(language):
        titles = {block["id"]: str(localised(block["title"])) for block in blocks if "title" in block}
        return {
            "widgets": [titles.get(key, key) for key in checked.compiled.rule["widgets"]],
            "labs": [lab_card(author, slug) for slug in checked.compiled.rule["labs"]],
        }


def _questions(texts: Mapping[str, str], figures: Mapping[str, str], language: str) -> list[dict[str, Any]]:
    """Every question with its key, in one language."""
    quiz = checking.quiz_of(texts["quiz"], texts, figures)
    with translation.override(language):
        return [_question(question) for question in quiz.questions] if quiz else []


def _question(question: Mapping[str, Any]) -> dict[str, Any]:
    return {"shown": keyed(question), "review": question["review"]}
