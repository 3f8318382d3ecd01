"""What every benchmark shares: percentiles, and the one JSON line that is printed last."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of the values lie, by the nearest rank. Raises ValueError for no values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(percent / 100 * len(ordered) + 0.5) - 1))]


def commit() -> str:
    """Short hash of the checkout, with a plus when files differ from it; "unknown" outside a checkout."""
    command = ["git", "describe", "--always", "--dirty=+", "--abbrev=9"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def report(name: str, **keys: Any) -> None:
    """Print the line. Floats are rounded to four significant digits."""
    threads = os.environ.get("LAB_THREADS", "1")
    machine = {"cores": os.cpu_count(), "torch_threads": int(threads)}
    print(json.dumps({"name": name} | _rounded(keys) | {"machine": machine, "commit": commit()}), flush=True)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
