"""Forms of the section "Deploy" on a run's page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from labs.deploy import services
from labs.deploy.forms import DeploymentForm
from labs.deploy.panel import NEW_KEY, panel
from labs.models import Run
from labs.selectors import run_get
from labs.views import HtmxRequest, run_page
from portal.lib.errors import UserError


@require_POST
@login_required
def deployment_create(request: HtmxRequest, run_id: int) -> HttpResponse:
    """Give a model an address; its section or page shows the key once. 422 with errors beside the fields."""
    run = run_get(request.user, run_id)
    form = DeploymentForm(run, request.POST)
    form.is_valid()
    given = {name: form.cleaned_data.get(name) for name in ("days", "requests_per_day")}
    try:
        made, key = services.deployment_create(
            owner=request.user, run_id=run.pk, name=form.cleaned_data.get("name", ""), **given
        )
    except UserError as error:
        form.refuse(error)
        if request.htmx:
            return _section(request, run, panel(request, run, form), error.status)
        return run_page(request, run, error.status, deploy=panel(request, run, form))
    request.session[NEW_KEY] = {str(made.pk): key}
    if request.htmx:
        return _section(request, run, panel(request, run))
    return redirect(f"{reverse('run', args=[run.pk])}#deployed-{made.pk}")


def _section(request: HttpRequest, run: Run, shown: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, "labs/_deploy.html", {"run": run, "deploy": shown}, status=status)


@require_POST
@login_required
def deployment_revoke(request: HttpRequest, deployment_id: int) -> HttpResponse:
    """Let a key open nothing any more."""
    revoked = services.deployment_revoke(owner=request.user, deployment_id=deployment_id)
    messages.success(request, _("The key of “%(name)s” opens nothing any more.") % {"name": revoked.name})
    return redirect(f"{reverse('run', args=[revoked.run_id])}#deploy") if revoked.run_id else redirect("run-list")
