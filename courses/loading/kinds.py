"""The fields of each kind of question, checked and compiled. Called by the loader of quizzes."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from courses.loading.fields import Fields, is_number
from courses.loading.markdown import render_text
from courses.loading.yamls import Lines
from courses.models import LANGUAGES
from courses.quizzes import spelling

GAP = re.compile(r"\{\{ ?([a-z0-9-]+) ?\}\}")
MAX_WORDS = 200


def typed_number(fields: Fields) -> dict[str, Any]:
    """`number`: the answer, how far from it still counts, its unit."""
    return {
        "answer": fields.number("answer", low=-1e12, high=1e12),
        "tolerance": fields.number("tolerance", low=0, high=1e12),
        "unit": fields.localised("unit", required=False, limit=30),
        "why": texts(fields, "why"),
    }


def curve(fields: Fields) -> dict[str, Any]:
    """`curve`: a number to be read off the curve through `points`, whose axes are named in each language."""
    return typed_number(fields) | {"curve": _curve(fields)}


def _curve(fields: Fields) -> dict[str, Any]:
    data = fields.take("curve")
    if not isinstance(data, Lines):
        fields.problem("curve", _("“%(field)s” must have x, y and points") % {"field": "curve"})
        return {}
    inner = Fields(data, fields.report)
    points = inner.take("points")
    if not _is_curve(points):
        inner.problem("points", _("“points” must be 3 to 200 pairs of numbers with rising x, not all at one height"))
        points = []
    plot = {
        "x": inner.localised("x", limit=60),
        "y": inner.localised("y", limit=60),
        "points": [[float(x), float(y)] for x, y in points],
    }
    inner.done()
    return plot


def _is_curve(points: Any) -> bool:
    if not isinstance(points, list) or not 3 <= len(points) <= 200:
        return False
    if not all(isinstance(point, list) and len(point) == 2 and all(map(is_number, point)) for point in points):
        return False
    xs = [x for x, _y in points]
    return all(low < high for low, high in itertools.pairwise(xs)) and len({y for _x, y in points}) > 1


def short_text(fields: Fields) -> dict[str, Any]:
    """`text`: what is accepted, by language."""
    return {"accept": _accept(fields, spelling.words), "why": texts(fields, "why")}


def shape(fields: Fields) -> dict[str, Any]:
    """`shape`: sizes of a tensor, numbers or names."""
    answer = fields.text("answer", limit=40)
    if answer and not spelling.shape(answer):
        fields.problem("answer", _("“%(value)s” is not a shape: write it like 12, 64 or B, T, C") % {"value": answer})
    return {"answer": answer, "why": texts(fields, "why")}


def order(fields: Fields) -> dict[str, Any]:
    """`order`: items in the right order. Their ids reach the browser, so they must not spell that order out."""
    items = _listed(fields, "items", least=3, most=8, text=texts)
    ids = [item["id"] for item in items]
    if ids and ids in (sorted(ids), sorted(ids, reverse=True)):
        fields.problem("items", _("the ids stand in alphabetical order and would give the answer away"))
    return {"items": items, "why": texts(fields, "why")}


def match(fields: Fields) -> dict[str, Any]:
    """`match`: pairs, each naming its right choice; a choice may fit several pairs or none."""
    choices = _listed(fields, "choices", least=2, most=8, text=plain_texts)
    known = {choice["id"] for choice in choices}
    pairs = []
    for entry in fields.mappings("pairs", least=2, most=8):
        pair = {"id": entry.ident(), "text": texts(entry, "text"), "choice": entry.ident("choice")}
        if pair["choice"] and pair["choice"] not in known:
            entry.problem("choice", _("there is no choice “%(id)s”") % {"id": pair["choice"]})
        entry.done()
        pairs.append(pair)
    unique(fields, pairs, "pairs")
    return {"pairs": pairs, "choices": choices, "why": texts(fields, "why")}


def cloze(fields: Fields) -> dict[str, Any]:
    """`cloze`: a text by language or one piece of code, with gaps written as {{id}}; each is a choice or typed."""
    is_code = fields.data.get("code") is not None
    gaps = [_gap(entry, is_code=is_code) for entry in fields.mappings("gaps", least=1, most=8)]
    unique(fields, gaps, "gaps")
    name = "code" if is_code else "text"
    source = dict.fromkeys(LANGUAGES, fields.text("code")) if is_code else fields.localised("text")
    ids = [gap["id"] for gap in gaps]
    for text in source.values():
        if text and sorted(GAP.findall(text)) != sorted(ids):
            fields.problem(name, _("each gap must stand in the text once as {{id}}, and no other"))
            break
    rendered = {key: html.escape(text.rstrip()) if is_code else render_text(text) for key, text in source.items()}
    if not is_code and any(_is_inside_mark(text) for text in rendered.values()):
        fields.problem(name, _("a gap must not stand inside a link, a formula or code"))
    pieces = {language: _pieces(text) for language, text in rendered.items()}
    return {"gaps": gaps, "code": is_code, "pieces": pieces, "why": texts(fields, "why")}


def _is_inside_mark(rendered: str) -> bool:
    """Whether a gap stands in an element that a field would break."""
    marks = re.findall(r"<[^>]*\{\{[^>]*>|<(?:a|code|span|pre|div)\b[^>]*>[^<]*\{\{", rendered)
    return bool(marks)


def _pieces(rendered: str) -> list[list[str]]:
    """[[HTML, the gap behind it], ...]; the last one has no gap."""
    split = [*GAP.split(rendered), ""]
    return [[split[at], split[at + 1]] for at in range(0, len(split), 2)]


def _gap(fields: Fields, *, is_code: bool) -> dict[str, Any]:
    gap: dict[str, Any] = {"id": fields.ident()}
    if fields.data.get("choices") is None:
        gap["accept"] = _accept(fields, spelling.code if is_code else spelling.words)
    else:
        choices = []
        for entry in fields.mappings("choices", least=2, most=8):
            choices.append({"id": entry.ident(), "right": entry.flag("right"), "text": plain_texts(entry, "text")})
            entry.done()
        unique(fields, choices, "choices")
        if (count := sum(bool(choice["right"]) for choice in choices)) != 1:
            fields.problem("choices", _("exactly one option must be right, here it is %(count)d") % {"count": count})
        gap["choices"] = choices
    fields.done()
    return gap


def _accept(fields: Fields, spelled: Callable[[str], str]) -> dict[str, list[str]]:
    """Accepted answers by language, or one list for all of them."""
    value = fields.take("accept")
    lists = {str(key): value[key] for key in value} if isinstance(value, Lines) else dict.fromkeys(LANGUAGES, value)
    accept = {}
    for language, entries in lists.items():
        words = (
            [str(one) for one in entries if isinstance(one, str) or is_number(one)] if isinstance(entries, list) else []
        )
        if language not in LANGUAGES or not words or not all(spelled(one) and len(one) <= MAX_WORDS for one in words):
            fields.problem("accept", _("“accept” must list the accepted answers, in each language"))
            return {}
        accept[language] = words
    if len(accept) != len(LANGUAGES):
        fields.problem("accept", _("“accept” must list the accepted answers, in each language"))
    return accept


def _listed(
    fields: Fields, name: str, *, least: int, most: int, text: Callable[[Fields, str], dict[str, str]]
) -> list[dict[str, Any]]:
    """Entries of an id and a text."""
    entries = fields.mappings(name, least=least, most=most)
    listed = [{"id": entry.ident(), "text": text(entry, "text")} for entry in entries]
    for entry in entries:
        entry.done()
    unique(fields, listed, name)
    return listed


def texts(fields: Fields, name: str) -> dict[str, str]:
    """A text in every language as sanitised HTML."""
    return {language: render_text(text) for language, text in fields.localised(name).items()}


def plain_texts(fields: Fields, name: str) -> dict[str, str]:
    """A text for a select, which can hold no marks: in every language, or one for all of them."""
    if isinstance(fields.data.get(name), Lines):
        return fields.localised(name, limit=MAX_WORDS)
    return dict.fromkeys(LANGUAGES, fields.text(name, limit=MAX_WORDS))


def unique(fields: Fields, entries: list[dict[str, Any]], name: str) -> None:
    """Note ids that stand twice."""
    ids = [entry["id"] for entry in entries if entry["id"]]
    for repeated in sorted({value for value in ids if ids.count(value) > 1}):
        fields.problem(name, _("the id “%(id)s” stands here twice") % {"id": repeated})


KINDS: dict[str, Callable[[Fields], dict[str, Any]]] = {
    "number": typed_number,
    "text": short_text,
    "order": order,
    "match": match,
    "cloze": cloze,
    "shape": shape,
    "curve": curve,
}
"""Kinds beside the choices among options."""
