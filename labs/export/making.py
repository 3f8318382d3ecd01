"""Carries out an export in a training process. Called by `labs.tasks`: a message names a row, which is claimed by a
conditional UPDATE, carried out, and ended by the worker that claimed it.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from labs.children import Child, NurseryError, nursery
from labs.drain import draining
from labs.export.models import Export
from labs.export.selectors import folder
from labs.export.states import Kind, Stage
from labs.runner import run_dir
from labs.selectors import base_run
from labs.uploads import path_of

log = logging.getLogger(__name__)

WRITE_S = 120.0
"""Time for writing files."""
LOOK_S = 0.25
"""How often a cancel is looked for."""
FORGOTTEN_S = 10.0
"""A job still waiting by then may have lost its message."""
GIVEN_UP = timedelta(hours=1)
"""A job that nobody took up by then is given up."""
SLACK_S = 60.0
"""Beyond its time a job has lost its worker."""


def make(export_id: int) -> None:
    """Carry out one waiting job; a second call for the same job does nothing."""
    job = Export.objects.select_related("run__owner").filter(pk=export_id, state=Stage.WAITING).first()
    if job is None or not job.move(Stage.WORKING, claimed_at=timezone.now()):
        return
    if job.kind == Kind.CHECK:
        found = _carried(job, Kind.SCRIPT)
        if found["kind"] == "written":
            found = _carried(job, Kind.CHECK)
    else:
        found = _carried(job, Kind(job.kind))
    _end(job, found)


def limit_s(kind: str) -> float:
    """Seconds that a job may take: the script of a check trains as long as the run might."""
    return WRITE_S + settings.LAB_RUN_SECONDS if kind == Kind.CHECK else WRITE_S


def _carried(job: Export, kind: Kind) -> dict[str, Any]:
    """What came of one request to a training process: its event, or one that says why there is none."""
    try:
        child = nursery.start({"kind": "export"} | _asked(job, kind))
    except NurseryError:
        log.exception("export %s cannot start", job.pk)
        return {"kind": "failed", "ending": "no_process"}
    try:
        return _followed(job, child, limit_s(kind))
    finally:
        child.wait()


def _asked(job: Export, kind: Kind) -> dict[str, Any]:
    run, corpus = job.run, job.run.spec["corpus"]
    base = base_run(run.owner, run.spec.get("base", ""))
    return {
        "format": kind,
        "run_dir": str(run_dir(run)),
        "out": str(folder(run, kind)),
        "corpus": corpus,
        "text_path": str(path_of(corpus)) if corpus.startswith("sha256:") else None,
        "base_dir": str(run_dir(base) / "model") if base else None,
        "timeout_s": settings.LAB_RUN_SECONDS,
    }


def _followed(job: Export, child: Child, seconds: float) -> dict[str, Any]:
    started = time.monotonic()
    while not child.closed:
        for event in child.read(LOOK_S):
            return event
        if time.monotonic() - started > seconds:
            return {"kind": "failed", "ending": "out_of_time"}
        if draining():
            return {"kind": "interrupted"}
        if not Export.objects.filter(pk=job.pk, claimed_at=job.claimed_at, cancel_requested_at=None).exists():
            return {"kind": "cancelled"}
    return {"kind": "failed", "ending": "failed"}


def _end(job: Export, found: dict[str, Any]) -> None:
    """Store what came of it, unless the job is no longer this worker's."""
    now = timezone.now()
    kind = found.pop("kind")
    if kind == "interrupted":  # another worker does it, from its start
        job.move(Stage.WAITING, claimed_at=None)
    elif kind == "cancelled":
        job.move(Stage.CANCELLED, ended_at=now)
    elif kind == "failed":
        log.warning("export %s: %s %s", job.pk, found["ending"], found.get("detail", ""))
        job.move(Stage.FAILED, ended_at=now, error=found["ending"], result={"detail": found.get("detail", "")})
    else:
        job.move(Stage.DONE, ended_at=now, result=found)


def expire() -> None:
    """End jobs that nobody could do, or whose worker is lost. One query, and one for each of these jobs."""
    now = timezone.now()
    for job in Export.objects.open().order_by():
        late = job.claimed_at and job.claimed_at < now - timedelta(seconds=limit_s(job.kind) + SLACK_S)
        if late or (job.state == Stage.WAITING and job.created_at < now - GIVEN_UP):
            job.move(Stage.FAILED, error="worker_lost", ended_at=now)


def forgotten() -> list[Export]:
    """Jobs that wait suspiciously long. One query."""
    old = timezone.now() - timedelta(seconds=FORGOTTEN_S)
    return list(Export.objects.filter(state=Stage.WAITING, created_at__lt=old)[:10])
