"""A run on disk, to be resumed exactly. No torch, so that a process without it can read a curve.

One safetensors file a checkpoint: tensors as they are; step, seconds and curve as JSON in the file's header, with a
digest over all. A file that is truncated or damaged is passed over for the one before it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

from trainer.curve import Curve

Arrays = Mapping[str, npt.NDArray[Any]]
PATTERN = "checkpoint-*.safetensors"
HEADER_SIZE = 8


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What a checkpoint holds. `identity` is `trainer.spec.identity` of the run."""

    identity: str
    step: int
    seconds: float
    curve: Curve
    tensors: Arrays


def save(run_dir: Path, saved: Saved) -> str:
    """Write a checkpoint, whole or not at all, and drop all but the one before it. Returns its file name."""
    state = json.dumps(
        {
            "identity": saved.identity,
            "step": saved.step,
            "seconds": saved.seconds,
            "curve": saved.curve.to_dict(),
        }
    )
    metadata = {"state": state, "digest": _digest(state, saved.tensors)}
    path = run_dir / name_of(saved.step)
    write_whole(path, write_tensors(dict(saved.tensors), metadata))
    # Files of later steps were found unusable, else the run had gone on from them.
    older = [other for other in _newest_first(run_dir) if other.name < path.name]
    for other in _newest_first(run_dir):
        if other not in (path, *older[:1]):
            other.unlink(missing_ok=True)
    return path.name


def name_of(step: int) -> str:
    """The file of a step."""
    return f"checkpoint-{step:06d}.safetensors"


def load(run_dir: Path, *, identity: str | None = None) -> Saved | None:
    """Read the newest sound checkpoint, of this identity if one is given; None where there is none."""
    for path in _newest_first(run_dir):
        saved = load_one(path)
        if saved is not None and identity in (None, saved.identity):
            return saved
    return None


def load_one(path: Path) -> Saved | None:
    """Read one checkpoint; None where it is missing or damaged."""
    try:
        return _read(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None


def load_curve(run_dir: Path) -> dict[str, Any]:
    """The run's curve up to its newest sound checkpoint: {"step", "seconds", "events"}, events as dicts, points first.

    Without a checkpoint: step 0, 0.0 seconds, no events.
    """
    saved = load(run_dir)
    if saved is None:
        return {"step": 0, "seconds": 0.0, "events": []}
    events = [event.to_dict() for event in saved.curve.events()]
    return {"step": saved.step, "seconds": saved.seconds, "events": events}


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in place so that after a crash it is there whole, or as it was before."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _newest_first(run_dir: Path) -> Iterator[Path]:
    return iter(sorted(run_dir.glob(PATTERN), reverse=True))


def _read(data: bytes) -> Saved:
    tensors = read_tensors(data)  # refuses a file whose length is not what its header says
    header_end = HEADER_SIZE + int.from_bytes(data[:HEADER_SIZE], "little")
    metadata = json.loads(data[HEADER_SIZE:header_end])["__metadata__"]
    if metadata["digest"] != _digest(metadata["state"], tensors):
        raise ValueError("damaged")
    state = json.loads(metadata["state"])
    return Saved(
        identity=state["identity"],
        step=state["step"],
        seconds=state["seconds"],
        curve=Curve.from_dict(state["curve"]),
        tensors=tensors,
    )


def _digest(state: str, tensors: Arrays) -> str:
    digest = hashlib.sha256(state.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensors[name]).data)
    return digest.hexdigest()
