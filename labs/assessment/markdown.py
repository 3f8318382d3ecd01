"""A report card as Markdown, for a notebook or a repository. Called by the view `run_report_markdown`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from labs.assessment.report import Card
from labs.presenters import visible

ACTIVE = re.compile(r"([\\`*_{}\[\]<>#|~$&])")


def plain(value: Any) -> str:
    """A text in which nothing is Markdown or HTML, on one line."""
    return ACTIVE.sub(r"\\\1", visible(str(value).replace("\r", "")))


def table(head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> list[str]:
    """A table; nothing without rows."""
    lines = [f"| {' | '.join(plain(cell) for cell in row)} |" for row in rows]
    return [f"| {' | '.join(plain(cell) for cell in head)} |", "|" + "---|" * len(head), *lines, ""] if lines else []


def markdown(card: Card) -> str:
    """The whole card."""
    title = _("Run %(number)s: %(title)s") % {"number": card.run.pk, "title": card.lab.title}
    lines = [f"# {plain(title)}", "", *_score(card), *_prediction(card), plain(card.sentence), ""]
    lines += [f"## {_('Recipe')}", "", *table([_("Setting"), _("Value")], [(s.label, s.value) for s in card.settings])]
    lines += [f"## {_('Facts')}", "", *table([_("Fact"), _("Value")], card.facts)]
    lines += _measures(card) + _samples(card) + _questions(card)
    return "\n".join(lines).rstrip() + "\n"


def _score(card: Card) -> list[str]:
    if not card.points or card.submission is None:
        return []
    total = _("Score: %(score)s of 100") % {"score": f"{card.submission.score:.1f}"}
    rows = [(part.label, f"{part.points} / {part.most}") for part in card.points]
    return [f"## {total}", "", *table([_("Part"), _("Points")], rows)]


def _prediction(card: Card) -> list[str]:
    rows = [
        (_("Said"), card.said or _("nothing")),
        (_("Came"), card.came or "–"),
        (_("Closeness"), card.closeness or "–"),
    ]
    return [f"## {_('Prediction and outcome')}", "", plain(card.lab.prediction.question), "", *table(["", ""], rows)]


def _measures(card: Card) -> list[str]:
    found = card.outcome.get("slices")
    if not found:
        return []
    rows = [
        [
            row["title"],
            *(f"{cell['value']} ({cell['interval']})" if cell["interval"] else cell["value"] for cell in row["cells"]),
        ]
        for row in found["rows"]
    ]
    return [f"## {_('Measures with 95 % intervals')}", "", *table([_("Slice"), *found["columns"]], rows)]


def _samples(card: Card) -> list[str]:
    rows = [(sample["prompt"], sample["text"]) for sample in card.samples]
    return [f"## {_('What it writes')}", "", *table([_("Given"), _("Written")], rows)] if rows else []


def _questions(card: Card) -> list[str]:
    if not card.points:
        return []
    rows = [(asked.text, asked.shown, asked.truth, "✓" if asked.right else "✗") for asked in card.asked]
    return [f"## {_('Questions')}", "", *table([_("Question"), _("Answer"), _("Right"), ""], rows)]
