"""The reference band of a preset: where five equal runs with other seeds went, measured by `./run bench bands`.

`labs/catalog/<slug>/band.json` holds one for each preset, with the fingerprint of the recipe that it was measured on: a
preset or a trainer that has changed since has no band until it is measured again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from labs.catalogue import FOLDER, LABS
from labs.models import Run
from trainer.spec import ENGINE

FILE = "band.json"
FREE = ("seed", "threads", "prompts")
"""What equal runs may differ in."""


def fingerprint(spec: Mapping[str, Any]) -> str:
    """Of a recipe without its seed, with the engine that trains it."""
    kept = {name: value for name, value in spec.items() if name not in FREE}
    return hashlib.sha256(json.dumps([ENGINE, kept], sort_keys=True).encode()).hexdigest()[:16]


@cache
def bands(slug: str) -> dict[str, dict[str, Any]]:
    """A lab's bands by the fingerprint of their recipe."""
    path = FOLDER / slug / FILE
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {band["recipe"]: band | {"preset": name} for name, band in found["presets"].items()}


def band_of(run: Run) -> dict[str, Any] | None:
    """The band that a run may be held against; None where its recipe is no preset's, or not measured."""
    if run.lab not in LABS or run.parent_id:
        return None
    return bands(run.lab).get(fingerprint(run.spec))


def committed(run: Run) -> bool:
    """Whether its owner had said what to expect before it ran."""
    return run.prediction is not None or bool(run.forecast)
