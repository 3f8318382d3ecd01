"""Texts of learners on disk, kept under their hash. Called by services and the runner."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from django.conf import settings


def folder() -> Path:
    """Where uploaded texts lie; a shared volume where workers run on other machines."""
    return Path(settings.VAR_DIR) / "uploads"


def path_of(corpus: str) -> Path:
    """The file of a corpus named `sha256:<hex>`."""
    return folder() / f"{corpus.removeprefix('sha256:')}.txt"


def keep(corpus: str, text: str) -> None:
    """Write a text under its hash, whole or not at all; the same text twice is one file."""
    path = path_of(corpus)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
