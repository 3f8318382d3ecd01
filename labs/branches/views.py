"""Forms of the section "Go on from here" on a run's page. Each makes a run and goes to it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from labs.branches import services
from labs.branches.panel import arrival, panel
from labs.models import Run
from labs.selectors import run_get
from labs.views import run_page
from portal.lib.errors import UserError


@require_POST
@login_required
def run_anew(request: HttpRequest, run_id: int) -> HttpResponse:
    """Train the recipe of a replay in earnest."""
    return _made(request, run_id, "anew", services.run_anew)


@require_POST
@login_required
def run_reseed(request: HttpRequest, run_id: int) -> HttpResponse:
    """The same recipe with a new seed."""
    return _made(request, run_id, "reseed", services.run_reseed)


@require_POST
@login_required
def run_continue(request: HttpRequest, run_id: int) -> HttpResponse:
    """Go on for more tokens; 422 with what is wrong beside the field."""
    return _made(request, run_id, "continue", services.run_continue, "tokens")


@require_POST
@login_required
def run_fork(request: HttpRequest, run_id: int) -> HttpResponse:
    """Go on from a step with one setting changed; 422 with what is wrong beside the field."""
    return _made(request, run_id, "fork", services.run_fork, "step", "name", "value")


def _made(request: HttpRequest, run_id: int, form: str, service: Callable[..., Run], *names: str) -> HttpResponse:
    values = {name: request.POST.get(name, "").strip() for name in names}
    key = f"{form}-{run_id}-{request.POST.get('token', '')}"
    try:
        run = service(owner=request.user, run_id=run_id, idempotency_key=key, **values)
    except UserError as error:
        found = run_get(request.user, run_id)
        branches = panel(found, form=form, values=values, error=error)
        return run_page(request, found, error.status, branches=branches)
    return redirect(arrival(run))
