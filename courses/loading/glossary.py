"""The terms of a course, `glossary.yaml`: both languages side by side, each with the section that introduces it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from courses.loading.fields import Fields

MAX_TERMS = 2_000


def read_terms(fields: Fields, places: Collection[str]) -> list[dict[str, Any]]:
    """The terms in file order: id, section ("chapter/section"), term and text by language, and whether to mark them.

    `places` are the sections that there are. Problems are noted in the report of `fields`.
    """
    terms = []
    seen: set[str] = set()
    for entry in fields.mappings("terms", least=1, most=MAX_TERMS):
        name, section = entry.ident(), entry.text("section", limit=200)
        if name in seen:
            entry.problem("id", _("“%(name)s” stands here twice") % {"name": name})
        seen.add(name)
        if section and section not in places:
            entry.problem("section", _("there is no section “%(name)s”") % {"name": section})
        term, text = entry.localised("term", limit=100), entry.localised("text", limit=1000)
        marked = entry.flag("mark", default=True)
        terms.append({"id": name, "section": section, "term": term, "text": text, "mark": marked})
        entry.done()
    fields.done()
    return terms
