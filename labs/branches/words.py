"""What branches are called, and what is said about them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from labs import presenters
from labs.forms import FACES
from labs.models import Run

SETTINGS = (
    "learning_rate",
    "embedding_rate",
    "momentum",
    "schedule",
    "warmup",
    "clip",
    "weight_decay",
    "dropout",
)
"""What a fork may change one of; continuing changes `tokens`. See `trainer.forks.FREE`."""


def changed(parent: Run, run: Run) -> list[str]:
    """Settings in which a branch differs from where it came from."""
    return [name for name in (*SETTINGS, "tokens") if parent.spec.get(name) != run.spec.get(name)]


def written(name: str, value: Any) -> str:
    """A setting's value as pages write it."""
    if name == "learning_rate":
        return presenters.rate_text(float(value))
    if name in FACES:
        return str(next((label for key, label in FACES[name].choices if key == value), _number(value)))
    return _number(value)


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def origin(run: Run, parent: Run) -> list[str]:
    """Sentences about where a branch comes from, and whether it is what an undisturbed run would have been."""
    step = f"{run.fork_step:,}"
    names = changed(parent, run)
    if not names:
        return [
            _("Goes on from step %(step)s of run %(run)s with nothing changed.") % {"step": step, "run": parent.pk},
            _("Its losses are those of one undisturbed run."),
        ]
    if names == ["tokens"]:
        values = {"step": step, "run": parent.pk, "tokens": presenters.tokens_text(run.spec["tokens"])}
        return [_("Goes on from step %(step)s of run %(run)s, to %(tokens)s tokens.") % values, _exactness(run)]
    name = names[0]
    values = {
        "step": step,
        "run": parent.pk,
        "setting": FACES[name].label if name in FACES else name,
        "old": written(name, parent.spec[name]),
        "new": written(name, run.spec[name]),
    }
    return [
        _("Branches off at step %(step)s of run %(run)s: %(setting)s is %(new)s from there on, before it %(old)s.")
        % values,
        _("Up to there both are the same, to the last digit."),
    ]


def _exactness(run: Run) -> str:
    if run.spec["schedule"] == "constant":
        return _("The rate is constant, so its losses are those of one undisturbed longer run.")
    return _(
        "The rate falls towards the end of a run, and its end has moved: the rate jumps up here. "
        "An undisturbed longer run would have been another one."
    )
