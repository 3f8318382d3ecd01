"""Answers questions about the inside of a run, in a child that keeps its model for the next. Called by `labs.tasks`.

A question is claimed by a conditional UPDATE and ended only by the worker that claimed it. The child stays for a minute
(see `trainer.nursery`) or until this process needs another: whoever types gets each answer for the price of a pass.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from labs.children import Child, NurseryError, nursery
from labs.drain import draining
from labs.inside.models import Probe, packed
from labs.inside.states import Probed
from labs.models import Run
from labs.runner import run_dir
from labs.selectors import base_run
from labs.uploads import path_of

log = logging.getLogger(__name__)

LIMIT_S = 20.0
"""Time for one answer."""
LOST_S = LIMIT_S + 10.0
"""A question that was taken up so long ago has lost its worker."""
GIVEN_UP_S = 60.0
"""A question that nobody took up by then is given up; whoever asked has stopped waiting."""
FORGOTTEN_S = 3.0
"""A question still waiting by then may have lost its message."""
KEPT = timedelta(days=1)
"""How long an answer is kept."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a question. `error`: out_of_time, interrupted (this worker is being stopped), no_process, failed,
    or what the child named.
    """

    answer: str = ""
    error: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def look(probe_id: int) -> None:
    """Answer one waiting question; a second call for the same one does nothing."""
    probe = Probe.objects.select_related("run__owner").defer("run__curve", "run__samples").filter(pk=probe_id).first()
    if probe is None or probe.state != Probed.WAITING or not probe.move(Probed.WORKING, claimed_at=timezone.now()):
        return
    outcome = ask(probe)
    if outcome.error == "interrupted":  # another worker answers it
        probe.move(Probed.WAITING, claimed_at=None)
        return
    probe.move(
        Probed.FAILED if outcome.error else Probed.DONE,
        packed=packed(outcome.answer) if outcome.answer else b"",
        error=outcome.error,
        detail=outcome.detail,
        finished_at=timezone.now(),
    )


def ask(probe: Probe) -> Outcome:
    """Put a question to the child that has this run's model open, or to a new one."""
    run, question = probe.run, {"id": probe.pk, "question": probe.question, "params": probe.params}
    name = f"{run.pk} {run.fence} {run.state}"
    known = nursery.kept(name)
    if known is not None and known.ask(question):
        outcome = _wait(known, probe.pk)
        if outcome.error != "failed":  # it may have left just as it was asked
            return outcome
    try:
        child = nursery.start(_request(run))
    except NurseryError:
        log.exception("run %s cannot be looked into", run.pk)
        return Outcome(error="no_process")
    nursery.keep(name, child)
    return _wait(child, probe.pk) if child.ask(question) else Outcome(error="failed")


def _request(run: Run) -> dict[str, Any]:
    corpus = run.spec["corpus"]
    base = base_run(run.owner, run.spec.get("base", ""))
    return {
        "kind": "look",
        "spec": run.spec,
        "run_dir": str(run_dir(run)),
        "weights": run.info.get("weights", ""),
        "text_path": str(path_of(corpus)) if corpus.startswith("sha256:") else None,
        "base": str(run_dir(base) / "model") if base else None,
    }


def _wait(child: Child, number: int) -> Outcome:
    """Read the child's answer. One that takes too long, or ends, is let go: what it still says is about the past."""
    until = time.monotonic() + LIMIT_S
    while not child.closed:
        for event in child.read(0.2):
            if event["id"] != number:
                continue
            if event["kind"] == "failed":
                return Outcome(error=event["ending"], detail=event["detail"])
            return Outcome(answer=event["answer"])
        late = time.monotonic() > until
        if late or draining():
            nursery.let_go()
            return Outcome(error="out_of_time" if late else "interrupted")
    nursery.let_go()
    return Outcome(error="failed")


def expire() -> None:
    """Give up questions that nobody answered, and forget old answers. Idempotent; three queries."""
    now = timezone.now()
    late = Probe.objects.filter(state=Probed.WAITING, created_at__lt=now - timedelta(seconds=GIVEN_UP_S))
    lost = Probe.objects.filter(state=Probed.WORKING, claimed_at__lt=now - timedelta(seconds=LOST_S))
    for rows in (late, lost):
        rows.update(state=Probed.FAILED, error="worker_lost", finished_at=now)
    Probe.objects.filter(created_at__lt=now - KEPT).delete()


def forgotten() -> list[int]:
    """Ids of questions that wait suspiciously long. One query."""
    old = timezone.now() - timedelta(seconds=FORGOTTEN_S)
    return list(Probe.objects.filter(state=Probed.WAITING, created_at__lt=old).values_list("pk", flat=True)[:20])
