"""Pages for authors of labs: all labs, one lab's files with a preview, import and export."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labs.authoring import selectors, services
from labs.authoring.controls import PLACES
from labs.authoring.files import MAX_ARCHIVE, archive_of
from labs.catalogue import FILES
from portal.lib.errors import UserError
from portal.lib.numbers import whole


@require_safe
@login_required
@never_cache
def lab_shelf(request: HttpRequest) -> HttpResponse:
    """All labs with what is published and drafted."""
    return render(request, "labs/authoring/lab_shelf.html", {"rows": selectors.rows(request.user)})


@require_POST
@login_required
def lab_import(request: HttpRequest) -> HttpResponse:
    """Take an archive in as a draft, which shows what it would change; 422 says why not."""
    selectors.require_author(request.user)
    file = request.FILES.get("file")
    try:
        if file is None or (file.size or 0) > MAX_ARCHIVE:
            text = _("Choose a zip archive of at most 1 MB.")
            raise UserError("archive_refused", text, fields={"file": text})
        draft = services.draft_import(author=request.user, data=file.read(), replace="replace" in request.POST)
    except UserError as error:
        context = {"rows": selectors.rows(request.user), "problem": error}
        return render(request, "labs/authoring/lab_shelf.html", context, status=error.status)
    messages.success(request, _("“%(slug)s” is a draft now. Learners see nothing of it.") % {"slug": draft.slug})
    return redirect("lab-edit", draft.slug)


@require_safe
@login_required
@never_cache
def lab_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The files of a lab, what is wrong with them, what they would change, and how they read."""
    return edit_page(request, slug)


def edit_page(request: HttpRequest, slug: str, status: int = 200, **more: Any) -> HttpResponse:
    """The page of one lab, also with what was refused."""
    found = selectors.editing(request.user, slug)
    texts = more.pop("texts", found.files)
    context = {
        "found": found,
        "texts": [(name, texts.get(name, "")) for name in FILES],
        "places": PLACES.items(),
        "previews": selectors.previews(found.lab) if found.lab else [],
    }
    return render(request, "labs/authoring/lab_edit.html", context | more, status=status)


@require_POST
@login_required
def lab_save(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep the files as a draft; 409 when somebody else has changed it."""
    texts = {name: request.POST[name] for name in FILES if name in request.POST}
    revision = whole(request.POST.get("revision"))
    try:
        services.draft_save(author=request.user, slug=slug, files=texts, revision=revision)
    except UserError as error:
        return edit_page(request, slug, error.status, problem=error, texts=texts)
    return redirect("lab-edit", slug)


@require_POST
@login_required
def lab_controls(request: HttpRequest, slug: str) -> HttpResponse:
    """Move controls to the front, behind "more", or out of sight."""
    revision = whole(request.POST.get("revision"))
    try:
        services.draft_controls(author=request.user, slug=slug, places=request.POST.dict(), revision=revision)
    except UserError as error:
        return edit_page(request, slug, error.status, problem=error)
    return redirect("lab-edit", slug)


@require_POST
@login_required
def lab_discard(request: HttpRequest, slug: str) -> HttpResponse:
    """Forget the draft."""
    services.draft_discard(author=request.user, slug=slug)
    messages.success(request, _("The draft is discarded."))
    return redirect("lab-shelf")


@require_POST
@login_required
def lab_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the draft to learners."""
    try:
        revision = whole(request.POST.get("revision"))
        version = services.lab_publish(author=request.user, slug=slug, revision=revision)
    except UserError as error:
        return edit_page(request, slug, error.status, problem=error)
    messages.success(request, _("Version %(number)s is what learners see now.") % {"number": version.number})
    return redirect("lab-edit", slug)


@require_POST
@login_required
def lab_restore(request: HttpRequest, slug: str) -> HttpResponse:
    """Go back to the shipped files."""
    try:
        services.lab_restore(author=request.user, slug=slug)
    except UserError as error:
        return edit_page(request, slug, error.status, problem=error)
    messages.success(request, _("Learners see the lab as it comes with the portal."))
    return redirect("lab-edit", slug)


@require_safe
@login_required
def lab_export(request: HttpRequest, slug: str) -> HttpResponse:
    """A lab's files as an archive: those that are shown, or of `?version=`."""
    asked = request.GET.get("version")
    files = selectors.version_files(request.user, slug, None if asked is None else whole(asked))
    headers = {"Content-Disposition": f'attachment; filename="{slug}.zip"'}
    return HttpResponse(archive_of(slug, files), content_type="application/zip", headers=headers)
