"""What a run can be written as, the states of such a job, and the moves between them, each one conditional UPDATE."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Kind(models.TextChoices):
    """SCRIPT, NOTEBOOK: the run in one file. TRANSFORMERS, SAFETENSORS: its model. CHECK: the script is run, and its
    losses are compared with those of the run.
    """

    SCRIPT = "script", _("script")
    NOTEBOOK = "notebook", _("notebook")
    TRANSFORMERS = "transformers", _("folder for transformers")
    SAFETENSORS = "safetensors", _("weights and tokenizer")
    CHECK = "check", _("check")


class Stage(models.TextChoices):
    """Where a job stands.

    WAITING: no worker has it yet. WORKING: one has. DONE: its files, or its comparison, are there.
    FAILED: `error` says why. CANCELLED: its owner stopped it.
    """

    WAITING = "waiting", pgettext_lazy("state of an export", "waiting")
    WORKING = "working", pgettext_lazy("state of an export", "working")
    DONE = "done", pgettext_lazy("state of an export", "done")
    FAILED = "failed", pgettext_lazy("state of an export", "failed")
    CANCELLED = "cancelled", pgettext_lazy("state of an export", "cancelled")


OPEN = (Stage.WAITING, Stage.WORKING)

MOVES: dict[Stage, frozenset[Stage]] = {
    Stage.WAITING: frozenset({Stage.WORKING, Stage.FAILED, Stage.CANCELLED}),
    Stage.WORKING: frozenset({Stage.WAITING, Stage.DONE, Stage.FAILED, Stage.CANCELLED}),
    Stage.DONE: frozenset(),
    Stage.FAILED: frozenset(),
    Stage.CANCELLED: frozenset(),
}


def kind_choices() -> list[tuple[str, str]]:
    """A callable, so that another kind needs no migration."""
    return [(kind.value, str(kind.label)) for kind in Kind]


def stage_choices() -> list[tuple[str, str]]:
    """A callable, so that another state needs no migration."""
    return [(stage.value, str(stage.label)) for stage in Stage]
