"""Does an exported script still give the losses of its run? Called by the portal and by `python -m trainer export`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.export.playback import CLOSE, Losses, compared
from trainer.export.script import SCRIPT

TIMEOUT_S = 1_800.0
LAST_WORDS = 2_000
"""Characters of what a failed script said."""


class VerificationError(Exception):
    """The script did not come to its end; the message is what it said last."""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """How a script repeated its run."""

    outcome: str
    """`identical` to the last bit, `close` (every loss within 2 %), or `different`."""
    steps: int
    """Of the run."""
    equal: int
    """Steps with identical losses."""
    first_different: int | None
    largest: float
    """Largest difference, as a share of the larger loss."""
    seconds: float
    """Wall time of the script."""


def verify(folder: Path, *, timeout_s: float = TIMEOUT_S) -> Verification:
    """Run `train.py` of a folder as a process of its own, without the trainer in sight.

    Raises FileNotFoundError, and VerificationError for a script that fails or takes longer than `timeout_s`.
    """
    script = (folder / SCRIPT).resolve(strict=True)
    started_at = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "losses.json"
        command = [sys.executable, "-I", str(script), str(result)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        try:
            done = subprocess.run(  # noqa: S603 - a script that we wrote
                command, cwd=scratch, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired:
            raise VerificationError(f"not done after {timeout_s:.0f} s") from None
        if done.returncode or not result.exists():
            raise VerificationError((done.stderr or done.stdout)[-LAST_WORDS:])
        losses = json.loads(result.read_text(encoding="utf-8"))
    found = compared(_losses(losses["before"]), _losses(losses["now"]))
    same = "close" if found.largest < CLOSE else "different"
    return Verification(
        outcome="identical" if found.first is None else same,
        steps=found.steps,
        equal=found.equal,
        first_different=found.first,
        largest=found.largest,
        seconds=time.monotonic() - started_at,
    )


def _losses(values: dict[str, Any]) -> Losses:
    return Losses(values["training"], {int(step): loss for step, loss in values["held_out"].items()})
