"""What completes a chapter, as its author writes it: checked against what the chapter has."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from courses.loading.fields import Fields
from courses.loading.sections import Section
from labs.selectors import lab_slugs


def compile_rule(fields: Fields, sections: list[Section], *, has_quiz: bool) -> dict[str, Any]:
    """{"sections": "all" | [ids], "guesses", "checks", "widgets": [ids], "quiz": percent or 0, "labs": [slugs]}."""
    blocks = [block for section in sections for block in section.blocks()]
    counts = {kind: sum(1 for found, _id in blocks if found == kind) for kind in ("guess", "check")}
    rule: dict[str, Any] = {"sections": _sections(fields, {section.id for section in sections})}
    for name, kind in (("guesses", "guess"), ("checks", "check")):
        rule[name] = fields.integer(name, low=0, high=1000, default=0)
        if rule[name] > counts[kind]:
            words = {"field": name, "needed": rule[name], "count": counts[kind]}
            fields.problem(name, _("“%(field)s” asks for %(needed)d, the chapter has %(count)d") % words)
    rule["widgets"] = fields.words("widgets")
    for name in rule["widgets"]:
        if ("widget", name) not in blocks:
            fields.problem("widgets", _("the chapter has no widget “%(name)s”") % {"name": name})
    rule["quiz"] = fields.integer("quiz", low=0, high=100, default=0)
    if rule["quiz"] and not has_quiz:
        fields.problem("quiz", _("the rule asks for a quiz, the chapter has none"))
    rule["labs"] = fields.words("labs")
    for name in rule["labs"]:
        if name not in lab_slugs():
            fields.problem("labs", _("there is no lab “%(name)s”") % {"name": name})
    fields.done()
    return rule


def _sections(fields: Fields, known: set[str]) -> Any:
    if fields.data.get("sections", "all") == "all":
        fields.take("sections")
        return "all"
    chosen = fields.words("sections")
    for name in chosen:
        if name not in known:
            fields.problem("sections", _("there is no section “%(id)s” in this chapter") % {"id": name})
    return chosen
