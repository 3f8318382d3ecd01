"""The run cache: the same recipe on the same data, engine and PyTorch has the same losses, so it need not be trained
again. Called by `labs.services`.

Only what is nobody's own is shared: built-in data, and no model to start from. Graded runs have no key: they neither
come from the cache nor go into it.
"""

from __future__ import annotations

import hashlib
import platform
import unicodedata
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import django
from django.utils import timezone

from labs.branches.files import has_model, link_files
from labs.goals import check_training
from labs.models import Run
from labs.states import State
from trainer import corpora
from trainer.corpora import CORPORA
from trainer.spec import RunSpec, identity

COPIED = (
    "spec",
    "data_hash",
    "params",
    "steps",
    "step",
    "curve",
    "samples",
    "result",
    "held_out",
    "best_held_out",
    "bits_per_byte",
    "measure",
    "figure",
    "spark",
    "recipe_key",
)
COPIED_INFO = ("started", "baseline", "evaluations", "weights")
LOOKED_AT = 3
"""Finished runs of a key that are looked at: the files of the newest may be gone."""


def recipe_key(spec: RunSpec, data_hash: str) -> str:
    """What decides a run's losses to the last bit, before its data are made; empty for a run that is never shared.

    `data_hash` is empty for generated data: then the code that makes them stands for them.
    """
    if spec.corpus not in CORPORA or spec.base or spec.tuning != "scratch":
        return ""
    return identity(spec, data_hash=data_hash or _generators(), torch_version=_torch())


@cache
def _torch() -> str:
    """The installed PyTorch, without loading it."""
    try:
        return version("torch")
    except PackageNotFoundError:  # a web server without it: its workers have theirs
        return ""


@cache
def _generators() -> str:
    """Hash of all that generated data come from: the code, and the versions of what it reads."""
    found = hashlib.sha256(f"{platform.python_version()} {unicodedata.unidata_version} {django.__version__}".encode())
    folder = Path(corpora.__file__).parent
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".txt", ".json"}):
        found.update(path.relative_to(folder).as_posix().encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def stored_run(key: str) -> Run | None:
    """A finished run of this key whose files are there and which is what it says; None without one. One query."""
    if not key:
        return None
    runs = Run.objects.filter(recipe_key=key, state=State.FINISHED, replay_of=None, parent=None, graded=False)
    return next((run for run in runs.order_by("-pk")[:LOOKED_AT] if _sound(run) and has_model(run)), None)


def _sound(run: Run) -> bool:
    """Whether the trainer's own identity of the run is that of its recipe with the present engine."""
    started = run.info.get("started", {})
    spec, known = RunSpec.stored(run.spec), {"data_hash": run.data_hash, "torch_version": started.get("torch", "")}
    return bool(run.curve) and started.get("identity") == identity(spec, **known)


def replay(*, owner: Any, lab: str, source: Run, idempotency_key: str, **said: Any) -> Run:
    """A finished run of `owner` with all that `source` has shown and made; `said`: prediction and forecast. Inside the
    caller's transaction.

    Raises OSError when the files cannot be had; then the caller's transaction must end or go on without it.
    """
    now = timezone.now()
    run = Run(
        owner=owner,
        lab=lab,
        idempotency_key=idempotency_key,
        replay_of=source,
        state=State.FINISHED,
        started_at=now,
        finished_at=now,
        info={name: source.info[name] for name in COPIED_INFO if name in source.info},
        **said,
        **{name: getattr(source, name) for name in COPIED},
    )
    run.save()
    try:
        link_files(source, run)
    except OSError:
        run.delete()
        raise
    check_training(run)
    return run
