"""What owners do with deployments, and what is asked of them. Called by the run page and by the API."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labs import selectors as runs
from labs.deploy import selectors
from labs.deploy.models import Completion, Deployment, DeploymentQuerySet, today
from labs.deploy.pieces import tell
from labs.deploy.states import OPEN, Asked, Deployed
from labs.locks import lock_owner
from labs.tasks import complete
from labs.wake import send
from portal.lib.errors import UserError

KEY_START = "grd-"
SHOWN = 10
"""Characters of a key that its owner goes on seeing."""
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
DAYS, MOST_DAYS = 30, 90
REQUESTS_PER_DAY = 200
QUEUE = 3
"""Requests of one deployment that may wait behind the one that is being written."""
BUSY_S = 2
"""When to come back while the queue is full, seconds."""


class RefusedError(UserError):
    """A request that its deployment does not take. `retry_after_s`: when it might; None for never or not soon."""

    def __init__(self, code: str, message: str, *, status: int, retry_after_s: int | None = None) -> None:
        super().__init__(code, message, status=status)
        self.retry_after_s = retry_after_s


# For owners


def deployment_create(
    *, owner: Any, run_id: int, name: str, days: int | None, requests_per_day: int | None
) -> tuple[Deployment, str]:
    """Give a finished model an address; returns it with its key, which nothing shows again.

    Raises UserError: `invalid_request` with every wrong field, `no_model`, `too_many_deployments`. Http404.
    """
    run = runs.run_get(owner, run_id)
    if not selectors.can_deploy(run):
        text = _("This run has no model that writes text.")
        raise UserError("no_model", text, _("Finished runs of language and sequence models have one."))
    name = name.strip().lower()
    fields = _wrong_fields(name, days, requests_per_day)
    key = KEY_START + secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        lock_owner(owner)
        mine = Deployment.objects.for_user(owner).active()
        mine.filter(expires_at__lte=now).update(state=Deployed.EXPIRED, ended_at=F("expires_at"))
        if not fields and mine.filter(name=name).exists():
            fields["name"] = _("You have a model of this name already. Choose another, or revoke that one first.")
        if fields:
            raise UserError("invalid_request", _("Nothing was deployed: some values cannot be used."), fields=fields)
        _check_number(mine)
        deployment = Deployment.objects.create(
            run=run,
            owner=owner,
            name=name,
            key_sha256=selectors.key_hash(key),
            key_prefix=key[:SHOWN],
            requests_per_day=requests_per_day or REQUESTS_PER_DAY,
            tokens_per_day=settings.LAB_DEPLOY_TOKENS,
            expires_at=now + timedelta(days=days or DAYS),
        )
    return deployment, key


def deployment_revoke(*, owner: Any, deployment_id: int) -> Deployment:
    """Let the key open nothing any more; what is being written for it ends. Ended ones stay. Raises Http404."""
    deployment = selectors.deployment_get(owner, deployment_id)
    now = timezone.now()
    with transaction.atomic():
        if deployment.state == Deployed.ACTIVE and deployment.move(Deployed.REVOKED, ended_at=now):
            asked = Completion.objects.filter(deployment=deployment)
            waiting = [row for row in asked.filter(state=Asked.WAITING) if _cancelled(row)]
            asked.filter(state=Asked.WRITING, cancel_requested_at=None).update(cancel_requested_at=now)
            transaction.on_commit(lambda: tell([row.pk for row in waiting], "failed", error="cancelled"))
    return deployment


def _wrong_fields(name: str, days: int | None, requests_per_day: int | None) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if not NAME.fullmatch(name):
        fields["name"] = _("Use 1 to 40 small letters, digits and hyphens, a hyphen neither first nor last.")
    most = {"days": MOST_DAYS, "requests_per_day": settings.LAB_DEPLOY_REQUESTS}
    for field, value in {"days": days, "requests_per_day": requests_per_day}.items():
        if value is None or not 1 <= value <= most[field]:
            limits = {"low": "1", "high": f"{most[field]:,}"}
            fields[field] = _("Choose a value from %(low)s to %(high)s.") % limits
    return fields


def _check_number(mine: DeploymentQuerySet) -> None:
    most = settings.LAB_DEPLOYMENTS_PER_PERSON
    if mine.count() >= most:
        text = ngettext(
            "You have %(number)s deployed model already.", "You have %(number)s deployed models already.", most
        )
        raise UserError("too_many_deployments", text % {"number": most}, _("Revoke one first."))


# For programs


def deployment_open(*, key: str) -> Deployment:
    """The deployment that this key opens now. Raises RefusedError: 401 for a wrong key, 403 for one that opens nothing
    any more, 404 when its model is gone. One query.
    """
    deployment = selectors.deployment_of_key(key) if key else None
    if deployment is None:
        raise RefusedError("invalid_api_key", _("This API key is not known here."), status=401)
    _check_open(deployment)
    return deployment


def completion_create(*, deployment: Deployment, prompt: str, options: Mapping[str, Any]) -> Completion:
    """Count a request and queue it; a worker is woken on commit. Four queries.

    Counting, limits and the row are one transaction: of two requests at once only one gets the last place. Raises
    RefusedError: 403, 404 as in `deployment_open`, 429 for a limit of the day or a full queue.
    """
    now, day = timezone.now(), today()
    with transaction.atomic():
        row = Deployment.objects.filter(pk=deployment.pk)
        row.exclude(used_on=day).update(used_on=day, requests_today=0, tokens_today=0)
        counted = row.filter(
            state=Deployed.ACTIVE,
            expires_at__gt=now,
            requests_today__lt=F("requests_per_day"),
            tokens_today__lt=F("tokens_per_day"),
        ).update(requests_today=F("requests_today") + 1, requests_total=F("requests_total") + 1, last_used_at=now)
        if not counted:
            deployment.refresh_from_db(from_queryset=Deployment.objects.select_related("run", "owner"))
            _check_open(deployment)
            _refuse_for_today(deployment)
        # The row of the deployment is locked by now: nobody else counts beside us.
        if Completion.objects.filter(deployment=deployment, state__in=OPEN).count() > QUEUE:
            text = _("This model is writing, and %(number)s requests wait already.") % {"number": QUEUE}
            raise RefusedError("queue_full", text, status=429, retry_after_s=BUSY_S)
        completion = Completion.objects.create(deployment=deployment, prompt=prompt, options=dict(options))
        transaction.on_commit(lambda: send(complete, deployment.pk))
    return completion


def completion_cancel(*, completion_id: int, refund: bool = False) -> None:
    """Nobody waits for this request any more. `refund`: it was the portal's fault, so it does not count.

    A waiting one ends now; one that is being written ends within a second. Ended ones stay.
    """
    with transaction.atomic():
        completion = Completion.objects.select_for_update().filter(pk=completion_id, state__in=OPEN).first()
        if completion is None:
            return
        if completion.state == Asked.WAITING and _cancelled(completion):
            if refund:
                row = Deployment.objects.filter(pk=completion.deployment_id)
                row.update(requests_total=F("requests_total") - 1)
                row.filter(requests_today__gt=0).update(requests_today=F("requests_today") - 1)
            return
        rows = Completion.objects.filter(pk=completion_id, state=Asked.WRITING, cancel_requested_at=None)
        rows.update(cancel_requested_at=timezone.now())


def _cancelled(completion: Completion) -> bool:
    return completion.move(Asked.CANCELLED, error="cancelled", prompt="", ended_at=timezone.now())


def _check_open(deployment: Deployment) -> None:
    state = deployment.now_state
    if state == Deployed.GONE or deployment.run is None:
        raise RefusedError("model_gone", _("The run or the files of this model were deleted."), status=404)
    if state == Deployed.REVOKED or not deployment.owner.is_active:
        raise RefusedError("key_revoked", _("This API key was revoked."), status=403)
    if state == Deployed.EXPIRED:
        raise RefusedError("key_expired", _("This API key has expired."), status=403)


def _refuse_for_today(deployment: Deployment) -> None:
    """Raises RefusedError: the limit of the day that was met, and when the next day begins."""
    now = timezone.now()
    midnight = datetime.combine(today() + timedelta(days=1), time(), tzinfo=timezone.get_default_timezone())
    seconds = max(1, math.ceil((midnight - now).total_seconds()))
    if deployment.requests_today >= deployment.requests_per_day:
        text = _("The limit of this model, %(number)s requests a day, is used up.")
        text %= {"number": f"{deployment.requests_per_day:,}"}
        raise RefusedError("requests_used_up", text, status=429, retry_after_s=seconds)
    text = _("The limit of this model, %(number)s tokens a day, is used up.")
    text %= {"number": f"{deployment.tokens_per_day:,}"}
    raise RefusedError("tokens_used_up", text, status=429, retry_after_s=seconds)
