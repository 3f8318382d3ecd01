"""What teachers see of labs: managers their teams' learners, authors and administrators everybody. Enforces that."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Q
from django.http import Http404
from django.utils.translation import gettext as _

from labs import selectors as labs
from labs import wording
from labs.assessment.models import Submission
from labs.assessment.states import Standing
from labs.catalogue import LABS
from labs.compare.privacy import private_ids
from labs.compare.selectors import HEAVY, Comparison, compare, last_samples
from labs.compare.view import View
from labs.lab import Lab
from labs.models import LabRecord, Run
from labs.people import Taught, class_of, teaches, team_names
from labs.states import ENDINGS, State
from labs.teaching.models import LabVisit, Look
from labs.teaching.stages import ORDER, Stage, stage_of

PAGE = 50
FAILED = sorted(ENDINGS - {State.FINISHED})
FORECAST = ~Q(forecast={})
PREDICTED = Q(prediction__isnull=False) | FORECAST


@dataclass(kw_only=True)
class Learner:
    """What somebody has done in a lab."""

    pk: int
    name: str = ""
    teams: list[str] = field(default_factory=list)
    attempts: int = 0
    finished: int = 0
    predicted: bool = False
    started: bool = False
    reached_at: datetime.datetime | None = None
    best: Mapping[str, Any] = field(default_factory=dict)
    best_run: int | None = None
    last_run: int | None = None
    active_at: datetime.datetime | None = None
    submissions: int = 0
    score: float | None = None
    error: float | None = None
    """How far the latest prediction was off, relative to what came."""

    @property
    def stage(self) -> Stage:
        """The furthest one."""
        return stage_of(
            predicted=self.predicted,
            ran=self.started,
            finished=bool(self.finished),
            reached=self.reached_at is not None,
            submitted=bool(self.submissions),
        )

    @property
    def best_text(self) -> str:
        """Their best figure as it is written; empty without one."""
        if "figure" not in self.best or self.best["figure"] is None:
            return ""
        measure = wording.measure(self.best["measure"])
        return f"{measure.label} {measure.text(self.best['figure'])}"

    @property
    def error_percent(self) -> float | None:
        """For people."""
        return None if self.error is None else 100 * self.error


@dataclass(frozen=True, kw_only=True)
class Step:
    """A stage and how many stand there; `passed` are those who came at least that far."""

    stage: Stage
    here: int
    passed: int


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An ending, how many runs it took and how many people it met."""

    state: State
    kind: str
    icon: str
    runs: int
    people: int


@dataclass(frozen=True, kw_only=True)
class LabReport:
    """Everything of a lab's page for teachers."""

    lab: Lab
    taught: Taught
    everybody: int
    learners: list[Learner]
    failures: list[Failure]

    @property
    def steps(self) -> list[Step]:
        """Where people stand, stage by stage."""
        here = Counter(learner.stage for learner in self.learners)
        return [
            Step(
                stage=stage,
                here=here[stage],
                passed=sum(count for other, count in here.items() if ORDER[other] >= ORDER[stage]),
            )
            for stage in Stage
        ]

    @property
    def stall(self) -> Stage | None:
        """The stage before the goal at which most stand; None where nobody does."""
        before = [step for step in self.steps if step.here and ORDER[step.stage] < ORDER[Stage.REACHED]]
        return max(before, key=lambda step: step.here).stage if before else None

    @property
    def tried(self) -> int:
        """Learners with a run."""
        return sum(learner.attempts > 0 for learner in self.learners)

    @property
    def attempts(self) -> int:
        """Runs of them all."""
        return sum(learner.attempts for learner in self.learners)

    @property
    def error_percent(self) -> float | None:
        """The median of the latest predictions' errors."""
        errors = [learner.error for learner in self.learners if learner.error is not None]
        return 100 * median(errors) if errors else None

    def page(self, number: str) -> Page[Learner]:
        """A part of the learners."""
        return Paginator(self.learners, PAGE).get_page(number)


def require_teacher(viewer: Any) -> None:
    """Raises PermissionDenied for who teaches nobody."""
    if not teaches(viewer):
        raise PermissionDenied(_("These pages are for managers, authors and administrators."))


def lab_rows(viewer: Any, team_id: int | None) -> tuple[Taught, list[dict[str, Any]]]:
    """A line a lab: who opened it, tried it, reached its goal and submitted, how many runs failed. Seven queries."""
    require_teacher(viewer)
    taught = class_of(viewer, team_id)
    ids = taught.learners.values("pk")
    opened = _by_lab(LabVisit.objects.filter(user__in=ids), people=Count("user"))
    runs = _by_lab(
        Run.objects.filter(owner__in=ids, graded=False),
        people=Count("owner", distinct=True),
        runs=Count("pk"),
        failed=Count("pk", filter=Q(state__in=FAILED)),
    )
    reached = _by_lab(LabRecord.objects.filter(user__in=ids, reached_at__isnull=False), people=Count("user"))
    graded = Submission.objects.filter(owner__in=ids, state=Standing.GRADED)
    submitted = _by_lab(graded, people=Count("owner", distinct=True))
    rows = [
        {
            "lab": lab,
            "opened": max(opened.get(slug, {}).get("people", 0), runs.get(slug, {}).get("people", 0)),
            "tried": runs.get(slug, {}).get("people", 0),
            "attempts": runs.get(slug, {}).get("runs", 0),
            "failed": runs.get(slug, {}).get("failed", 0),
            "reached": reached.get(slug, {}).get("people", 0),
            "submitted": submitted.get(slug, {}).get("people", 0),
        }
        for slug, lab in LABS.items()
    ]
    return taught, rows


def _by_lab(rows: Any, **sums: Any) -> dict[str, dict[str, int]]:
    return {row["lab"]: row for row in rows.order_by().values("lab").annotate(**sums)}


def lab_report(viewer: Any, slug: str, team_id: int | None) -> LabReport:
    """A lab as those who teach see it. Raises Http404, PermissionDenied. Eleven queries."""
    require_teacher(viewer)
    if slug not in LABS:
        raise Http404(slug)
    lab, taught = LABS[slug], class_of(viewer, team_id)
    ids = taught.learners.values("pk")
    found: dict[int, Learner] = {}
    _add_runs(found, lab, ids)
    _add_records(found, lab, ids)
    _add_predictions(found, lab, ids)
    _add_names(found, taught)
    return LabReport(
        lab=lab,
        taught=taught,
        everybody=taught.learners.count(),
        learners=sorted(found.values(), key=lambda one: (ORDER[one.stage], one.name, one.pk)),
        failures=_failures(lab, ids),
    )


def _of(found: dict[int, Learner], pk: int) -> Learner:
    return found.setdefault(pk, Learner(pk=pk))


def _add_runs(found: dict[int, Learner], lab: Lab, ids: Any) -> None:
    """Visits and sums over runs."""
    for pk, opened_at in LabVisit.objects.filter(lab=lab.slug, user__in=ids).values_list("user_id", "opened_at"):
        _of(found, pk).active_at = opened_at
    runs = Run.objects.filter(lab=lab.slug, owner__in=ids, graded=False).order_by().values("owner_id")
    sums = runs.annotate(
        attempts=Count("pk"),
        started=Count("started_at"),
        finished=Count("pk", filter=Q(state=State.FINISHED)),
        predicted=Count("pk", filter=PREDICTED),
        last_run=Max("pk"),
        active_at=Max("created_at"),
    )
    for row in sums:
        one = _of(found, row["owner_id"])
        one.attempts, one.finished, one.last_run = row["attempts"], row["finished"], row["last_run"]
        one.started = bool(row["started"] or row["finished"])
        one.predicted, one.active_at = bool(row["predicted"]), row["active_at"]


def _add_records(found: dict[int, Learner], lab: Lab, ids: Any) -> None:
    """Best measures, goals reached, graded attempts."""
    for record in LabRecord.objects.filter(lab=lab.slug, user__in=ids):
        one = _of(found, record.user_id)
        one.best, one.best_run, one.reached_at = record.best, record.run_id, record.reached_at
    graded = Submission.objects.filter(lab=lab.slug, owner__in=ids, state=Standing.GRADED).order_by()
    for row in graded.values("owner_id").annotate(number=Count("pk"), score=Max("score")):
        one = _of(found, row["owner_id"])
        one.submissions, one.score = row["number"], row["score"]


def _add_predictions(found: dict[int, Learner], lab: Lab, ids: Any) -> None:
    """How far the latest prediction of each was off, where a number was asked for and the row holds what came."""
    asked = lab.prediction
    runs = Run.objects.filter(lab=lab.slug, owner__in=ids, state=State.FINISHED, prediction__isnull=False, graded=False)
    for pk, said, held, measure, figure in runs.order_by("pk").values_list(
        "owner_id", "prediction", "held_out", "measure", "figure"
    ):
        value = held if asked.measure == "loss" else figure if measure == asked.measure else None
        if value and said is not None:
            came = value * wording.measure(asked.measure).scale
            _of(found, pk).error = abs(said - came) / abs(came)


def _add_names(found: dict[int, Learner], taught: Taught) -> None:
    names = dict(taught.learners.filter(pk__in=list(found)).values_list("pk", "display_name"))
    teams = team_names(found, taught.teams)
    for pk, one in found.items():
        one.name, one.teams = names.get(pk, ""), teams.get(pk, [])


def _failures(lab: Lab, ids: Any) -> list[Failure]:
    """Endings without a model, the commonest first. A learner's own stop counts too: many of them say something."""
    runs = Run.objects.filter(lab=lab.slug, owner__in=ids, state__in=FAILED).order_by()
    rows = runs.values("state").annotate(runs=Count("pk"), people=Count("owner", distinct=True))
    return [
        Failure(state=State(row["state"]), kind=kind, icon=icon, runs=row["runs"], people=row["people"])
        for row in sorted(rows, key=lambda row: -row["runs"])
        for kind, icon in [labs.TAGS[row["state"]]]
    ]


# One run


@dataclass(frozen=True, kw_only=True)
class RunLook:
    """A learner's run as their teacher sees it: never the learner's own text, nor what was learnt from it."""

    run: Run
    comparison: Comparison
    samples: Sequence[dict[str, Any]]
    private: bool


def run_of_learner(viewer: Any, run_id: int) -> Run:
    """A run of somebody whom `viewer` teaches. Raises Http404 for any other, PermissionDenied. Two to four queries."""
    require_teacher(viewer)
    runs = Run.objects.filter(pk=run_id, owner__in=class_of(viewer).learners.values("pk")).select_related("owner")
    run = runs.first()
    if run is None:
        raise Http404
    return run


def run_look(run: Run, query: Mapping[str, Any]) -> RunLook:
    """What the page of a learner's run shows. Three queries."""
    private = bool(private_ids([run]))
    corpora = labs.titles(run.owner)
    asked = View.read(query)
    view = View(show=(run.pk,), whole=True, loss=asked.loss, axis=asked.axis, log=asked.log, zoom=asked.zoom)
    own = Run.objects.filter(pk=run.pk).defer(*HEAVY)
    comparison = compare(own, view, corpora, hide_private=True)
    samples = [] if private else last_samples([run])
    return RunLook(run=run, comparison=comparison, samples=samples, private=private)


def looks(run: Run) -> list[Look]:
    """Who has looked at a run, the latest first. One query."""
    return list(Look.objects.filter(run=run).select_related("viewer"))


def csv_rows(report: LabReport) -> Iterable[list[object]]:
    """A lab's learners as a table, heads first."""
    yield [
        _("Learner"),
        _("Team"),
        _("Stage"),
        _("Runs"),
        _("Finished runs"),
        _("Best"),
        _("Goal reached"),
        _("Prediction off, percent"),
        _("Graded attempts"),
        _("Score"),
    ]
    for one in report.learners:
        reached = one.reached_at.date().isoformat() if one.reached_at else None
        error = None if one.error is None else round(100 * one.error, 1)
        yield [
            one.name,
            ", ".join(one.teams),
            str(one.stage.label),
            one.attempts,
            one.finished,
            one.best_text,
            reached,
            error,
            one.submissions,
            one.score,
        ]
