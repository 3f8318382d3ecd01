"""Report cards, and what is done on them: hand a recipe in, answer its questions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from labs import presenters
from labs.assessment import grading, services
from labs.assessment.markdown import markdown
from labs.assessment.panel import handing_in
from labs.assessment.report import card
from labs.assessment.selectors import submission_get
from labs.models import Run
from labs.selectors import lab_card, run_get
from portal.lib.errors import UserError


@require_safe
@login_required
def run_report(request: HttpRequest, run_id: int) -> HttpResponse:
    """The report card of one's own run, graded or not."""
    return report_page(request, run_get(request.user, run_id))


def report_page(
    request: HttpRequest, run: Run, problem: UserError | None = None, typed: Mapping[str, str] | None = None
) -> HttpResponse:
    """The page of a card, also with what is wrong in a form that came in."""
    found = card(request.user, run, typed, problem.fields if problem else None)
    context = {
        "run": run,
        "lab": found.lab,
        "report": found,
        "handing": handing_in(request.user, found.lab, run),
        "stairs": presenters.stairs(run),
        "card": lab_card(request.user, run.lab),
        "token": uuid.uuid4().hex,
        "problem": problem,
        "pass": f"{grading.PASS:.0f}",
    }
    return render(request, "labs/run_report.html", context, status=problem.status if problem else 200)


@require_safe
@login_required
def run_report_markdown(request: HttpRequest, run_id: int) -> HttpResponse:
    """The same as a file."""
    run = run_get(request.user, run_id)
    name = f'attachment; filename="run-{run.pk}.md"'
    text = markdown(card(request.user, run))
    return HttpResponse(text, content_type="text/markdown; charset=utf-8", headers={"Content-Disposition": name})


@require_POST
@login_required
def submission_create(request: HttpRequest, run_id: int) -> HttpResponse:
    """Hand in the recipe of a finished run; the page of the graded run follows it. Errors stand on the card."""
    try:
        made = services.submission_create(
            owner=request.user, run_id=run_id, idempotency_key=request.POST.get("token", "")
        )
    except UserError as error:
        return report_page(request, run_get(request.user, run_id), error)
    return redirect("run", made.run_id) if made.run_id else redirect("run-report", run_id)


@require_POST
@login_required
def submission_answer(request: HttpRequest, submission_id: int) -> HttpResponse:
    """Grade an attempt by its answers; 422 with errors beside the questions."""
    answers = posted_answers(request.POST)
    try:
        done = services.submission_answer(owner=request.user, submission_id=submission_id, answers=answers)
    except UserError as error:
        found = submission_get(request.user, submission_id)
        return report_page(request, run_get(request.user, found.run_id or 0), error, answers)
    return redirect(f"{reverse('run-report', args=[done.run_id])}#score") if done.run_id else redirect("run-list")


def posted_answers(posted: Mapping[str, Any]) -> dict[str, str]:
    """Answers by place of the question."""
    return {name.removeprefix("answer-"): str(posted[name]) for name in posted if name.startswith("answer-")}
