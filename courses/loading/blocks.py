"""The interactive blocks of a chapter: fenced YAML, checked and compiled to what the reader's templates show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.staticfiles import finders
from django.utils.translation import gettext as _

from courses.loading.errors import Report
from courses.loading.fields import ID, Fields
from courses.loading.markdown import render_text
from courses.loading.svg import figure_svg
from courses.loading.yamls import parse_yaml
from labs.selectors import lab_slugs

Part = dict[str, Any]
MAX_DATA = 20_000


@dataclass
class Context:
    """What blocks may refer to, and the figures of the chapter already made safe."""

    figures: Mapping[str, str]
    folder: str = ""
    svgs: dict[str, str] = field(default_factory=dict)

    def svg(self, name: str, report: Report) -> str:
        """The figure `name`; each file is checked once."""
        if name not in self.svgs:
            self.svgs[name] = figure_svg(self.figures[name], report.of(f"{self.folder}figures/{name}"))
        return self.svgs[name]


def _guess(fields: Fields, _context: Context) -> Part:
    return {
        "id": fields.ident(),
        "prompt": render_text(fields.text("prompt")),
        "unit": fields.text("unit", required=False, limit=20),
        "answer": fields.number("answer", low=-1e12, high=1e12),
        "close": fields.number("close", low=0, high=1e12),
        "reveal": render_text(fields.text("reveal")),
    }


def _check(fields: Fields, _context: Context) -> Part:
    part: Part = {"id": fields.ident(), "prompt": render_text(fields.text("prompt"))}
    options = fields.mappings("options", least=2, most=6)
    part["options"] = [
        {
            "text": render_text(option.text("text", limit=600)),
            "right": option.flag("right"),
            "why": render_text(option.text("why")),
        }
        for option in options
    ]
    for option in options:
        option.done()
    right = sum(option["right"] for option in part["options"])
    if options and right != 1:
        fields.problem("options", _("exactly one option must be right, here it is %(count)d") % {"count": right})
    return part


def _widget(fields: Fields, _context: Context) -> Part:
    name = fields.ident("name")
    if not ID.fullmatch(name) or not finders.find(f"js/widgets/{name}.js"):
        fields.problem("name", _("there is no widget “%(name)s”") % {"name": name})
    data = fields.json("data")
    if len(str(data)) > MAX_DATA:
        fields.problem("data", _("“data” is larger than %(limit)d characters") % {"limit": MAX_DATA})
    return {
        "id": fields.ident("id", default=name),
        "name": name,
        "title": render_text(fields.text("title", limit=200)),
        "goal": render_text(fields.text("goal", limit=400)),
        "done": render_text(fields.text("done", limit=400)),
        "data": data,
    }


def _figure(fields: Fields, context: Context) -> Part:
    src = fields.text("src")
    if src and src not in context.figures:
        fields.problem("src", _("there is no file figures/%(name)s") % {"name": src})
    svg = context.svg(src, fields.report) if src in context.figures else ""
    caption = render_text(fields.text("caption", required=False))
    return {"src": src, "alt": fields.text("alt", limit=1000), "caption": caption, "svg": svg}


def _lab(fields: Fields, _context: Context) -> Part:
    slug = fields.ident("slug")
    if slug and slug not in lab_slugs():
        fields.problem("slug", _("there is no lab “%(name)s”") % {"name": slug})
    return {"id": slug}


KINDS: dict[str, Callable[[Fields, Context], Part]] = {
    "guess": _guess,
    "check": _check,
    "widget": _widget,
    "figure": _figure,
    "lab": _lab,
}


def compile_block(kind: str, text: str, *, before: int, report: Report, context: Context) -> Part | None:
    """One block whose YAML stands after `before` lines of its file; None when it cannot be read at all."""
    data = parse_yaml(text, report, before=before)
    if data is None:
        return None
    fields = Fields(data, report)
    part = KINDS[kind](fields, context)
    fields.done()
    return {"kind": kind} | part
