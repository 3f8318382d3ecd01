"""Which recipes can be graded, and what the server makes of one. Called by selectors and services; no writes."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from labs.faces import FACES, OPTION_FACES
from labs.forms import SEED_LIMIT, number_text
from labs.lab import Lab
from labs.models import Run
from labs.states import State
from trainer.corpora import CORPORA, OPTIONS

TEXT_TASKS = ("language", "masked", "embed")
NOT_COUNTED = (State.WORKER_LOST, State.REFUSED)
"""Endings that are the portal's fault, or that came before any training: such an attempt is given back."""
OPTION = "options."


def obstacles(lab: Lab, run: Run) -> list[str]:
    """Why a run's recipe cannot be submitted, a sentence each; empty when it can."""
    if run.graded:
        return [_("This run was trained for a graded attempt.")]
    if run.state != State.FINISHED:
        return [_("Only the recipe of a finished run can be submitted.")]
    spec, asked = run.spec, lab.graded
    found = []
    if spec["tokens"] > asked.tokens:
        budget = {"tokens": f"{spec['tokens']:,}", "budget": f"{asked.tokens:,}"}
        found.append(_("It trains on %(tokens)s tokens; the budget is %(budget)s.") % budget)
    if spec["task"] != lab.preset.task:
        found.append(_("It learns another task than this lab’s."))
    corpus = CORPORA.get(spec["corpus"])
    if corpus is None:
        found.append(_("It learns from a text of your own, of which nothing is hidden from you."))
    elif spec["task"] in TEXT_TASKS and spec.get("tuning", "scratch") != "scratch":
        found.append(_("It goes on from another model, which may have read what is hidden."))
    elif corpus.kind != "text" and corpus.hide is None:
        found.append(_("Its data are there to be memorised: nothing of them can be hidden."))
    return found + [_differs(name, value) for name, value in asked.requires.items() if not _same(name, spec, value)]


def _same(name: str, spec: Mapping[str, Any], value: Any) -> bool:
    if name != "options":
        return bool(spec.get(name) == value)
    usual = {option: limits.default for option, limits in OPTIONS.get(spec["corpus"], {}).items() if option != "size"}
    return usual | dict(spec.get("options") or {}) == usual | dict(value)


def _differs(name: str, value: Any) -> str:
    if name == "options":
        parts = [f"{OPTION_FACES[option].label} {number}" for option, number in value.items()]
        return _("This lab is graded with these data: %(value)s.") % {"value": ", ".join(parts)}
    shown = number_text(value) if not isinstance(value, list) else ", ".join(value) or "–"
    shown = str(next((label for key, label in FACES[name].choices if key == shown), shown))
    return _("This lab is graded with “%(field)s” set to %(value)s.") % {"field": FACES[name].label, "value": shown}


def graded_spec(lab: Lab, run: Run) -> dict[str, Any]:
    """The recipe as the server trains it: a seed of its own, and the standard data."""
    fixed = {
        "seed": random.SystemRandom().randrange(1, SEED_LIMIT),
        "data_seed": lab.preset.data_seed,
        "threads": settings.LAB_THREADS,
        "device": "cpu",
        "precision": "float32",
    }
    return {**run.spec, **fixed}
