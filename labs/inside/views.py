"""The page "Inside" of a run, and the endpoint that its sections ask."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from labs.catalogue import LABS
from labs.inside import selectors, services, words
from labs.inside.layers import pushes
from labs.inside.models import Probe
from labs.inside.problems import problem
from labs.inside.states import Probed
from labs.presenters import stairs
from labs.selectors import lab_card
from portal.lib.errors import UserError
from portal.lib.numbers import whole
from portal.lib.parsers import read_json


@require_safe
@login_required
def run_inside(request: HttpRequest, run_id: int) -> HttpResponse:
    """A run from inside. `?text=`, `?target=` and `?step=` say what is looked at; script does the rest."""
    run = selectors.run_get(request.user, run_id)
    facts = selectors.facts(run)
    facts["ask"] = reverse("probe-ask", args=[run.pk, "QUESTION"])
    context = {
        "run": run,
        "lab": LABS[run.lab],
        "card": lab_card(request.user, run.lab),
        "stairs": stairs(run),
        "facts": facts,
        "at": selectors.nearest(facts["steps"], whole(request.GET.get("step"), -1)),
        "last": max(0, len(facts["steps"]) - 1),
        "text": request.GET.get("text", "")[:1000] or facts["text"],
        "target": request.GET.get("target", "")[:1000],
        "can_look": selectors.can_look(run),
        "pushes": pushes(run),
        "words": words.page_words(),
    }
    return render(request, "labs/inside.html", context)


@require_POST
@login_required
def probe_ask(request: HttpRequest, run_id: int, question: str) -> HttpResponse:
    """Ask about a run: its parameters come as JSON. 200 with the answer, or 202 with the address to ask again at."""
    run = selectors.run_get(request.user, run_id)  # somebody else's is not there, whatever was sent
    try:
        found = services.probe_ask(owner=request.user, run_id=run.pk, question=question, values=_values(request))
    except UserError as error:
        return _refused(error)
    return _as_it_is(found)


@require_safe
@login_required
def probe(request: HttpRequest, probe_id: int) -> HttpResponse:
    """A question's answer, or 202 while it is still to come."""
    return _as_it_is(selectors.probe_get(request.user, probe_id))


def _values(request: HttpRequest) -> dict[str, Any]:
    """The parameters in the body. Raises UserError."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.API_BODY_BYTES:
        raise UserError("too_large", _("The request is too large."), status=413)
    if request.content_type != "application/json":
        raise UserError("invalid_question", _("Send the question as JSON."), status=400)
    try:
        values = read_json(request.body or b"{}")
    except ValueError as error:
        raise UserError("invalid_question", str(error), status=400) from error
    if not isinstance(values, dict):
        raise UserError("invalid_question", _("The request is not valid JSON."), status=400)
    return values


def _as_it_is(found: Probe) -> HttpResponse:
    if found.state == Probed.DONE:
        return HttpResponse(found.answer, content_type="application/json")
    if found.state == Probed.FAILED:
        return _refused(problem(found.error, found.detail))
    return JsonResponse({"url": reverse("probe", args=[found.pk])}, status=202)


def _refused(error: UserError) -> JsonResponse:
    body = {
        "code": error.code,
        "message": str(error.message),
        "hint": str(error.hint),
        "fields": {name: str(text) for name, text in error.fields.items()},
    }
    return JsonResponse(body, status=error.status)
