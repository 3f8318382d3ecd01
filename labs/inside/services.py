"""Asking about the inside of one's own run. Called by the page's endpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labs.inside import questions, selectors
from labs.inside.models import Probe
from labs.inside.problems import PASSING
from labs.inside.states import Probed
from labs.locks import lock_owner
from labs.models import Run
from labs.tasks import look
from labs.wake import send
from portal.lib.errors import UserError

MOST_OPEN = 16
"""Questions of one person that may wait: a whole page asks fewer at once."""
EDITION = 2
"""Of the answers: another one makes those that are kept be asked for anew."""
MOST_KEPT = 300
"""Answers kept for one person."""


def probe_ask(*, owner: Any, run_id: int, question: str, values: Mapping[str, Any]) -> Probe:
    """The row of a question about one's own run: answered already, or on its way. Two queries for one that was asked
    before.

    Raises UserError: `no_question`, `invalid_question` with every wrong field, `too_many_questions` (429). Http404.
    """
    run = selectors.run_get(owner, run_id)
    if question not in questions.asks(run.spec):
        raise UserError("no_question", _("This model has no answer to such a question."))
    params = _at_step(run, questions.read(question, values))
    key = _key(run, question, params)
    known = Probe.objects.filter(run=run, key=key).first()
    if known is not None and not _again(known):
        return known
    with transaction.atomic():
        lock_owner(owner)
        mine = Probe.objects.for_user(owner)
        if mine.open().count() >= MOST_OPEN:
            text = _("You have asked %(number)s questions that wait for their answers.") % {"number": MOST_OPEN}
            raise UserError("too_many_questions", text, _("Wait a moment."), status=429)
        probe, new = Probe.objects.get_or_create(run=run, key=key, defaults={"question": question, "params": params})
        if new or (_again(probe) and _reset(probe)):
            transaction.on_commit(lambda: send(look, probe.pk))
        if new:
            _forget_oldest(mine)
    return probe


def _at_step(run: Run, params: dict[str, Any]) -> dict[str, Any]:
    """The finished model is the default and has one name, whatever the address calls it. Raises UserError."""
    known = selectors.steps(run)
    if not known and not selectors.has_model(run):
        raise UserError("no_model", _("This run has left no weights to look at."))
    step = params.get("step")
    if selectors.has_model(run):
        if step is not None and step in known[-1:]:
            return {name: value for name, value in params.items() if name != "step"}
    elif step is None:
        return params | {"step": known[-1]}
    if step is not None and step not in known:
        text = _("The weights of this step were not kept.")
        raise UserError("invalid_question", text, fields={"step": text})
    return params


def _key(run: Run, question: str, params: Mapping[str, Any]) -> str:
    """What the answer follows from. A run that goes on is another one."""
    whole = json.dumps([EDITION, question, params, run.fence, run.state], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def _again(probe: Probe) -> bool:
    return probe.state == Probed.FAILED and probe.error in PASSING


def _reset(probe: Probe) -> bool:
    cleared: dict[str, Any] = {"error": "", "detail": {}, "claimed_at": None, "finished_at": None}
    return probe.move(Probed.WAITING, created_at=timezone.now(), **cleared)


def _forget_oldest(mine: Any) -> None:
    old = mine.order_by("-pk").values_list("pk", flat=True)[MOST_KEPT : MOST_KEPT + 50]
    Probe.objects.filter(pk__in=list(old)).delete()
