"""Answers what was asked of deployments, one request of a deployment at a time. Called by `labs.tasks`.

A message names a deployment and carries nothing else: its oldest waiting request is claimed by a conditional UPDATE,
written, and ended by the worker that claimed it. The tokens are counted in the transaction that ends it, so once.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from labs import writing
from labs.deploy.models import Completion, Deployment, today
from labs.deploy.pieces import Pieces, tell
from labs.deploy.states import Asked, Deployed
from labs.goals import check_calls
from labs.runner import run_dir

log = logging.getLogger(__name__)

FORGOTTEN_S = 5.0
"""A request still waiting by then, with none being written before it, may have lost its message."""
GIVEN_UP_S = 120.0
"""A request that nobody took up by then is given up; its client has left long before."""
KEPT = timedelta(days=1)
"""How long the rows of ended requests stay, for whoever looks into a failure."""


def work(deployment_id: int) -> bool:
    """Answer the oldest waiting request of a deployment; True when more of them wait."""
    completion = claim(deployment_id)
    if completion is None:
        return False
    pieces = Pieces(completion.pk)
    try:
        pieces.send("claimed")
        outcome = _write(completion, pieces)
        if not finish(completion, outcome):
            log.warning("request %s was ended by somebody else", completion.pk)
        elif completion.state == Asked.DONE:
            pieces.send(
                "end", finish=outcome.finish or "length", prompt_tokens=outcome.prompt_tokens, tokens=outcome.tokens
            )
        else:
            pieces.send("failed", error=completion.error)
    finally:
        pieces.close()
    return _waiting(deployment_id).exists()


def claim(deployment_id: int) -> Completion | None:
    """Take the oldest waiting request, unless another of this deployment is being written. Two queries."""
    completion = _waiting(deployment_id).select_related("deployment__run").order_by("pk").first()
    if completion is None:
        return None
    try:
        with transaction.atomic():
            claimed = completion.move(Asked.WRITING, claimed_at=timezone.now())
    except IntegrityError:  # one_written_at_once
        return None
    return completion if claimed else None


def _waiting(deployment_id: int) -> QuerySet[Completion]:
    return Completion.objects.filter(deployment_id=deployment_id, state=Asked.WAITING)


def _write(completion: Completion, pieces: Pieces) -> writing.Outcome:
    run = completion.deployment.run
    if run is None or not (run_dir(run) / "model").is_dir():
        return writing.Outcome(error="model_gone")
    row = Completion.objects.filter(pk=completion.pk, state=Asked.WRITING, cancel_requested_at=None)

    def take(text: str) -> None:
        if not pieces.send("text", text=text):
            log.warning("request %s: Redis is away, a piece is lost", completion.pk)

    return writing.write(run, {"prompt": completion.prompt} | completion.options, take=take, wanted=row.exists)


def finish(completion: Completion, outcome: writing.Outcome) -> bool:
    """End a request and count its tokens; False when it is no longer this worker's. A text that met its time limit is
    one that was cut short."""
    error = "" if outcome.error == "out_of_time" else outcome.error
    state = Asked.DONE if not error else Asked.CANCELLED if error == "cancelled" else Asked.FAILED
    counts = {"prompt_tokens": outcome.prompt_tokens, "tokens": outcome.tokens}
    with transaction.atomic():
        if not completion.move(state, error=error, prompt="", ended_at=timezone.now(), **counts):
            return False
        deployment = completion.deployment
        _count(deployment, outcome.prompt_tokens + outcome.tokens)
        if state == Asked.DONE and deployment.run is not None:
            check_calls(deployment.run)
        if error == "model_gone" and deployment.state == Deployed.ACTIVE:
            deployment.move(Deployed.GONE, ended_at=timezone.now())
    return True


def _count(deployment: Deployment, tokens: int) -> None:
    """Add to the totals, and to the day's count while that day lasts."""
    row = Deployment.objects.filter(pk=deployment.pk)
    row.update(tokens_total=F("tokens_total") + tokens)
    row.filter(used_on=today()).update(tokens_today=F("tokens_today") + tokens)


def expire() -> None:
    """End what nobody will: requests of lost workers, deployments whose last day is over; forget old requests.

    Idempotent. Four queries, and two for each request that ends here.
    """
    now = timezone.now()
    lost = Completion.objects.filter(state=Asked.WRITING, claimed_at__lt=now - timedelta(seconds=writing.LOST_S))
    late = Completion.objects.filter(state=Asked.WAITING, created_at__lt=now - timedelta(seconds=GIVEN_UP_S))
    for completion in [*lost, *late]:
        if completion.move(Asked.FAILED, error="worker_lost", prompt="", ended_at=now):
            tell([completion.pk], "failed", error="worker_lost")
    Deployment.objects.active().filter(expires_at__lte=now).update(state=Deployed.EXPIRED, ended_at=F("expires_at"))
    Completion.objects.filter(ended_at__lt=now - KEPT).delete()


def forgotten() -> list[int]:
    """Deployments whose requests wait suspiciously long while none is written. One query."""
    old = timezone.now() - timedelta(seconds=FORGOTTEN_S)
    waiting = Completion.objects.filter(state=Asked.WAITING, created_at__lt=old)
    busy = Completion.objects.filter(state=Asked.WRITING).values("deployment_id")
    ids = waiting.exclude(deployment_id__in=busy).values_list("deployment_id", flat=True)
    return list(ids.order_by("deployment_id").distinct()[:10])
