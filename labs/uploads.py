"""Data of learners on disk, kept under their hash: texts, and tables as JSON. Called by services and the runner."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from django.conf import settings

from trainer.corpora import Data
from trainer.corpora.kept import as_text


def folder() -> Path:
    """Where uploads lie; a shared volume where workers run on other machines."""
    return Path(settings.VAR_DIR) / "uploads"


def path_of(corpus: str) -> Path:
    """The file of a corpus named `sha256:<hex>`: a table's where there is one, else a text's."""
    name = corpus.removeprefix("sha256:")
    table = folder() / f"{name}.json"
    return table if table.exists() else folder() / f"{name}.txt"


def keep(corpus: str, data: Data) -> None:
    """Write data under their hash, whole or not at all; the same twice are one file."""
    path = folder() / f"{corpus.removeprefix('sha256:')}{'.txt' if isinstance(data, str) else '.json'}"
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(as_text(data))
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
