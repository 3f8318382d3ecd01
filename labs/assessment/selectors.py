"""What pages read of graded attempts. Every function takes the person and enforces what they may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.shortcuts import get_object_or_404

from labs.assessment import predictions
from labs.assessment.models import Submission, SubmissionQuerySet
from labs.assessment.rules import NOT_COUNTED
from labs.figures import figure
from labs.lab import Lab
from labs.models import Run
from labs.results import predicted
from labs.states import State

NEWEST_RUNS = 40
"""Among which one's runs of a lab's presets are looked for."""
OWN = frozenset({"seed", "data_seed", "prompts", "threads", "base"})
"""Fields in which a run may differ from the preset that it is of."""


def submission_get(user: Any, submission_id: int) -> Submission:
    """One's own attempt with its run. Raises Http404 for any other. One query."""
    rows = Submission.objects.for_user(user).select_related("run")
    return get_object_or_404(rows, pk=submission_id)


def submissions(user: Any, lab: str) -> SubmissionQuerySet:
    """One's own attempts at a lab, newest first, without what is large of their runs."""
    rows = Submission.objects.for_user(user).filter(lab=lab).select_related("run")
    return rows.defer("run__curve", "run__samples", "run__info")


def attempts_used(user: Any, lab: str) -> int:
    """Attempts that count. One query."""
    return Submission.objects.for_user(user).filter(lab=lab).exclude(run__state__in=NOT_COUNTED).count()


def submission_of(run: Run) -> Submission | None:
    """The attempt that a graded run was trained for. One query at most."""
    return Submission.objects.filter(run_id=run.pk).first() if run.graded else None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A prediction beside what came."""

    committed: bool
    closeness: float | None
    """0 to 1; None while there is nothing to compare."""
    missing: tuple[str, ...] = ()
    """Of a ranking of presets, those that the learner has not run."""
    order: tuple[str, ...] = ()
    """Of a ranking, what came, first to last."""


def verdict(user: Any, lab: Lab, run: Run) -> Verdict:
    """How close the prediction of a run came. No query; for a ranking of presets one, and one a preset."""
    kind = run.forecast.get("kind", "")
    said = predictions.committed(run.prediction, run.forecast)
    if kind == "ranking":
        return _ranked(user, lab, run)
    if run.state != State.FINISHED:
        return Verdict(committed=said, closeness=None)
    if kind == "curve":
        held = run.curve.get("held_out", {})
        return Verdict(committed=said, closeness=predictions.of_curve(run.forecast["points"], held, run.steps))
    guess, came = predicted(lab, run)
    found = None if guess is None or came is None else predictions.of_number(lab.prediction.measure, guess, came)
    return Verdict(committed=said, closeness=found)


def _ranked(user: Any, lab: Lab, run: Run) -> Verdict:
    asked, order = lab.prediction, [name for name in run.forecast["order"] if name in lab.prediction.items]
    came = outcomes(user, lab, run)
    sign = 1 if asked.lowest_first else -1
    return Verdict(
        committed=True,
        closeness=predictions.of_ranking(order, came, lowest_first=asked.lowest_first),
        missing=tuple(name for name in order if name not in came),
        order=tuple(sorted(came, key=lambda name: sign * came[name])),
    )


def outcomes(user: Any, lab: Lab, run: Run) -> Mapping[str, float]:
    """The measured figure of each item of a lab's ranking that has one."""
    asked = lab.prediction
    if asked.rank == "slices":
        found = {name: figure(run, asked.measure, name) for name in asked.items}
    else:
        found = {name: figure(mine, asked.measure, asked.slice) for name, mine in _runs_of_presets(user, lab).items()}
    return {name: value for name, value in found.items() if value is not None}


def _runs_of_presets(user: Any, lab: Lab) -> dict[str, Run]:
    """One's newest finished run of each preset that the lab's ranking orders."""
    rows = Run.objects.for_user(user).filter(lab=lab.slug, state=State.FINISHED, graded=False)
    specs = list(rows.values_list("pk", "spec")[:NEWEST_RUNS])
    chosen: dict[str, int] = {}
    for name in lab.prediction.items:
        wanted = _compared(lab.preset_named(name).spec.to_dict())
        if found := next((pk for pk, spec in specs if _compared(spec) == wanted), None):
            chosen[name] = found
    found_runs = Run.objects.defer("samples").in_bulk(list(chosen.values()))
    return {name: found_runs[pk] for name, pk in chosen.items() if pk in found_runs}


def _compared(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name not in OWN}
