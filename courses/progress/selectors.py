"""Why a chapter is not complete: each rule in words, with what was reached and where to go on."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.models import ChapterProgress, Evidence, localised
from courses.progress import rules
from courses.progress.rules import Status
from labs.selectors import lab_card

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class RuleStatus:
    """One rule as pages and API show it. `when` is the time of the latest evidence; `url` leads to what is missing."""

    kind: str
    key: str
    label: str
    detail: str
    reached: int
    needed: int
    passed: bool
    url: str
    when: datetime.datetime | None


class Explainer:
    """Puts rules into words for one learner; asks for each lab once. Two queries a lab, none else."""

    def __init__(self, user: User) -> None:
        self.user = user
        self._cards: dict[str, dict[str, Any]] = {}

    def card(self, slug: str) -> dict[str, Any]:
        """The lab's card, from the first question on without a query."""
        if slug not in self._cards:
            self._cards[slug] = lab_card(self.user, slug)
        return self._cards[slug]

    def explain(self, progress: ChapterProgress, evidence: Iterable[Evidence]) -> list[RuleStatus]:
        """Each rule of a chapter; `progress` with its version, chapter and course, `evidence` what counts."""
        statuses = rules.evaluate(progress.rule, progress.version.outline, evidence)
        return [self._rule(progress, status) for status in statuses]

    def _rule(self, progress: ChapterProgress, status: Status) -> RuleStatus:
        label, detail = getattr(self, f"_{status.kind}")(progress, status)
        return RuleStatus(
            kind=status.kind,
            key=status.key,
            label=label,
            detail=detail,
            reached=status.reached,
            needed=status.needed,
            passed=status.passed,
            url=self._url(progress, status),
            when=status.at,
        )

    def _sections(self, progress: ChapterProgress, status: Status) -> tuple[str, str]:
        label = ngettext("Read %(needed)d section", "Read all %(needed)d sections", status.needed)
        return label % {"needed": status.needed}, _count(status)

    def _guesses(self, progress: ChapterProgress, status: Status) -> tuple[str, str]:
        label = ngettext("Commit %(needed)d guess", "Commit %(needed)d guesses", status.needed)
        return label % {"needed": status.needed}, _count(status)

    def _checks(self, progress: ChapterProgress, status: Status) -> tuple[str, str]:
        label = ngettext("%(needed)d check right", "%(needed)d checks right", status.needed)
        return label % {"needed": status.needed}, _count(status)

    def _widget(self, progress: ChapterProgress, status: Status) -> tuple[str, str]:
        blocks = [block for section in progress.version.outline for block in section["blocks"]]
        titles: dict[str, Any] = next(
            (block["title"] for block in blocks if block["id"] == status.key and "title" in block), {}
        )
        label = _("Reach the goal of “%(title)s”") % {"title": localised(titles) if titles else status.key}
        if not status.passed:
            return label, _("not yet")
        value = status.value.get("value", "")
        return label, _("%(value)s reached") % {"value": value} if value else _("reached")

    def _quiz(self, progress: ChapterProgress, status: Status) -> tuple[str, str]:
        words = {"number": progress.chapter.number, "needed": status.needed}
        label = _("Quiz %(number)d: %(needed)d %% or more") % words
        if status.at is None:
            return label, _("not taken yet")
        best = {"percent": status.reached, "attempt": int(status.value.get("attempt", 1))}
        return label, _("best %(percent)d %%, attempt %(attempt)d") % best

    def _lab(self, progress: ChapterProgress, status: Status) -> tuple[str, str]:
        card = self.card(status.key)
        label = _("Lab %(number)d: %(title)s") % {"number": card["number"], "title": card["title"]}
        return label, _("goal reached") if status.passed else str(card["goal"])

    def _url(self, progress: ChapterProgress, status: Status) -> str:
        chapter, outline = progress.chapter, progress.version.outline
        place = (chapter.course.slug, chapter.slug)
        if status.kind == "quiz":
            return reverse("quiz", args=place)
        if status.kind == "lab":
            run = status.value.get("run")
            return reverse("run", args=[run]) if run else reverse("lab", args=[status.key])
        target = next(iter(status.open), status.key)
        if status.kind == "sections":
            return reverse("section", args=[*place, target]) if target else reverse("chapter", args=place)
        section = rules.section_of(outline, target)
        return f"{reverse('section', args=[*place, section])}#block-{target}" if section else ""


def _count(status: Status) -> str:
    if not status.reached:
        return _("none yet")
    return _("%(reached)d of %(needed)d") % {"reached": min(status.reached, status.needed), "needed": status.needed}


def explain(progress: ChapterProgress) -> list[RuleStatus]:
    """Each rule of the chapter with its evidence. One query, two more a lab, and what `progress` has not loaded yet."""
    return Explainer(progress.user).explain(progress, evidence_of([progress]).get(progress.pk, []))


def evidence_of(rows: Sequence[ChapterProgress]) -> dict[int, list[Evidence]]:
    """Evidence that counts, by progress row. One query, none without rows."""
    found: dict[int, list[Evidence]] = {}
    for fact in Evidence.objects.filter(progress__in=rows, retired_at=None) if rows else ():
        found.setdefault(fact.progress_id, []).append(fact)
    return found


def progress_of(user: User, **filters: Any) -> QuerySet[ChapterProgress]:
    """A learner's own progress rows with version, chapter and course, without the texts of the versions."""
    rows = ChapterProgress.objects.filter(user=user, **filters)
    return rows.select_related("version", "chapter__course").defer(
        "version__body", "version__source", "version__figures"
    )


def rules_of(user: User) -> list[tuple[ChapterProgress, list[RuleStatus]]]:
    """All chapters that a learner has begun, each with its rules. Two queries, and two a lab."""
    rows = list(progress_of(user).order_by("chapter__course__position", "chapter__number"))
    evidence, explainer = evidence_of(rows), Explainer(user)
    return [(row, explainer.explain(row, evidence.get(row.pk, []))) for row in rows]
