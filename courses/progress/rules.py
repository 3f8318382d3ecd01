"""A chapter's rule and a learner's evidence to statuses and a percentage. Pure functions, no database.

A frozen rule is what ChapterProgress.rule keeps: {"sections": [ids], "guesses", "checks", "widgets": [ids],
"quiz": percent or 0, "labs": [slugs]}.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Outline = Sequence[Mapping[str, Any]]
Rule = dict[str, Any]
BIG_STEP = 3
"""A quiz or a lab counts as much for the percentage as this many sections."""


class Fact(Protocol):
    """What is read of an Evidence row."""

    kind: str
    key: str
    value: Any
    passed: bool
    updated_at: datetime.datetime


@dataclass(frozen=True, kw_only=True)
class Status:
    """One rule. `kind` is sections, guesses, checks, widget, quiz or lab; `key` names a widget or lab."""

    kind: str
    key: str = ""
    reached: int
    needed: int
    open: tuple[str, ...] = ()
    """Ids that would still count, in reading order."""
    at: datetime.datetime | None = None
    """When the latest evidence came."""
    value: Mapping[str, Any] = field(default_factory=dict)
    """The latest evidence itself."""

    @property
    def passed(self) -> bool:
        """Whether the rule is met."""
        return self.reached >= self.needed

    @property
    def steps(self) -> int:
        """Weight in the percentage."""
        return self.needed if self.kind in COUNTED else BIG_STEP if self.kind in {"quiz", "lab"} else 1

    @property
    def steps_done(self) -> int:
        """Part of `steps` that is done."""
        return min(self.reached, self.needed) if self.kind in COUNTED else self.steps if self.passed else 0


COUNTED = {"sections": "section", "guesses": "guess", "checks": "check"}
"""Rules that count evidence, with the kind of evidence that they count."""


def block_ids(outline: Outline, kind: str) -> list[str]:
    """Ids of the sections, or of the blocks of a kind, in reading order."""
    if kind == "section":
        return [section["id"] for section in outline]
    return [block["id"] for section in outline for block in section["blocks"] if block["kind"] == kind]


def section_of(outline: Outline, block: str) -> str:
    """The section in which a block stands, or "" when it is gone."""
    return next((s["id"] for s in outline if any(found["id"] == block for found in s["blocks"])), "")


def freeze(rule: Mapping[str, Any], outline: Outline) -> Rule:
    """The rule that applies to somebody who begins now: "all" sections become those of this version."""
    known = block_ids(outline, "section")
    chosen = rule.get("sections", "all")
    return {
        "sections": known if chosen == "all" else list(chosen),
        "guesses": rule.get("guesses", 0),
        "checks": rule.get("checks", 0),
        "widgets": list(rule.get("widgets", [])),
        "quiz": rule.get("quiz", 0),
        "labs": list(rule.get("labs", [])),
    }


def evaluate(rule: Mapping[str, Any], outline: Outline, evidence: Iterable[Fact]) -> list[Status]:
    """Each rule with what was reached, in the order in which a learner meets them."""
    facts = {(fact.kind, fact.key): fact for fact in evidence}
    statuses = [_counted("sections", rule["sections"], len(rule["sections"]), facts)]
    statuses.append(_counted("guesses", block_ids(outline, "guess"), rule["guesses"], facts))
    statuses += [_single("widget", key, facts) for key in rule["widgets"]]
    statuses.append(_counted("checks", block_ids(outline, "check"), rule["checks"], facts))
    if rule["quiz"]:
        statuses.append(_quiz(rule["quiz"], facts))
    statuses += [_single("lab", key, facts) for key in rule["labs"]]
    return [status for status in statuses if status.needed]


def percent(statuses: Sequence[Status]) -> int:
    """How much is done, 0 to 100; 100 only when every rule is met."""
    total = sum(status.steps for status in statuses)
    if not total or all(status.passed for status in statuses):
        return 100
    return min(99, 100 * sum(status.steps_done for status in statuses) // total)


def complete(statuses: Sequence[Status]) -> bool:
    """Whether every rule is met."""
    return all(status.passed for status in statuses)


def fits(rule: Mapping[str, Any], outline: Outline, evidence: Iterable[Fact]) -> bool:
    """Whether a learner can go on in `outline` with this rule and lose nothing: all that the rule asks for and all
    that they reached is still there."""
    known = {kind: set(block_ids(outline, kind)) for kind in ("section", "guess", "check", "widget")}
    asked = set(rule["sections"]) <= known["section"] and set(rule["widgets"]) <= known["widget"]
    enough = rule["guesses"] <= len(known["guess"]) and rule["checks"] <= len(known["check"])
    return asked and enough and all(fact.key in known.get(fact.kind, {fact.key}) for fact in evidence)


def changed_sections(before: Outline, after: Outline) -> set[str]:
    """Ids of sections of `after` that are new or read differently than in `before`."""
    known = {section["id"]: section["hash"] for section in before}
    return {section["id"] for section in after if known.get(section["id"]) != section["hash"]}


def _counted(kind: str, keys: Sequence[str], needed: int, facts: Mapping[tuple[str, str], Fact]) -> Status:
    found = {key: fact for key in keys if (fact := facts.get((COUNTED[kind], key))) and fact.passed}
    latest = max(found.values(), key=lambda fact: fact.updated_at, default=None)
    return Status(
        kind=kind,
        reached=len(found),
        needed=needed,
        open=tuple(key for key in keys if key not in found),
        at=latest.updated_at if latest else None,
        value=latest.value if latest else {},
    )


def _single(kind: str, key: str, facts: Mapping[tuple[str, str], Fact]) -> Status:
    fact = facts.get((kind, key))
    passed = bool(fact and fact.passed)
    return Status(
        kind=kind,
        key=key,
        reached=int(passed),
        needed=1,
        open=() if passed else (key,),
        at=fact.updated_at if fact else None,
        value=fact.value if fact else {},
    )


def _quiz(needed: int, facts: Mapping[tuple[str, str], Fact]) -> Status:
    fact = next((fact for (kind, _key), fact in facts.items() if kind == "quiz"), None)
    return Status(
        kind="quiz",
        reached=int(fact.value.get("percent", 0)) if fact else 0,
        needed=needed,
        at=fact.updated_at if fact else None,
        value=fact.value if fact else {},
    )
