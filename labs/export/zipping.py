"""Files as a zip archive, piece by piece: no archive is ever whole in memory. Called by views."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

CHUNK = 256 * 1_024
"""Bytes read at a time."""


class _Sink(io.RawIOBase):
    """Takes what an archive writes, and hands it out. It cannot be sought in, so the archive writes front to back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        part = bytes(data)
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """What has come since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zipped(paths: Sequence[Path], folder: str) -> Iterator[bytes]:
    """An archive of files in one folder, stored as they are: weights do not shrink."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        for path in paths:
            with path.open("rb") as file, archive.open(f"{folder}/{path.name}", "w", force_zip64=True) as entry:
                while chunk := file.read(CHUNK):
                    entry.write(chunk)
                    yield sink.take()
    yield sink.take()
