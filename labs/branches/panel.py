"""What a run's page shows of its branches: where it comes from, what to go on with, what to hold its curve against.

Called by `labs.views.run_page`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from labs import curves
from labs.branches.bands import band_of, bands, committed
from labs.branches.files import fork_steps
from labs.branches.words import SETTINGS, origin
from labs.forms import FACES
from labs.models import Run
from labs.states import State
from trainer.spec import LIMITS

QUICK = 10
"""How fast a replay plays when it is first shown."""


def arrival(run: Run) -> str:
    """Where somebody goes who has just made this run: a replay plays by itself."""
    url = reverse("run", args=[run.pk])
    return f"{url}?play={QUICK}" if run.replay_of_id else url


def beside(run: Run) -> dict[str, Any]:
    """What the chart draws behind a run's own curve, and whether the run can be played. One query for a branch."""
    band = band_of(run) if committed(run) else None
    return {"parent": _parent(run), "band": _band(run, band) if band else None, "replay": bool(run.replay_of_id)}


def _parent(run: Run) -> dict[str, Any] | None:
    parent = run.parent
    if parent is None or not parent.curve:
        return None
    columns = {name: parent.curve[name] for name in curves.POINT[:4]}
    held = {name: parent.curve["held_out"][name] for name in curves.HELD_OUT[:4]}
    return {"run": parent.pk, "fork_step": run.fork_step, "points": columns, "held": held}


def _band(run: Run, band: Mapping[str, Any]) -> dict[str, Any]:
    each = run.spec["batch"] * run.spec["context"]
    columns = {name: band[name] for name in ("step", "low", "mean", "high")}
    return columns | {"tokens": [step * each for step in band["step"]], "runs": len(band["seeds"])}


def band_words(run: Run) -> str:
    """Why no band is behind the curve; empty where there is one, or none was ever measured."""
    if not bands(run.lab) or run.parent_id:
        return ""
    if band_of(run) is None:
        return _("No band of calibrated runs: this recipe is not one of the lab's presets.")
    if not committed(run):
        return _("The band of calibrated runs is kept back: nothing was predicted before this run.")
    return ""


def panel(run: Run, **given: Any) -> dict[str, Any]:
    """The sections "Trained before" and "Go on from here", with what was typed and what was wrong with it.

    `given`: form ("fork" or "continue"), values, error.
    """
    parent = run.parent
    steps = fork_steps(run) if run.ended and not run.graded else []
    return {
        "open": run.ended and not run.graded and run.state != State.REFUSED,
        "steps": steps,
        "names": [(name, FACES[name].label if name in FACES else name, run.spec[name]) for name in SETTINGS],
        "twice": min(2 * run.spec["tokens"], int(LIMITS["tokens"][1])),
        "token": uuid.uuid4().hex,
        "parent": parent,
        "origin": origin(run, parent) if parent else [],
        "band_words": band_words(run),
        "given": given,
    }
