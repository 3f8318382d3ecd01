"""The page "Script" of a run: what to take along, and the check."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from labs.catalogue import LABS
from labs.export import panel, selectors, services
from labs.export.states import Kind
from labs.export.zipping import zipped
from labs.models import Run
from labs.presenters import stairs
from labs.selectors import lab_card, run_get
from labs.views import HtmxRequest
from portal.lib.errors import UserError

TYPES = {".py": "text/x-python; charset=utf-8", ".ipynb": "application/x-ipynb+json"}
"""Of a file that is downloaded by itself."""


@require_safe
@login_required
def run_script(request: HttpRequest, run_id: int) -> HttpResponse:
    """What can be taken along of a run."""
    return script_page(request, run_get(request.user, run_id))


def script_page(request: HttpRequest, run: Run, status: int = 200, **more: Any) -> HttpResponse:
    """The page, also with what was refused."""
    context = {"lab": LABS[run.lab], "card": lab_card(request.user, run.lab), "stairs": stairs(run)}
    return render(request, "labs/export/run_script.html", panel.context(run) | context | more, status=status)


@require_POST
@login_required
def export_create(request: HtmxRequest, run_id: int, kind: str) -> HttpResponse:
    """Ask for one format, or for the check."""
    try:
        job = services.export_create(owner=request.user, run_id=run_id, kind=kind)
    except UserError as error:
        return script_page(request, run_get(request.user, run_id), error.status, problem=error)
    if request.htmx:
        return _fragment(request, job.run, Kind(job.kind))
    return redirect(f"{reverse('run-script', args=[run_id])}#{kind}")


@require_safe
@login_required
def export_status(request: HttpRequest, run_id: int, kind: str) -> HttpResponse:
    """One format or the check as it is now."""
    if kind not in Kind:
        raise Http404(kind)
    return _fragment(request, run_get(request.user, run_id), Kind(kind))


def _fragment(request: HttpRequest, run: Run, kind: Kind) -> HttpResponse:
    name = "labs/export/export_check.html" if kind == Kind.CHECK else "labs/export/export_status.html"
    return render(request, name, panel.context(run) | {"item": panel.items(run)[kind]})


@require_POST
@login_required
def export_cancel(request: HtmxRequest, export_id: int) -> HttpResponse:
    """Stop a job."""
    job = services.export_cancel(owner=request.user, export_id=export_id)
    if request.htmx:
        return _fragment(request, job.run, Kind(job.kind))
    return redirect(f"{reverse('run-script', args=[job.run_id])}#{job.kind}")


@require_safe
@login_required
def export_file(request: HttpRequest, export_id: int) -> HttpResponseBase:
    """The one file of an export, or all of them as an archive that is written while it is sent."""
    job = selectors.export_get(request.user, export_id)
    paths = selectors.files_or_404(job)
    if len(paths) == 1:
        kind = TYPES.get(paths[0].suffix, "application/octet-stream")
        return FileResponse(paths[0].open("rb"), as_attachment=True, filename=paths[0].name, content_type=kind)
    name = f"run-{job.run_id}-{job.kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return StreamingHttpResponse(zipped(paths, name), content_type="application/zip", headers=headers)
