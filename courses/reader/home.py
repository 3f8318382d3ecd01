"""The learner's home: the staircase, where they stopped, what is open, their latest runs."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from courses.models import Course, Enrolment, Evidence, localised
from courses.progress.rules import block_ids
from courses.progress.selectors import Explainer, RuleStatus, evidence_of
from courses.reader.selectors import Stage, first_course, stages_of
from labs.selectors import recent_runs

if TYPE_CHECKING:
    from portal.accounts.models import User

RUNS = 6


@dataclass(frozen=True, kw_only=True)
class Tread:
    """One chapter on the staircase. `state` is done, now, open or empty."""

    stage: Stage
    state: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Resume:
    """The place to go on."""

    stage: Stage
    section: str
    number: int
    title: str
    lede: str
    minutes: int
    when: datetime.datetime | None


@dataclass(frozen=True, kw_only=True)
class Open:
    """A begun chapter with the rules that are not met."""

    stage: Stage
    rules: list[RuleStatus]


@dataclass(frozen=True, kw_only=True)
class Home:
    """Everything on the page; `course` is None while nothing is published."""

    course: Course | None = None
    treads: list[Tread] = field(default_factory=list)
    resume: Resume | None = None
    open: list[Open] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    lab: dict[str, Any] | None = None
    finished: bool = False
    begun: bool = False


def home_of(user: User) -> Home:
    """The home of a learner. Six queries, and two for each lab named in a begun chapter or beside “continue”."""
    runs, course = recent_runs(user, RUNS), first_course()
    if course is None:
        return Home(runs=runs)
    stages = stages_of(user, course.slug)
    rows = [stage.progress for stage in stages if stage.progress]
    evidence, explainer = evidence_of(rows), Explainer(user)
    found = {
        stage.chapter.pk: explainer.explain(stage.progress, evidence.get(stage.progress.pk, []))
        for stage in stages
        if stage.progress
    }
    enrolment = Enrolment.objects.filter(user=user, course=course).first()
    here = _here(stages, enrolment)
    finished = all(stage.complete for stage in stages)
    return Home(
        course=course,
        treads=[_tread(stage, found.get(stage.chapter.pk, []), here) for stage in stages],
        resume=None if finished else _resume(here, enrolment, _facts(evidence, here)),
        open=[Open(stage=stage, rules=todo) for stage in stages if (todo := _unmet(found.get(stage.chapter.pk, [])))],
        runs=runs,
        lab=explainer.card(here.chapter.labs[0]) if here.chapter.labs and not finished else None,
        finished=finished,
        begun=bool(rows),
    )


def _here(stages: list[Stage], enrolment: Enrolment | None) -> Stage:
    """Where the learner stopped, unless that is complete; else the first chapter that is not."""
    last = next((s for s in stages if enrolment and s.chapter.pk == enrolment.last_chapter_id), None)
    if last is not None and not last.complete:
        return last
    return next((stage for stage in stages if not stage.complete), stages[-1])


def _facts(evidence: dict[int, list[Evidence]], stage: Stage) -> set[str]:
    rows = evidence.get(stage.progress.pk, []) if stage.progress else []
    return {fact.key for fact in rows if fact.kind == "section"}


def _resume(stage: Stage, enrolment: Enrolment | None, read: set[str]) -> Resume:
    """The section where the learner stopped, else the first that they have not read."""
    outline = stage.version.outline
    ids = block_ids(outline, "section")
    stopped = enrolment is not None and enrolment.last_chapter_id == stage.chapter.pk
    last = enrolment.last_section if enrolment and stopped else ""
    section = last if last in ids else next((one for one in ids if one not in read), ids[0])
    index = ids.index(section)
    left = sum(entry["weight"] for entry in outline if entry["id"] not in read)
    return Resume(
        stage=stage,
        section=section,
        number=index + 1,
        title=str(localised(outline[index]["title"])),
        lede=str(localised(outline[index]["lede"])),
        minutes=max(1, round(left * stage.chapter.minutes)) if left else 0,
        when=enrolment.last_activity_at if enrolment and stopped else None,
    )


def _unmet(rules: list[RuleStatus]) -> list[RuleStatus]:
    return [rule for rule in rules if not rule.passed]


def _tread(stage: Stage, rules: list[RuleStatus], here: Stage) -> Tread:
    """One tread, with what keeps it open."""
    if stage.complete:
        return Tread(stage=stage, state="done")
    unmet = {rule.kind for rule in _unmet(rules)}
    note = ""
    if unmet and "sections" not in unmet:
        only = next(iter(unmet)) if len(unmet) == 1 else ""
        notes = {"quiz": _("quiz to pass"), "lab": _("lab to do"), "checks": _("checks to answer")}
        note = notes.get(only, _("almost complete"))
    elif rules:
        total = len(stage.version.outline)
        read = stage.progress.sections_read if stage.progress else 0
        note = _("%(read)d of %(total)d sections read") % {"read": read, "total": total}
    state = "now" if stage is here and stage.progress else "open" if stage.progress else ""
    return Tread(stage=stage, state=state, note=note)
