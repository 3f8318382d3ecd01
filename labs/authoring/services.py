"""What authors do with labs: import, change, publish, go back. Called by the pages of `labs.authoring`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from labs.authoring import selectors
from labs.authoring.controls import placed
from labs.authoring.files import MAX_BYTES, read_archive
from labs.authoring.models import LabDraft, LabVersion
from labs.authoring.shelf import write_stamp
from labs.catalogue import FILES
from portal.lib.errors import UserError


def draft_import(*, author: Any, data: bytes, replace: bool = False) -> LabDraft:
    """Make an archive's lab the draft of its slug, whatever is wrong with it: the page of the draft says what.

    Raises PermissionDenied, UserError `archive_refused`, `draft_exists` unless `replace`.
    """
    selectors.require_author(author)
    slug, files = read_archive(data)
    with transaction.atomic():
        existing = LabDraft.objects.select_for_update().filter(slug=slug).first()
        if existing is not None and not replace and existing.files != files:
            text = _("There is a draft of “%(slug)s” already.") % {"slug": slug}
            hint = _("Tick that it may be replaced, or publish or discard it first.")
            raise UserError("draft_exists", text, hint, fields={"replace": hint})
        revision = existing.revision + 1 if existing else 1
        values = {"files": files, "changed_by": author, "revision": revision}
        draft, _made = LabDraft.objects.update_or_create(slug=slug, defaults=values)
    return draft


def draft_save(*, author: Any, slug: str, files: Mapping[str, str], revision: int) -> LabDraft:
    """Keep changed files; a wrong lab can be kept too, but not published. Raises PermissionDenied, Http404, UserError
    `too_large`, `draft_changed` (409) when somebody has saved since `revision`.
    """
    now = selectors.editing(author, slug)
    texts = {name: files.get(name, now.files[name]).replace("\r\n", "\n") for name in FILES}
    if sum(len(text.encode()) for text in texts.values()) > MAX_BYTES:
        raise UserError("too_large", _("The files have more than %(limit)s bytes.") % {"limit": f"{MAX_BYTES:,}"})
    with transaction.atomic():
        if revision == 0:
            draft, made = LabDraft.objects.get_or_create(slug=slug, defaults={"files": texts, "changed_by": author})
            if made or draft.files == texts:
                return draft
        rows = LabDraft.objects.filter(slug=slug, revision=revision)
        if rows.update(files=texts, changed_by=author, revision=F("revision") + 1) != 1:
            text = _("Somebody has changed this draft meanwhile.")
            raise UserError("draft_changed", text, _("Load the page again; copy what you wrote first."), status=409)
        draft = LabDraft.objects.get(slug=slug)
        draft.save(update_fields=["changed_at"])
    return draft


def draft_controls(*, author: Any, slug: str, places: Mapping[str, str], revision: int) -> LabDraft:
    """Move a lab's controls: `places` maps a field to shown, more or hidden. Raises as `draft_save`, and UserError
    `invalid_lab` for files that make no lab, `not_in_lines`, `invalid_request`.
    """
    found = selectors.editing(author, slug)
    if found.lab is None:
        raise UserError("invalid_lab", _("First mend what is wrong in the files."), found.problem)
    text = placed(found.files["lab.yaml"], found.lab, places)
    return draft_save(author=author, slug=slug, files={"lab.yaml": text}, revision=revision)


def draft_discard(*, author: Any, slug: str) -> None:
    """Forget a draft; without one nothing happens. Raises PermissionDenied."""
    selectors.require_author(author)
    LabDraft.objects.filter(slug=slug).delete()


def lab_publish(*, author: Any, slug: str, revision: int) -> LabVersion:
    """Show a draft to learners, as a version that stays. Raises PermissionDenied, Http404, UserError `no_draft`,
    `draft_changed`, `invalid_lab`.
    """
    found = selectors.editing(author, slug)
    if found.draft is None:
        raise UserError("no_draft", _("There is nothing to publish."))
    if found.revision != revision:
        raise UserError("draft_changed", _("Somebody has changed this draft meanwhile."), status=409)
    if found.lab is None:
        raise UserError("invalid_lab", _("This draft cannot be published."), found.problem)
    return _published(author, slug, found.files)


def lab_restore(*, author: Any, slug: str) -> LabVersion | None:
    """Show the shipped files again; where they are shown already nothing happens. Raises PermissionDenied, Http404,
    UserError `not_shipped`.
    """
    found = selectors.editing(author, slug)
    if found.is_shipped:
        return None
    if not found.can_go_back:
        raise UserError("not_shipped", _("This lab does not come with the portal: there is nothing to go back to."))
    return _published(author, slug, {}, keep_draft=True)


def _published(author: Any, slug: str, files: Mapping[str, str], *, keep_draft: bool = False) -> LabVersion:
    with transaction.atomic():
        newest = LabVersion.objects.select_for_update().filter(slug=slug).first()
        number = newest.number + 1 if newest else 1
        version = LabVersion.objects.create(slug=slug, number=number, files=dict(files), published_by=author)
        if not keep_draft:
            LabDraft.objects.filter(slug=slug).delete()
        transaction.on_commit(lambda: write_stamp(version.pk))
    return version
