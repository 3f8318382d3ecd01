"""Pages of the run table, shared views and boards."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from labs import curves
from labs import selectors as labs
from labs.catalogue import LABS
from labs.compare import selectors, services
from labs.compare.board import LEAST
from labs.compare.board import board as board_of
from labs.compare.models import Shown
from labs.compare.view import MOST_DRAWN, View
from labs.lab import Lab
from labs.models import Run
from labs.presenters import sentences
from labs.states import State
from portal.lib.errors import UserError

WORDS = ("axis_step", "axis_tokens", "axis_seconds", "frame", "zoomed", "copied")
SHARE_PRESET = {"title": "", "days": str(services.DAYS), "with_samples": ""}


def chart_words() -> dict[str, str]:
    """Sentences for the chart's script."""
    every = sentences()
    return {name: every[name] for name in WORDS}


# The run table


@require_safe
@login_required
def run_list(request: HttpRequest) -> HttpResponse:
    """One's runs: table, overlay, settings. Filter, order and what is drawn are in the address."""
    return run_table(request, View.read(request.GET))


def run_table(request: HttpRequest, view: View, status: int = 200, **more: Any) -> HttpResponse:
    """The page of runs, also with what is wrong in the form that shares a view."""
    table = selectors.run_table(request.user, view)
    context = {
        "table": table,
        "view": table.view,
        "page": table.page,
        "rows": table.rows,
        "comparison": table.comparison,
        "headers": table.headers,
        "labs": list(LABS.values()),
        "states": list(State),
        "first_lab": next(iter(LABS)),
        "link": request.build_absolute_uri(f"{reverse('run-list')}{table.view.query}"),
        "most": MOST_DRAWN,
        "shares": list(selectors.shares(request.user)),
        "token": uuid.uuid4().hex,
        "share_form": SHARE_PRESET,
        "words": chart_words(),
    }
    return render(request, "labs/run_list.html", context | more, status=status)


@require_safe
@login_required
def points(request: HttpRequest) -> StreamingHttpResponse:
    """Every stored point of the drawn runs as one CSV, read run by run."""
    ids = View.read(request.GET).show or ()
    runs = Run.objects.for_user(request.user).filter(pk__in=ids[:MOST_DRAWN]).order_by("pk").only("pk", "curve")
    lines = ("".join(part) for part in map(_csv, [None, *runs.values_list("pk", flat=True)]))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="runs.csv"'
    return response


def _csv(pk: int | None) -> str:
    """The lines of one run, held-out figures in the rows of their steps; the header for None."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    if pk is None:
        writer.writerow(["run", *curves.POINT, "held_out"])
        return file.getvalue()
    curve = curves.empty() | Run.objects.values_list("curve", flat=True).get(pk=pk)
    held = dict(zip(curve["held_out"]["step"], curve["held_out"]["loss"], strict=True))
    writer.writerows([pk, *line, held.get(line[0], "")] for line in curves.rows(curve))
    return file.getvalue()


# Shared views


@require_POST
@login_required
def share_create(request: HttpRequest) -> HttpResponse:
    """Share the drawn runs with one's teams and go to the view; 422 with the errors beside the fields."""
    view = View.read(request.POST)
    days = request.POST.get("days", "").strip()
    try:
        made = services.share_create(
            owner=request.user,
            runs=view.show or (),
            view=request.POST,
            title=request.POST.get("title", ""),
            days=int(days) if days.isascii() and days.isdigit() and len(days) < 6 else None,
            with_samples=request.POST.get("with_samples") == "1",
            idempotency_key=request.POST.get("token", "")[:64] or uuid.uuid4().hex,
        )
    except UserError as error:
        typed = {name: request.POST.get(name, "") for name in SHARE_PRESET}
        more = {"share_form": typed, "share_errors": error.fields, "share_problem": error}
        return run_table(request, view, error.status, **more)
    return redirect("share", made.token)


@require_safe
@login_required
def share(request: HttpRequest, token: str) -> HttpResponse:
    """A view that somebody shares with this person's team; anything else is not found."""
    shared = selectors.shared_view(request.user, token, request.GET)
    context = {
        "shared": shared,
        "view": shared.comparison.view.but(show=None),
        "rows": shared.rows,
        "comparison": shared.comparison,
        "headers": selectors.plain_headers(),
        "link": request.build_absolute_uri(),
        "words": chart_words(),
    }
    return render(request, "labs/compare/share.html", context)


@require_POST
@login_required
def share_revoke(request: HttpRequest, token: str) -> HttpResponse:
    """Take a shared view back."""
    services.share_revoke(owner=request.user, token=token)
    messages.success(request, _("The view is no longer shared: its link opens nothing."))
    return redirect("run-list")


# Boards


def lab_or_404(slug: str) -> Lab:
    """The lab of this name."""
    if slug not in LABS:
        raise Http404(slug)
    return LABS[slug]


@require_safe
@login_required
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """Who takes part in a lab's board, and one's own place."""
    return board_page(request, slug)


def board_page(request: HttpRequest, slug: str, status: int = 200, **more: Any) -> HttpResponse:
    """The board, also with what is wrong in its form."""
    found = lab_or_404(slug)
    context = {
        "lab": found,
        "board": board_of(request.user, found),
        "least": LEAST,
        "ways": list(Shown),
        "card": labs.lab_card(request.user, slug),
    }
    return render(request, "labs/compare/board.html", context | more, status=status)


@require_POST
@login_required
def board_join(request: HttpRequest, slug: str) -> HttpResponse:
    """Take part, by name or without."""
    try:
        services.board_join(user=request.user, lab=slug, shown=request.POST.get("shown", ""))
    except UserError as error:
        return board_page(request, slug, error.status, problem=error)
    return redirect("board", slug)


@require_POST
@login_required
def board_leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Take part no more."""
    services.board_leave(user=request.user, lab=slug)
    return redirect("board", slug)
