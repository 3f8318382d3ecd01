"""What learners make of a run they have: train it anew, again with another seed, longer, or differently from a step on.

Each queues a run of its own; the one that it comes from stays as it is.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from labs import selectors, wording
from labs.branches.files import fork_steps
from labs.branches.words import SETTINGS
from labs.models import Run
from labs.services import Branch, run_submit
from portal.lib.errors import UserError
from trainer.spec import RunSpec, SpecError

SEEDS = 10_000
"""New seeds lie below this, as in the lab's panel."""


def run_anew(*, owner: Any, run_id: int, idempotency_key: str) -> Run:
    """Train a run's recipe, also where the same one was trained before. Raises UserError, Http404."""
    run = _mine(owner, run_id)
    return _again(owner, run, dict(run.spec), idempotency_key, replay=False)


def run_reseed(*, owner: Any, run_id: int, idempotency_key: str) -> Run:
    """The same recipe with a new seed, the same prediction with it. Raises UserError, Http404."""
    run = _mine(owner, run_id)
    # Drawn from the key, so that pressing twice is one run.
    seed = random.Random(f"{run.pk} {idempotency_key}").randrange(1, SEEDS)
    return _again(owner, run, run.spec | {"seed": seed if seed != run.spec["seed"] else seed + 1}, idempotency_key)


def run_continue(*, owner: Any, run_id: int, tokens: str, idempotency_key: str) -> Run:
    """Go on from a run's last checkpoint until `tokens` in all. Raises UserError naming `tokens`, Http404."""
    run = _mine(owner, run_id)
    steps = fork_steps(run)
    if not steps:
        raise _nothing_kept()
    return _branch(owner, run, steps[-1], {"tokens": tokens}, {"tokens": "tokens"}, idempotency_key)


def run_fork(*, owner: Any, run_id: int, step: str, name: str, value: str, idempotency_key: str) -> Run:
    """Go on from a checkpoint with one setting changed. Raises UserError naming `step`, `name` or `value`, Http404."""
    run = _mine(owner, run_id)
    steps = fork_steps(run)
    if not steps:
        raise _nothing_kept()
    wrong = {}
    if step not in map(str, steps):
        wrong["step"] = _("Choose one of the steps whose checkpoints are kept.")
    if name not in SETTINGS:
        wrong["name"] = _("Choose one of the settings of how a run learns.")
    if wrong:
        raise UserError("invalid_fork", _("Nothing was queued: the fork cannot be made."), fields=wrong)
    return _branch(owner, run, int(step), {name: value}, {name: "value"}, idempotency_key)


def _mine(owner: Any, run_id: int) -> Run:
    run = selectors.run_get(owner, run_id)
    if run.graded:
        raise UserError("graded_run", _("A graded run stays as it is."), _("Run its recipe from the lab's page."))
    if not run.ended:
        raise UserError("run_not_ended", _("The run has not ended."), _("Wait for it, or cancel it."))
    return run


def _nothing_kept() -> UserError:
    return UserError("no_checkpoint", _("No checkpoint of this run is kept."), _("Run its recipe anew."))


def _again(owner: Any, run: Run, values: Mapping[str, Any], key: str, *, replay: bool = True) -> Run:
    return run_submit(
        owner=owner, lab=run.lab, values=values, prediction=run.prediction, idempotency_key=key, replay=replay
    )


def _branch(owner: Any, run: Run, step: int, changes: Mapping[str, Any], shown_as: Mapping[str, str], key: str) -> Run:
    """Queue the branch. What is wrong with a changed setting is said beside the field that `shown_as` names."""
    try:
        spec = RunSpec.parse(run.spec | changes)
    except SpecError as error:
        fields = {shown_as.get(name, name): text for name, text in wording.spec_fields(error).items()}
        raise UserError("invalid_fork", _("Nothing was queued: the fork cannot be made."), fields=fields) from None
    field = next(iter(shown_as.values()))
    if spec.to_dict() == RunSpec.stored(run.spec).to_dict() and run.step >= run.steps:
        raise UserError(
            "same_recipe",
            _("Nothing was queued: nothing is changed."),
            fields={field: _("This is what it is already.")},
        )
    if spec.steps <= step:
        text = wording.SPEC["ends_before_fork"] % {"low": f"{(step + 1) * spec.tokens_per_step:,}"}
        raise UserError("ends_before_fork", _("Nothing was queued: the fork cannot be made."), fields={field: text})
    return run_submit(
        owner=owner,
        lab=run.lab,
        values=spec.to_dict(),
        prediction=None,
        idempotency_key=key,
        branch=Branch(parent=run, step=step),
    )
