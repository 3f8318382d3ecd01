"""Takes fields out of a YAML mapping and notes every problem with its line. Used by blocks, quizzes and settings."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from courses.loading.errors import Report
from courses.loading.yamls import Lines
from courses.models import LANGUAGES
from portal.lib.words import listing

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_TEXT = 4_000


def is_number(value: Any) -> bool:
    """An int or a finite float; not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


class Fields:
    """One mapping. Each method returns a usable value even when it notes a problem; call `done` last."""

    def __init__(self, data: Lines, report: Report) -> None:
        self.data, self.report = data, report
        self.known: set[str] = set()

    def take(self, name: str) -> Any:
        """The raw value, or None."""
        self.known.add(name)
        return self.data.get(name)

    def problem(self, name: str, reason: str) -> None:
        """Note a problem at the line of field `name`."""
        self.report.add(self.data.at(name), reason)

    def text(self, name: str, *, required: bool = True, limit: int = MAX_TEXT) -> str:
        """A string; a number is taken as it was written in most cases, so it counts as one."""
        value = self.take(name)
        if is_number(value):
            value = str(value)
        if value is None or value == "":
            if required:
                self.problem(name, _("“%(field)s” is missing") % {"field": name})
            return ""
        if not isinstance(value, str):
            self.problem(name, _("“%(field)s” must be text") % {"field": name})
            return ""
        if len(value) > limit:
            self.problem(name, _("“%(field)s” is longer than %(limit)d characters") % {"field": name, "limit": limit})
        return value

    def ident(self, name: str = "id", default: str = "") -> str:
        """An id: lower-case words joined by hyphens."""
        value = self.text(name, required=not default) or default
        if value and not (ID.fullmatch(value) and len(value) <= 60):
            self.problem(name, _("“%(value)s” is not an id: use a-z, 0-9 and hyphens") % {"value": value})
        return value

    def number(self, name: str, *, low: float, high: float, default: float | None = None) -> float:
        """A number between `low` and `high`, both included."""
        value = self.take(name)
        if value is None and default is not None:
            return default
        if not is_number(value):
            self.problem(name, _("“%(field)s” must be a number") % {"field": name})
            return default if default is not None else low
        if not low <= value <= high:
            value = default if default is not None else low  # also what no float can hold
            bounds = {"field": name, "low": f"{low:g}", "high": f"{high:g}"}
            self.problem(name, _("“%(field)s” must lie between %(low)s and %(high)s") % bounds)
        return float(value)

    def integer(self, name: str, *, low: int, high: int, default: int | None = None) -> int:
        """A whole number between `low` and `high`, both included."""
        value = self.number(name, low=low, high=high, default=default)
        if value != int(value):
            self.problem(name, _("“%(field)s” must be a whole number") % {"field": name})
        return int(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """true or false."""
        value = self.take(name)
        if value is not None and not isinstance(value, bool):
            self.problem(name, _("“%(field)s” must be true or false") % {"field": name})
        return bool(default if value is None else value)

    def one_of(self, name: str, allowed: Sequence[str]) -> str:
        """One of the words in `allowed`."""
        value = self.text(name)
        if value and value not in allowed:
            self.problem(
                name,
                _("“%(value)s” is unknown: use one of %(allowed)s") % {"value": value, "allowed": listing(allowed)},
            )
            return allowed[0]
        return value or allowed[0]

    def words(self, name: str) -> list[str]:
        """A list of ids, empty when the field is missing."""
        value = self.take(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.problem(name, _("“%(field)s” must be a list of ids") % {"field": name})
            return []
        if len(set(value)) != len(value):
            self.problem(name, _("“%(field)s” names something twice") % {"field": name})
        return list(value)

    def mappings(self, name: str, *, least: int, most: int) -> list[Fields]:
        """A list of mappings, `least` to `most` of them."""
        value = self.take(name)
        if not isinstance(value, list) or not all(isinstance(item, Lines) for item in value):
            self.problem(name, _("“%(field)s” must be a list") % {"field": name})
            return []
        if not least <= len(value) <= most:
            bounds = {"field": name, "least": least, "most": most}
            self.problem(name, _("“%(field)s” must have %(least)d to %(most)d entries") % bounds)
        return [Fields(item, self.report) for item in value]

    def localised(self, name: str, *, required: bool = True, limit: int = MAX_TEXT) -> dict[str, str]:
        """The same text in every language: {"en": ..., "zh-hans": ...}."""
        value = self.take(name)
        if value is None and not required:
            return {}
        if not isinstance(value, Lines):
            self.problem(name, _("“%(field)s” must be given in each language") % {"field": name})
            return {}
        inner = Fields(value, self.report)
        result = {language: inner.text(language, required=required, limit=limit) for language in LANGUAGES}
        inner.done()
        return result

    def json(self, name: str) -> Any:
        """Anything that JSON can carry."""
        value = self.take(name)
        try:
            return json.loads(json.dumps({} if value is None else value, allow_nan=False))
        except (TypeError, ValueError):
            self.problem(name, _("“%(field)s” must be plain data: text, numbers, lists, fields") % {"field": name})
            return {}

    def done(self) -> None:
        """Note every field that nobody asked for: most likely a misspelling."""
        for name in self.data:
            if name not in self.known:
                self.problem(name, _("“%(field)s” is not a field here") % {"field": name})
