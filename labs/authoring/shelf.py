"""The labs of this moment: those that are shipped, and over them what authors have published. Used through
`labs.catalogue.LABS`, as a mapping, in every process of the site.

A publication writes its row, then a stamp beside the other data. A process looks at the stamp whenever it is asked for
a lab, which costs microseconds, and reads the rows when the stamp has changed. The rows are the truth: the reaper
writes a stamp that was lost anew.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError

from labs.authoring.models import LabVersion
from labs.lab import Lab

log = logging.getLogger(__name__)

Stamp = tuple[int, int] | None
"""Changes with each stamp: time and inode; None before the first publication."""


def stamp_path() -> Path:
    """Where the stamp is."""
    return Path(settings.VAR_DIR) / "labs.stamp"


def write_stamp(version: int) -> None:
    """Tell every process that the labs have changed; `version` is the newest row's key."""
    path = stamp_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(str(version))
    Path(name).replace(path)


def heal_stamp() -> None:
    """Write the stamp anew where it does not tell of the newest publication. One query."""
    newest = LabVersion.objects.values_list("pk", flat=True).first()
    try:
        told = stamp_path().read_text()
    except OSError:
        told = ""
    if newest is not None and told != str(newest):
        write_stamp(newest)


class Shelf(Mapping[str, Lab]):
    """Labs by slug, in the order of the curriculum. `read` makes a lab of its slug and files; it may raise."""

    def __init__(self, shipped: Mapping[str, Lab], read: Callable[[str, Mapping[str, str]], Lab]) -> None:
        self.shipped = dict(shipped)
        self._read = read
        self._labs, self._stamp = self.shipped, cast(Stamp, None)
        self._lock = threading.Lock()

    def __getitem__(self, slug: str) -> Lab:
        return self._current()[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._current())

    def __len__(self) -> int:
        return len(self._current())

    def _look(self) -> Stamp:
        try:
            found = os.stat(stamp_path())
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _current(self) -> dict[str, Lab]:
        stamp = self._look()
        if stamp != self._stamp:
            with self._lock:
                if stamp != self._stamp:
                    self._refresh(stamp)
        return self._labs

    def _refresh(self, stamp: Stamp) -> None:
        """Read what is published. While the database is away the labs stay as they are; the next look tries again."""
        try:
            labs = self.shipped | (self._published() if stamp else {})
        except (DatabaseError, SynchronousOnlyOperation):
            log.warning("the labs stay as they were: the database cannot be read now")
            return
        self._labs = {lab.slug: lab for lab in sorted(labs.values(), key=lambda lab: (lab.number, lab.slug))}
        self._stamp = stamp

    def _published(self) -> dict[str, Lab]:
        """Each slug's newest version, where it is not "back to the shipped one". One query."""
        newest: dict[str, LabVersion] = {}
        for version in LabVersion.objects.order_by("pk"):
            newest[version.slug] = version
        labs = {}
        for slug, version in newest.items():
            if not version.files:
                continue
            try:
                labs[slug] = self._read(slug, version.files)
            except Exception:
                log.exception("lab %s: version %s cannot be read; the shipped one stays", slug, version.number)
        return labs
