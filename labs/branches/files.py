"""A run's files as its branches need them: which steps can be gone on from, and a copy for a replay."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from labs.models import Run
from labs.runner import run_dir

FORKS = "forks"
NAME = re.compile(r"checkpoint-(\d{6,})\.safetensors")


def fork_steps(run: Run) -> list[int]:
    """Steps at which a checkpoint of this run lies, ascending: those kept for forks, and the latest ones."""
    folder = run_dir(run)
    names = [path.name for place in (folder / FORKS, folder) if place.is_dir() for path in place.iterdir()]
    return sorted({int(found[1]) for name in names if (found := NAME.fullmatch(name))} - {0})


def has_model(run: Run) -> bool:
    """Whether its finished model is on disk."""
    return (run_dir(run) / "model" / "weights.safetensors").is_file()


def link_files(source: Run, run: Run) -> None:
    """Give `run` the files of `source`: hard links, so that they take no room. No file of a run is ever written into.

    Raises OSError; then nothing is left behind.
    """
    target = run_dir(run)
    shutil.rmtree(target, ignore_errors=True)  # of a transaction that was rolled back
    try:
        shutil.copytree(run_dir(source), target, copy_function=_link, ignore=shutil.ignore_patterns(".*", "exports"))
    except (OSError, shutil.Error) as error:
        shutil.rmtree(target, ignore_errors=True)
        raise OSError(str(error)) from error


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
    return str(Path(target))
