"""Exports for tests."""

from __future__ import annotations

from labs.export.models import Export
from labs.export.selectors import folder
from labs.export.states import Kind, Stage
from labs.models import Run


def make_script(run: Run) -> Export:
    """A script that is there."""
    place = folder(run, Kind.SCRIPT)
    place.mkdir(parents=True, exist_ok=True)
    place.joinpath("train.py").write_text("print()\n")
    return Export.objects.create(run=run, kind=Kind.SCRIPT, state=Stage.DONE, result={"files": {"train.py": 8}})
