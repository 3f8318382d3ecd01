"""Pages of managers: their team, one learner, the table as CSV."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses.reports import export, learners, selectors, services
from portal.lib.numbers import whole

if TYPE_CHECKING:
    from portal.accounts.models import User


def person(request: HttpRequest) -> User:
    """The signed-in person; the views below all require one."""
    return cast("User", request.user)


@require_safe
@login_required
def team(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Figures, learners by chapter, who may need help. The view (sort, filters, page) lives in the URL."""
    view = selectors.View.read(request.GET)
    report = selectors.team_report(person(request), pk, view)
    if report is None:
        return render(request, "reports/team_empty.html")
    query = request.GET.copy()
    query.pop("page", None)
    context = {"report": report, "view": view, "query": query.urlencode(), "idle_days": selectors.IDLE.days}
    return render(request, "reports/team.html", context)


@require_safe
@login_required
def team_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """All learners of the team, in the order and with the filters of the page."""
    table = selectors.team_table(person(request), pk, selectors.View.read(request.GET))
    name = f"{slugify(table.team.name) or 'team'}-{table.as_of:%Y-%m-%d}.csv"
    response = StreamingHttpResponse(export.stream(table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
@login_required
def learner(request: HttpRequest, pk: int) -> HttpResponse:
    """One learner: chapters rule by rule, scores of attempts. Learners see their own page too."""
    report = learners.learner_report(person(request), pk, request.GET.get("course", ""))
    context = {
        "report": report,
        "groups": learners.GROUPS,
        "own": report.learner.pk == person(request).pk,
        "token": uuid.uuid4().hex,
        "extra_times": services.EXTRA_TIME,
    }
    return render(request, "reports/learner.html", context)


@require_POST
@login_required
def attempt_allow(request: HttpRequest, pk: int, course: str, chapter: str) -> HttpResponse:
    """One more attempt at a quiz for a learner who has used all."""
    reason, token = request.POST.get("reason", ""), request.POST.get("token", "")
    services.attempt_allow(
        manager=person(request), learner_id=pk, course=course, chapter=chapter, reason=reason, token=token
    )
    messages.success(request, _("One more attempt is allowed."))
    return redirect("learner", pk=pk)


@require_POST
@login_required
def time_allow(request: HttpRequest, pk: int) -> HttpResponse:
    """More time in every quiz that a learner begins from now on."""
    reason, token = request.POST.get("reason", ""), request.POST.get("token", "")
    percent = whole(request.POST.get("percent"))
    services.time_allow(manager=person(request), learner_id=pk, percent=percent, reason=reason, token=token)
    messages.success(request, _("The time for quizzes is set."))
    return redirect("learner", pk=pk)
