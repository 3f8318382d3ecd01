"""Marks the terms of the glossary where a section first uses them: a button that opens what the term means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from django.utils.html import format_html

from courses.reader.blocks import Shown

MARKED = frozenset({"p", "ul", "ol"})
"""Tags of parts whose text is marked: not headings, tables, formulas and code."""
TAG = re.compile(r"(<[^>]*>)")
CLOSED = ("code", "a", "button", "span")
"""Inside of these nothing is marked; a span is a formula."""


def mark_terms(
    parts: Sequence[Shown], terms: Iterable[Mapping[str, Any]], *, language: str, place: str
) -> tuple[list[Shown], list[Mapping[str, Any]]]:
    """The parts with each term marked once, and the terms that were found, in the order of the text.

    Not marked: terms that are also everyday words (`mark: false`), and those that this very section introduces.
    """
    wanted = {
        term["term"][language].casefold(): term
        for term in terms
        if term.get("mark", True) and term["section"] != place and len(term["term"][language]) > 1
    }
    if not wanted:
        return list(parts), []
    pattern = _pattern(tuple(sorted(wanted, key=len, reverse=True)))
    found: dict[str, Mapping[str, Any]] = {}

    def button(match: re.Match[str]) -> str:
        text = match[0].casefold()
        term = wanted.get(text) or wanted[text.removesuffix("s")]
        if term["id"] in found:
            return match[0]
        found[term["id"]] = term
        return format_html(
            '<button type="button" class="term" popovertarget="term-{}">{}</button>', term["id"], match[0]
        )

    marked = [
        replace(part, facts=part.facts | {"html": _marked(part.facts["html"], pattern, button)})
        if part.kind == "html" and part.facts["tag"] in MARKED
        else part
        for part in parts
    ]
    return marked, list(found.values())


@lru_cache(maxsize=64)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Longest first; Latin names as whole words, also in the plural."""
    ways = (
        rf"(?<![A-Za-z0-9-]){re.escape(name)}s?(?![A-Za-z0-9-])" if name.isascii() else re.escape(name)
        for name in names
    )
    return re.compile("|".join(ways), re.IGNORECASE)


def _marked(html: str, pattern: re.Pattern[str], button: Any) -> str:
    """`html` with buttons in its text, outside the tags of CLOSED."""
    pieces, inside = [], ""
    for piece in TAG.split(html):
        if piece.startswith("<"):
            name = re.match(r"</?([a-z0-9]*)", piece)
            tag = name[1] if name else ""
            if inside:
                inside = "" if piece == f"</{inside}>" else inside
            elif tag in CLOSED and not piece.startswith("</"):
                inside = tag
            pieces.append(piece)
        else:
            pieces.append(piece if inside else pattern.sub(button, piece))
    return "".join(pieces)
