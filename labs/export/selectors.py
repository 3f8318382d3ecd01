"""What the page "Script" reads of a run's exports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404

from labs.export.models import Export
from labs.export.states import Kind, Stage
from labs.models import Run
from labs.runner import run_dir


def export_get(user: Any, export_id: int) -> Export:
    """A job about one's own run. Raises Http404 for any other. One query."""
    return get_object_or_404(Export.objects.for_user(user).select_related("run"), pk=export_id)


def exports(run: Run) -> dict[str, Export]:
    """The newest job of each kind. One query."""
    return {export.kind: export for export in Export.objects.filter(run=run).order_by("pk")}


def folder(run: Run, kind: str) -> Path:
    """Where the files of an export lie; a check works in the script's."""
    return run_dir(run) / "exports" / (Kind.SCRIPT if kind == Kind.CHECK else kind)


def files(export: Export) -> list[Path]:
    """What a finished export wrote; empty when it is no longer there."""
    place = folder(export.run, export.kind)
    found = [place / name for name in export.result.get("files", {})]
    return found if export.state == Stage.DONE and all(path.is_file() for path in found) else []


def files_or_404(export: Export) -> list[Path]:
    """The same. Raises Http404 where there are none."""
    if not (found := files(export)):
        raise Http404(export.kind)
    return found
