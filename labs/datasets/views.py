"""Tables of learners: sent from a lab, looked at, kept with chosen columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from labs.datasets import selectors, services, wording
from labs.datasets.models import UploadDraft
from labs.forms import Recipe
from labs.panel import recipe_for
from labs.views import lab_or_404, lab_page
from portal.lib.errors import UserError
from trainer.corpora import UploadError


@require_POST
@login_required
def table_create(request: HttpRequest) -> HttpResponse:
    """Take a table in and look at it; 422 names what is wrong beside the file."""
    found = lab_or_404(request.POST.get("lab", ""))
    recipe, file = request.POST.get("recipe", ""), request.FILES.get("file")
    try:
        draft = services.draft_create(
            owner=request.user, name=_name(file), chunks=_chunks(file), lab=found.slug, recipe=recipe
        )
    except UserError as error:
        panel = recipe_for(request.user, found, dict(parse_qsl(recipe)))
        return lab_page(request, found, panel, 422, upload_errors=error.fields)
    return redirect("table", draft.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def table(request: HttpRequest, draft_id: int) -> HttpResponse:
    """The first rows of a table and its columns; POST keeps it and goes back to the recipe with it chosen."""
    draft = selectors.draft_get(request.user, draft_id)
    if request.method != "POST":
        return table_page(request, draft, request.GET.dict())
    recipe = Recipe(lab_or_404(draft.lab), dict(parse_qsl(draft.recipe)))
    kind = selectors.kind_for(recipe.values["task"], recipe.lab.corpora)
    columns = {name: request.POST.get(name, "") for name in selectors.COLUMNS.get(kind, ())}
    try:
        upload = services.draft_keep(owner=request.user, draft_id=draft_id, kind=kind, columns=columns)
    except UserError as error:
        return table_page(request, draft, columns, error.status, problem=error)
    messages.success(request, wording.kept(upload))
    return redirect(Recipe(recipe.lab, dict(recipe.given) | {"corpus": upload.corpus, "examples": "0"}).url)


def table_page(
    request: HttpRequest, draft: UploadDraft, given: dict[str, str], status: int = 200, **more: Any
) -> HttpResponse:
    """The page of a table that waits."""
    recipe = Recipe(lab_or_404(draft.lab), dict(parse_qsl(draft.recipe)))
    kind = selectors.kind_for(recipe.values["task"], recipe.lab.corpora)
    context: dict[str, Any] = {"draft": draft, "lab": recipe.lab, "kind": kind, "back": recipe.url}
    try:
        seen = selectors.looked_at(draft)
    except (UploadError, FileNotFoundError):
        return render(request, "labs/datasets/table_gone.html", context, status=410)
    context |= {"seen": seen, "fields": wording.fields(selectors.choices(kind, seen, given)) if kind else []}
    context["rows"] = [[row.get(column, "") for column in seen.columns] for row in seen.rows]
    return render(request, "labs/datasets/table.html", context | more, status=status)


@require_POST
@login_required
def table_delete(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Forget a table that waits."""
    draft = services.draft_delete(owner=request.user, draft_id=draft_id)
    messages.success(request, _("Nothing of the file was kept."))
    return redirect(Recipe(lab_or_404(draft.lab), dict(parse_qsl(draft.recipe))).url)


def _chunks(file: UploadedFile[Any] | None) -> Iterable[bytes]:
    if file is None:
        text = _("Choose a file first.")
        raise UserError("no_file", text, fields={"file": text})
    return file.chunks()


def _name(file: UploadedFile[Any] | None) -> str:
    return (file.name or "") if file else ""
