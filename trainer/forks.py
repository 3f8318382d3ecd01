"""Going on from another run's checkpoint: for more tokens, or with a changed rate. Used by `trainer.loop`.

A checkpoint holds weights, optimiser state, random generators and the curve so far, so that a fork that changes nothing
is the parent's own run to the last bit, and one that only trains longer at a constant rate is the longer run.
"""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass
from pathlib import Path

from trainer import checkpoint
from trainer.spec import RunSpec, SpecError

FREE = (
    "learning_rate",
    "embedding_rate",
    "momentum",
    "schedule",
    "warmup",
    "clip",
    "weight_decay",
    "dropout",
    "tokens",
    "prompts",
)
"""What a fork may change: nothing that the checkpoint's weights, optimiser state or data depend on."""

FOLDER = "forks"
KEPT_BYTES = 16 * 2**20
"""Most that the checkpoints kept for forks take of a run."""


@dataclass(frozen=True, kw_only=True)
class Fork:
    """Where a run goes on from: its parent's folder and recipe, and the step of one of its checkpoints."""

    run_dir: Path
    spec: RunSpec
    step: int


def keep(run_dir: Path, name: str, step: int, spec: RunSpec) -> None:
    """Keep the checkpoint just written for forks: all of a run of small ones, else evenly spread ones."""
    path, folder = run_dir / name, run_dir / FOLDER
    checkpoints = math.ceil(spec.steps / spec.checkpoint_every)
    room = max(1, KEPT_BYTES // path.stat().st_size)
    if (step // spec.checkpoint_every) % math.ceil(checkpoints / room):
        return
    folder.mkdir(exist_ok=True)
    (folder / name).unlink(missing_ok=True)
    os.link(path, folder / name)


def check_fork(spec: RunSpec, fork: Fork) -> None:
    """Raises SpecError where the recipe changes what a fork cannot, or ends before it begins."""
    old, new = fork.spec.to_dict(), spec.to_dict()
    errors = {
        name: ("not_in_a_fork", {"parent": old[name]}) for name in old if name not in FREE and old[name] != new[name]
    }
    if spec.steps <= fork.step:
        errors["tokens"] = ("ends_before_fork", {"low": (fork.step + 1) * spec.tokens_per_step})
    if errors:
        raise SpecError(errors)


def load(fork: Fork) -> checkpoint.Saved:
    """The parent's checkpoint. Raises SpecError where there is no sound one of that step."""
    name = checkpoint.name_of(fork.step)
    for folder in (fork.run_dir / FOLDER, fork.run_dir):
        saved = checkpoint.load_one(folder / name)
        if saved is not None and saved.step == fork.step:
            return saved
    raise SpecError({"fork_step": ("no_checkpoint", {"step": fork.step})})


def identity_of(own: str, parent: str, step: int) -> str:
    """Of a fork: of its recipe, the run that it left and where."""
    return hashlib.sha256(f"{own} from {parent} at {step}".encode()).hexdigest()
