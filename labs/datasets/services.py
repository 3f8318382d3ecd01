"""Tables of learners: taken in, kept with chosen columns, forgotten. Called by the pages of `labs.datasets`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labs import uploads, wording
from labs.datasets import selectors
from labs.datasets.models import UploadDraft
from labs.locks import lock_owner
from labs.models import Upload
from portal.lib.errors import UserError
from trainer.corpora import MAX_UPLOAD, Examples, Labelled, Table, UploadError, load_labelled, load_pairs
from trainer.corpora.kept import PREFIX, as_text

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson")
"""Names of tables end so."""
DRAFTS = 5
"""Files of one learner that wait; the oldest makes room."""
KEPT = timedelta(hours=1)
"""How long a file waits for its owner's choice."""
SHOWN_CLASSES = 50


def draft_create(*, owner: Any, name: str, chunks: Iterable[bytes], lab: str, recipe: str) -> UploadDraft:
    """Take a table in, a piece at a time, to be looked at. Raises UserError `upload_refused`; nothing stays then."""
    if not name.lower().endswith(ENDINGS):
        raise _refused(_("Choose a CSV file (.csv, .tsv) or JSON Lines (.jsonl)."))
    draft = UploadDraft.objects.create(owner=owner, name=name[-120:], size=0, lab=lab, recipe=recipe)
    try:
        draft.size = _write(draft, chunks)
        selectors.looked_at(draft)
    except UploadError as error:
        _forget(draft)
        raise _refused(wording.upload_reason(error)) from error
    draft.save(update_fields=["size"])
    for old in UploadDraft.objects.for_user(owner)[DRAFTS:]:
        _forget(old)
    return draft


def draft_keep(*, owner: Any, draft_id: int, kind: str, columns: Mapping[str, str]) -> Upload:
    """Keep a table's texts with their labels, or its pairs; the same examples again are the same upload.

    `columns` maps text and label, or source and target, to names of the header. Raises UserError `upload_refused` with
    the fields, `too_many_uploads`. Http404.
    """
    draft = selectors.draft_get(owner, draft_id)
    table = _loaded(draft, kind, columns)
    corpus = PREFIX + table.hash
    with transaction.atomic():
        lock_owner(owner)
        upload = Upload.objects.for_user(owner).filter(sha256=table.hash).first()
        if upload is None:
            if Upload.objects.for_user(owner).count() >= settings.LAB_UPLOADS_PER_PERSON:
                text = _("You have %(number)s texts already.") % {"number": settings.LAB_UPLOADS_PER_PERSON}
                raise UserError("too_many_uploads", text, _("Delete one first."))
            upload = Upload.objects.create(owner=owner, name=draft.name, sha256=table.hash, **_facts(table, columns))
        uploads.keep(corpus, table.examples)
        draft.delete()
    selectors.path_of(draft_id).unlink(missing_ok=True)
    return upload


def draft_delete(*, owner: Any, draft_id: int) -> UploadDraft:
    """Forget a file that waits. Raises Http404."""
    draft = selectors.draft_get(owner, draft_id)
    _forget(draft)
    return draft


def expire() -> None:
    """Forget files that nobody chose from. One query, and two for each of these."""
    for draft in UploadDraft.objects.filter(created_at__lt=timezone.now() - KEPT):
        _forget(draft)


def _forget(draft: UploadDraft) -> None:
    selectors.path_of(draft.pk).unlink(missing_ok=True)
    UploadDraft.objects.filter(pk=draft.pk).delete()


def _write(draft: UploadDraft, chunks: Iterable[bytes]) -> int:
    """The file's bytes on disk, no more than may be. Raises UploadError."""
    path = selectors.path_of(draft.pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > MAX_UPLOAD:
                raise UploadError("too_large", {"high": MAX_UPLOAD, "found": size})
            file.write(chunk)
    return size


def _loaded(draft: UploadDraft, kind: str, columns: Mapping[str, str]) -> Table:
    """The table with its examples, split. Raises UserError."""
    if kind not in selectors.COLUMNS:
        raise UserError("invalid_request", _("There is no such kind of table."))
    chosen = [columns.get(name, "") for name in selectors.COLUMNS[kind]]
    if len(set(chosen)) < len(chosen):
        text = _("Choose two different columns.")
        raise UserError("upload_refused", text, fields={selectors.COLUMNS[kind][1]: text})
    load = load_labelled if kind == "labelled" else load_pairs
    try:
        with selectors.path_of(draft.pk).open("rb") as file:
            return load(file, draft.name, *chosen)
    except FileNotFoundError:
        raise UserError("upload_refused", _("The file has waited too long."), _("Send it again.")) from None
    except UploadError as error:
        raise UserError("upload_refused", wording.upload_reason(error)) from error


def _facts(table: Table, columns: Mapping[str, str]) -> dict[str, Any]:
    """What the row of an upload says of a table."""
    examples: Examples = table.examples
    every = [*examples.train, *examples.held_out]
    letters = {letter for example in every for letter in str(example[0])}
    facts: dict[str, Any] = {
        "rows": table.rows,
        "duplicates": table.duplicates,
        "train": len(examples.train),
        "held_out": len(examples.held_out),
        "columns": dict(columns),
    }
    if examples.kind == "labelled":
        counts = Counter(example.label for example in every if isinstance(example, Labelled))
        facts["classes"] = dict(counts.most_common(SHOWN_CLASSES))
    return {
        "kind": examples.kind,
        "size": len(as_text(examples).encode()),
        "characters": sum(len(str(example[0])) for example in every),
        "vocab_size": len(letters),
        "facts": facts,
    }


def _refused(text: str) -> UserError:
    return UserError("upload_refused", text, fields={"file": text})
