"""Pages of those who teach: labs, one lab, its table as CSV, one learner's run."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from labs import results
from labs.catalogue import LABS
from labs.compare.selectors import said
from labs.compare.views import chart_words
from labs.endings import ending_of
from labs.selectors import run_row
from labs.states import State
from labs.teaching import selectors, services
from portal.lib.sheets import BOM, lines

IMPERSONAL = (State.DIVERGED, State.OUT_OF_TIME, State.OUT_OF_MEMORY, State.WORKER_LOST, State.REFUSED)
"""Endings whose words do not speak to the run's owner; those of texts of their own may quote them and are left out."""


def chosen_team(request: HttpRequest) -> int | None:
    """The team in the address; None for all."""
    text = request.GET.get("team", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


@require_safe
@login_required
def teaching(request: HttpRequest) -> HttpResponse:
    """Every lab: who opened, tried, reached and submitted it."""
    taught, rows = selectors.lab_rows(request.user, chosen_team(request))
    return render(request, "labs/teaching/teaching.html", {"taught": taught, "rows": rows})


@require_safe
@login_required
def teaching_lab(request: HttpRequest, slug: str) -> HttpResponse:
    """One lab: where people stand and stall, how runs failed, learner by learner."""
    report = selectors.lab_report(request.user, slug, chosen_team(request))
    context = {
        "report": report,
        "lab": report.lab,
        "taught": report.taught,
        "page": report.page(request.GET.get("page", "1")),
        "team": report.taught.team,
    }
    return render(request, "labs/teaching/lab.html", context)


@require_safe
@login_required
def teaching_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """All learners of a lab's page as CSV."""
    report = selectors.lab_report(request.user, slug, chosen_team(request))
    return HttpResponse(
        BOM + lines(selectors.csv_rows(report)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{slug}-learners.csv"'},
    )


@require_safe
@login_required
def teaching_run(request: HttpRequest, run_id: int) -> HttpResponse:
    """A learner's run, read-only; that somebody looked is written down for the learner."""
    run = selectors.run_of_learner(request.user, run_id)
    if run.owner_id == request.user.pk:
        return redirect("run", run.pk)
    services.look_record(viewer=request.user, run=run)
    look = selectors.run_look(run, request.GET)
    ending = ending_of(run) if run.state in IMPERSONAL and not look.private else None
    outcome = results.outcome(run)
    context = {
        "look": look,
        "run": run,
        "row": run_row(run),
        "said": said(run),
        "lab": LABS.get(run.lab),
        "happened": ending.happened if ending else "",
        "outcome": outcome | {"errors": [], "confusion": {}} if look.private and outcome else outcome,
        "comparison": look.comparison,
        "view": look.comparison.view.but(show=None, whole=False),
        "words": chart_words(),
    }
    return render(request, "labs/teaching/run.html", context)
