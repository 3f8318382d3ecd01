"""Figures: an allow-list over SVG. What is not on it is named as a problem, and would be dropped all the same."""

from __future__ import annotations

from html.parser import HTMLParser

import nh3
from django.utils.translation import gettext as _

from courses.loading.errors import Report

MAX_FIGURE = 100_000
TAGS = frozenset({"svg", "g", "path", "line", "polyline", "polygon", "circle", "ellipse", "rect", "text", "tspan"})
ATTRIBUTES = frozenset(
    {
        "class",
        "d",
        "dominant-baseline",
        "dx",
        "dy",
        "height",
        "letter-spacing",
        "opacity",
        "points",
        "transform",
        "width",
    }
    | {"cx", "cy", "r", "rx", "ry", "viewBox", "x", "x1", "x2", "xmlns", "y", "y1", "y2"}
    | {"fill", "fill-opacity", "fill-rule", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap"}
    | {"stroke-linejoin", "stroke-opacity", "stroke-width"}
    | {"font-family", "font-size", "font-style", "font-weight", "text-anchor"}
)
COLOURS = frozenset({"currentcolor", "none", "inherit"})


class _Checker(HTMLParser):
    """Names every element, attribute and colour that is not allowed."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report
        self.first = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check one element."""
        line = self.getpos()[0]
        self.first = self.first or tag
        if tag not in TAGS:
            self.report.add(line, _("<%(tag)s> is not allowed in a figure") % {"tag": tag})
        allowed = {name.lower() for name in ATTRIBUTES}
        for name, value in attrs:
            if name not in allowed:
                self.report.add(line, _("attribute %(name)s is not allowed in a figure") % {"name": name})
            elif name in {"fill", "stroke"} and (value or "").lower() not in COLOURS:
                self.report.add(line, _("%(name)s must be currentColor or none: classes give colour") % {"name": name})

    def handle_decl(self, decl: str) -> None:
        """No document types: they can define entities."""
        self.report.add(
            self.getpos()[0], _("<!%(declaration)s> is not allowed in a figure") % {"declaration": decl[:20]}
        )


def figure_svg(source: str, report: Report) -> str:
    """The sanitised SVG, ready to be put into a page. Notes problems."""
    if len(source) > MAX_FIGURE:
        report.add(0, _("larger than %(limit)d characters") % {"limit": MAX_FIGURE})
        return ""
    checker = _Checker(report)
    checker.feed(source)
    checker.close()
    if checker.first != "svg":
        report.add(1, _("not an SVG file"))
        return ""
    return nh3.clean(source, tags=set(TAGS), attributes={"*": set(ATTRIBUTES)}, link_rel=None).strip()
