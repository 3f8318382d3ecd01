"""The reference band of each lab's presets: five equal runs with other seeds, written to labs/catalog/SLUG/band.json.

`./run bench bands [--only SLUG ...] [--seeds N] [--missing]`. With `--missing`, presets that have a band of the present
recipe and engine are passed over. Presets that go on from another model have none.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import report
from labs.branches.bands import FILE, fingerprint
from labs.catalogue import FOLDER, LABS
from trainer.events import Finished, HeldOut
from trainer.loop import train
from trainer.measures.band import band
from trainer.spec import RunSpec

NICE = 15
SEEDS = 5
PLACES = 4
"""Decimals of a loss in the file."""


def curve(spec: RunSpec, folder: Path) -> dict[int, float] | None:
    """Held-out losses by step; None for a run that does not finish."""
    events = list(train(spec, run_dir=folder))
    if not isinstance(events[-1], Finished):
        return None
    return {event.step: event.loss for event in events if isinstance(event, HeldOut)}


def measured(spec: RunSpec, seeds: list[int], recipe: str) -> dict[str, Any] | None:
    """The band of a recipe; None where a seed does not finish."""
    curves = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            found = curve(RunSpec.parse(spec.to_dict() | {"seed": seed}), Path(folder) / "run")
        if found is None:
            return None
        curves.append(found)
    points = band(curves)
    rows = {name: [round(getattr(point, name), PLACES) for point in points] for name in ("low", "mean", "high")}
    return {"recipe": recipe, "seeds": seeds, "torch": torch.__version__, "step": [p.step for p in points]} | rows


def stored(path: Path) -> dict[str, Any]:
    """The presets that a file holds."""
    return json.loads(path.read_text(encoding="utf-8"))["presets"] if path.is_file() else {}


def write(path: Path, presets: dict[str, Any]) -> None:
    """One line a column, so that a change is seen in a diff."""
    parts = []
    for name, found in presets.items():
        lines = ",\n".join(f"      {json.dumps(key)}: {json.dumps(value)}" for key, value in found.items())
        parts.append(f"    {json.dumps(name)}: {{\n{lines}\n    }}")
    path.write_text('{\n  "presets": {\n' + ",\n".join(parts) + "\n  }\n}\n", encoding="utf-8")


def main() -> None:
    """Measure the presets of the labs, one after the other, behind everything else that runs here."""
    parser = argparse.ArgumentParser(prog="bands", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=LABS, default=list(LABS), metavar="SLUG")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--missing", action="store_true")
    options = parser.parse_args()
    os.nice(NICE)
    done: list[str] = []
    failed: list[str] = []
    for slug in options.only:
        path, names = FOLDER / slug / FILE, [preset.name for preset in LABS[slug].presets]
        presets = {name: found for name, found in stored(path).items() if name in names}
        for preset in LABS[slug].presets:
            recipe = fingerprint(preset.spec.to_dict())
            if preset.base or (options.missing and presets.get(preset.name, {}).get("recipe") == recipe):
                continue
            started = time.perf_counter()
            found = measured(preset.spec, list(range(1, options.seeds + 1)), recipe)
            name = f"{slug}/{preset.name}"
            print(
                f"{name:<32} {time.perf_counter() - started:6.0f} s  {'no band' if found is None else ''}", flush=True
            )
            (failed if found is None else done).append(name)
            if found is not None:
                presets[preset.name] = found
                write(path, presets)
    report("bands", measured=done, failed=failed, seeds=options.seeds)


if __name__ == "__main__":
    main()
