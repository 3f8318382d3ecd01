"""What learners do with views and boards: share, take back, join, leave. Called by the pages of `labs.compare`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labs.catalogue import LABS
from labs.compare.models import BoardEntry, Share, Shown
from labs.compare.view import MOST_DRAWN, View
from labs.locks import lock_owner
from labs.models import Run
from portal.lib.errors import UserError

DAYS, MOST_DAYS = 30, 90
MOST_SHARES = 50
LONGEST_TITLE = 80
KEPT = ("axis", "log", "group", "loss", "whole")
"""Parts of a view that a share keeps."""


def share_create(
    *,
    owner: Any,
    runs: tuple[int, ...],
    view: Mapping[str, Any],
    title: str,
    days: int | None,
    with_samples: bool,
    idempotency_key: str,
) -> Share:
    """Share a view of one's own runs with one's teams. The same key twice is one share.

    Raises UserError with every wrong field: `invalid_request`, `too_many_shares`.
    """
    title = title.replace("\0", "").strip()
    mine = set(Run.objects.for_user(owner).filter(pk__in=runs[:MOST_DRAWN]).values_list("pk", flat=True))
    fields = _wrong(runs, mine, title, days)
    if fields:
        raise UserError("invalid_request", _("Nothing was shared: some values cannot be used."), fields=fields)
    kept = {name: value for name, value in View.read(view).pairs.items() if name in KEPT}
    with transaction.atomic():
        lock_owner(owner)
        before = Share.objects.for_user(owner).filter(idempotency_key=idempotency_key).first()
        if before is not None:
            return before
        _check_number(owner)
        share = Share.objects.create(
            owner=owner,
            title=title,
            view=kept,
            with_samples=with_samples,
            idempotency_key=idempotency_key,
            expires_at=timezone.now() + timedelta(days=days or DAYS),
        )
        share.runs.set(mine)
    return share


def _wrong(runs: tuple[int, ...], mine: set[int], title: str, days: int | None) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if not runs:
        fields["show"] = _("Draw at least one run first.")
    elif len(runs) > MOST_DRAWN:
        fields["show"] = _("At most %(most)s runs can be shared at once.") % {"most": MOST_DRAWN}
    elif set(runs) - mine:
        fields["show"] = _("Only your own runs can be shared.")
    if len(title) > LONGEST_TITLE:
        fields["title"] = _("Use at most %(most)s characters.") % {"most": LONGEST_TITLE}
    if days is None or not 1 <= days <= MOST_DAYS:
        fields["days"] = _("Choose a value from %(low)s to %(high)s.") % {"low": 1, "high": MOST_DAYS}
    return fields


def _check_number(owner: Any) -> None:
    if Share.objects.for_user(owner).active().count() >= MOST_SHARES:
        text = ngettext("You share %(number)s view already.", "You share %(number)s views already.", MOST_SHARES) % {
            "number": MOST_SHARES
        }
        raise UserError("too_many_shares", text, _("Take one back first."))


def share_revoke(*, owner: Any, token: str) -> Share:
    """Let the link open nothing any more; doing it twice changes nothing. Raises Http404 for somebody else's."""
    share = get_object_or_404(Share.objects.for_user(owner), token=token)
    Share.objects.filter(pk=share.pk, revoked_at=None).update(revoked_at=timezone.now())
    share.refresh_from_db(fields=["revoked_at"])
    return share


def board_join(*, user: Any, lab: str, shown: str) -> BoardEntry:
    """Take part in a lab's board, or change how one stands there. Raises Http404, UserError."""
    if lab not in LABS:
        raise Http404(lab)
    if not user.is_learner:
        raise UserError("not_a_learner", _("Boards are for learners."), status=403)
    if shown not in Shown.values:
        text = _("Choose how you want to stand on the board.")
        raise UserError("invalid_request", text, fields={"shown": text})
    try:
        with transaction.atomic():
            entry, _created = BoardEntry.objects.update_or_create(user=user, lab=lab, defaults={"shown": shown})
    except IntegrityError:  # two presses at once: the other one has made the row
        entry = BoardEntry.objects.get(user=user, lab=lab)
    return entry


def board_leave(*, user: Any, lab: str) -> None:
    """Take part no more; nothing of it stays. Raises Http404 for a lab that is none."""
    if lab not in LABS:
        raise Http404(lab)
    BoardEntry.objects.filter(user=user, lab=lab).delete()
