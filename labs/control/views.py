"""The control page of administrators."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labs.control import selectors, services
from labs.control.models import Mode


@require_safe
@login_required
@never_cache
def control(request: HttpRequest) -> HttpResponse:
    """Workers, line, running runs, waits and failures, and what can be done about them."""
    return render(request, "labs/control/control.html", {"queue": selectors.overview(request.user)})


@require_safe
@login_required
@never_cache
def control_status(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes, as it is now."""
    return render(request, "labs/control/_status.html", {"queue": selectors.overview(request.user)})


@require_POST
@login_required
def control_set(request: HttpRequest) -> HttpResponse:
    """Open, pause or drain the queue."""
    mode = request.POST.get("mode", "")
    if services.queue_set(by=request.user, mode=mode):
        words = {
            Mode.OPEN: _("The queue is open: runs are taken up."),
            Mode.PAUSED: _("The queue is paused: no run is taken up, those under way go on."),
            Mode.DRAINED: _("The queue is drained: runs under way go back to it, and keep their steps."),
        }
        messages.success(request, words[Mode(mode)])
    return redirect("control")
