"""Parts of a section as templates show them. The key of a guess or check is copied only when it has been earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from courses.models import Evidence
from courses.quizzes.grading import read_numbers

Facts = Mapping[tuple[str, str], Evidence]
TONES = {"note": "", "tip": "good", "warning": "warn", "key": "info"}
"""Class of each callout."""
ICONS = {"note": "info", "tip": "check", "warning": "warning", "key": "key"}
KEPT = {
    "html": ("html", "tag"),
    "note": ("title", "html"),
    "figure": ("svg", "alt", "caption"),
    "guess": ("id", "prompt", "unit"),
    "check": ("id", "prompt"),
    "widget": ("id", "name", "title", "goal", "done", "data"),
    "lab": ("id",),
}
"""What of a part goes to the page whatever happened; everything else is a key or unknown."""
MAX_TYPED = 40


@dataclass(frozen=True)
class Typed:
    """A form that was refused: what was typed into which block, and why it was refused."""

    key: str
    value: str
    error: str


@dataclass(frozen=True)
class Shown:
    """One part of a section on the page."""

    kind: str
    index: int
    facts: dict[str, Any] = field(default_factory=dict)
    other: str = ""
    """The same paragraph in the other language, for the peek."""

    @property
    def template(self) -> str:
        """The fragment that shows it."""
        return f"reader/_{self.kind}.html"

    @property
    def name(self) -> str:
        """How the list "on this page" calls it."""
        if self.kind == "widget":
            return strip_tags(self.facts["title"])
        if self.kind == "lab" and self.facts["card"]:
            return _("Lab %(number)d") % {"number": self.facts["card"]["number"]}
        return _("Check")

    @property
    def anchor(self) -> str:
        """The id of the block on the page."""
        return f"block-{self.facts['id']}" if "id" in self.facts else ""


def show_parts(
    parts: Sequence[Mapping[str, Any]],
    *,
    facts: Facts | None = None,
    others: Sequence[Mapping[str, Any]] = (),
    typed: Typed | None = None,
    cards: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Shown]:
    """All parts of a section. `others` are the parts in the other language, paired only when they match one by one."""
    paired = [part["kind"] for part in parts] == [part["kind"] for part in others]
    shown = []
    for index, part in enumerate(parts):
        other = others[index]["html"] if paired and part.get("tag") == "p" and others[index].get("tag") == "p" else ""
        shown.append(show_part(part, index=index, facts=facts or {}, typed=typed, cards=cards or {}, other=other))
    return shown


def show_part(
    part: Mapping[str, Any],
    *,
    index: int = 0,
    facts: Facts,
    typed: Typed | None = None,
    cards: Mapping[str, Mapping[str, Any]] | None = None,
    other: str = "",
) -> Shown:
    """One part, with what its reader has done with it."""
    kind = part["kind"]
    kept = {name: part[name] for name in KEPT[kind]}
    fact = facts.get((kind, part.get("id", "")))
    if kind == "note":
        kept |= {"tone": TONES[part["tone"]], "icon": ICONS[part["tone"]]}
    elif kind == "guess":
        kept |= _guess(part, fact)
    elif kind == "check":
        kept |= _check(part, fact)
    elif kind == "widget":
        kept["reached"] = bool(fact and fact.passed)
    elif kind == "lab":
        kept["card"] = (cards or {}).get(part["id"])
    if typed is not None and typed.key == part.get("id"):
        kept |= {"typed": typed.value, "error": typed.error}
    return Shown(kind, index, kept, other)


def read_guess(part: Mapping[str, Any], text: str) -> float | None:
    """The number that was typed, in whatever script; of two readings the one nearer to the answer. None: no number."""
    readings = read_numbers(text[:MAX_TYPED], [part["unit"], "%"])
    return min(readings, key=lambda value: abs(value - part["answer"]), default=None)


def guess_value(part: Mapping[str, Any], guessed: float, text: str) -> dict[str, Any]:
    """What is kept of a guess."""
    off = abs(guessed - part["answer"])
    return {"value": guessed, "text": text.strip()[:MAX_TYPED], "off": round(off, 6), "close": off <= part["close"]}


def _guess(part: Mapping[str, Any], fact: Evidence | None) -> dict[str, Any]:
    if fact is None:
        return {"said": None}
    off = abs(fact.value["value"] - part["answer"])
    return {
        "said": plain_number(fact.value["value"]),
        "answer": plain_number(part["answer"]),
        "off": plain_number(off),
        "close": off <= part["close"],
        "reveal": part["reveal"],
    }


def _check(part: Mapping[str, Any], fact: Evidence | None) -> dict[str, Any]:
    chosen = fact.value.get("choice") if fact else None
    options = part["options"]
    if chosen is None or not 0 <= chosen < len(options):
        return {"options": [{"text": option["text"]} for option in options], "chosen": None, "right": False}
    right = bool(options[chosen]["right"])
    return {
        "options": [
            {"text": option["text"], "chosen": index == chosen, "why": option["why"] if right else ""}
            for index, option in enumerate(options)
        ],
        "chosen": chosen,
        "right": right,
        "why": options[chosen]["why"],
    }


def plain_number(value: float) -> str:
    """A number as people write it: no exponent, no trailing zeros, at most four decimals."""
    return f"{value:,.4f}".rstrip("0").rstrip(".").replace(",", "") or "0"
