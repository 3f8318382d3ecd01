"""What a manager may grant a learner: one more attempt at a quiz, more time in all of them. Called by the learner page.

Each grant is kept with who gave it, when and why; the same form sent twice grants once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.http import Http404
from django.utils.translation import gettext as _

from courses.models import Allowance, ChapterProgress
from courses.reports.learners import learner_get
from portal.lib.errors import UserError

if TYPE_CHECKING:
    from portal.accounts.models import User

MAX_REASON = 300
MAX_TOKEN = 64
EXTRA_TIME = (0, 25, 50, 100)
"""Percent more time that can be chosen; 0 ends it."""


@transaction.atomic
def attempt_allow(*, manager: User, learner_id: int, course: str, chapter: str, reason: str, token: str) -> bool:
    """One more quiz attempt; False when this form was sent before.

    Raises Http404 for a learner of nobody's team of `manager` and for oneself, and UserError naming `reason`.
    """
    learner = _learner(manager, learner_id)
    rows = ChapterProgress.objects.filter(user=learner, chapter__slug=chapter, chapter__course__slug=course)
    progress = rows.first()
    if progress is None:
        raise Http404
    if not _granted(manager, learner, reason, token, kind="attempt", chapter_id=progress.chapter_id):
        return False
    rows.update(extra_attempts=F("extra_attempts") + 1)
    return True


@transaction.atomic
def time_allow(*, manager: User, learner_id: int, percent: int, reason: str, token: str) -> bool:
    """`percent` more time in attempts begun from now on; False when this form was sent before. Raises as above."""
    learner = _learner(manager, learner_id)
    if percent not in EXTRA_TIME:
        raise UserError("bad_percent", _("Choose one of the extra times offered."), fields={"percent": ""})
    return _granted(manager, learner, reason, token, kind="time", percent=percent)


def _learner(manager: User, learner_id: int) -> User:
    learner, _teams = learner_get(manager, learner_id)
    if learner.pk == manager.pk:
        raise Http404
    return learner


def _granted(manager: User, learner: User, reason: str, token: str, **what: Any) -> bool:
    """Write the grant; False when there is one with this token."""
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON or not reason.isprintable():
        message = _("Say in a sentence why, for the record.")
        raise UserError("bad_reason", message, fields={"reason": message})
    if not token or len(token) > MAX_TOKEN:
        raise UserError("bad_token", _("This form is out of date. Load the page again."))
    defaults = what | {"reason": reason, "granted_by": manager}
    _allowance, created = Allowance.objects.get_or_create(user=learner, token=token, defaults=defaults)
    return created
