"""What learners and teams may train on one day, and what is left of it. Called by `labs.services` and selectors.

A day is the portal's (TIME_ZONE) and counts the runs submitted on it: those that have ended by the seconds that they
trained, the others by what they are expected to take. Replays cost nothing; graded runs count, but have
attempts of their own and are not refused here. A limit of 0 is none.
Teams are known by the user model's relation `teams` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labs.costs import Speeds, work_of
from labs.models import Run, RunQuerySet
from labs.paces import pace_key
from portal.lib.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Left:
    """One limit of today. `team` is the name of the team that shares it; empty for one's own."""

    seconds: bool
    """Counted in seconds of training; else in runs."""
    limit: int
    left: float
    team: str = ""

    @property
    def text(self) -> str:
        """What is left, as the recipe panel says it."""
        values = {"left": f"{max(0.0, self.left):,.0f}", "limit": f"{self.limit:,}", "team": self.team}
        if self.seconds and self.team:
            return _("%(left)s of %(limit)s s of training left for %(team)s") % values
        if self.seconds:
            return _("%(left)s of %(limit)s s of training left for you") % values
        if self.team:
            text = ngettext(
                "%(left)s of %(limit)s run left for %(team)s",
                "%(left)s of %(limit)s runs left for %(team)s",
                self.limit,
            )
        else:
            text = ngettext(
                "%(left)s of %(limit)s run left for you", "%(left)s of %(limit)s runs left for you", self.limit
            )
        return text % values

    def refuses(self, seconds: float) -> bool:
        """Whether another run, which is expected to train for so long, is too much."""
        return self.left < (seconds if self.seconds else 1)


def left(owner: Any) -> list[Left]:
    """Every limit that holds for a person today. One query for each counted one, and two where there are any."""
    return list(_left(owner))


def check(owner: Any, seconds: float) -> None:
    """Refuse a run over a limit. Called under `lock_owner`, in its transaction. Raises UserError `day_used_up`."""
    if (settings.LAB_TEAM_RUNS_A_DAY or settings.LAB_TEAM_SECONDS_A_DAY) and connection.vendor == "postgresql":
        list(owner.teams.order_by("pk").select_for_update())  # members of a team count one after the other
    for found in _left(owner):
        if found.refuses(seconds):
            raise UserError("day_used_up", _refusal(found, seconds), _("Tomorrow there is more."), status=429)


def _refusal(found: Left, seconds: float) -> str:
    values = {
        "limit": f"{found.limit:,}",
        "left": f"{max(0.0, found.left):,.0f}",
        "seconds": f"{seconds:,.0f}",
        "team": found.team,
    }
    if found.seconds and found.team:
        return _("%(team)s has %(left)s s of training left today; this run needs about %(seconds)s s.") % values
    if found.seconds:
        return _("You have %(left)s s of training left today; this run needs about %(seconds)s s.") % values
    if found.team:
        return _("%(team)s has used up its %(limit)s runs of today.") % values
    return _("You have used up your %(limit)s runs of today.") % values


def _left(owner: Any) -> Iterator[Left]:
    runs = Run.objects.filter(created_at__gte=midnight(), replay_of=None).order_by()
    yield from _counted(runs.filter(owner_id=owner.pk), settings.LAB_RUNS_A_DAY, settings.LAB_SECONDS_A_DAY)
    if settings.LAB_TEAM_RUNS_A_DAY or settings.LAB_TEAM_SECONDS_A_DAY:
        for team in owner.teams.order_by("pk"):
            ours = runs.filter(owner__in=team.members.all())
            yield from _counted(ours, settings.LAB_TEAM_RUNS_A_DAY, settings.LAB_TEAM_SECONDS_A_DAY, str(team))


def _counted(runs: RunQuerySet, most_runs: int, most_seconds: int, team: str = "") -> Iterator[Left]:
    if most_runs:
        yield Left(seconds=False, limit=most_runs, left=most_runs - runs.count(), team=team)
    if most_seconds:
        yield Left(seconds=True, limit=most_seconds, left=most_seconds - _seconds(runs), team=team)


def _seconds(runs: RunQuerySet) -> float:
    """What these runs have trained or are expected to. Two queries."""
    speeds = Speeds.measured()
    return sum(
        _expected(run, speeds) for run in runs.only("state", "trained_s", "work", "pace", "spec", "params", "steps")
    )


def _expected(run: Run, speeds: Speeds) -> float:
    if run.ended:
        return run.trained_s
    work = run.work or work_of(run)
    pace = run.pace or pace_key(run.spec.get("family", "gpt"), work, run.steps)
    return max(run.trained_s, speeds.training_s(pace, work))


def midnight() -> datetime:
    """When today began."""
    zone = timezone.get_default_timezone()
    return datetime.combine(timezone.localdate(timezone=zone), time.min, tzinfo=zone)
