"""Whom a manager sees: the members of their teams and of the teams below. Called by the report selectors only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import Http404

from portal.lib.words import listing

if TYPE_CHECKING:
    from portal.accounts.models import Team, User


@dataclass(frozen=True)
class TeamChoice:
    """A team that a manager may look at. `depth` counts the teams above it that they also see."""

    pk: int
    name: str
    depth: int
    ids: frozenset[int]
    """Its own id and those of the teams below."""
    members: frozenset[int]
    """Ids of its learners and of those in the teams below."""

    @property
    def count(self) -> int:
        return len(self.members)


@dataclass(frozen=True)
class Scope:
    """All teams of one manager, in the order of the tree, and who is in which."""

    teams: list[TeamChoice]
    memberships: dict[int, list[int]]
    """Ids of the teams that a learner is in directly, by learner."""

    def choose(self, pk: int | None) -> TeamChoice:
        """The team `pk`, or the first. Raises Http404 for a team that is not the manager's."""
        found = next((team for team in self.teams if pk is None or team.pk == pk), None)
        if found is None:
            raise Http404
        return found

    def team_names(self, user_id: int) -> str:
        """The teams of a learner, as far as the manager sees them."""
        names = {team.pk: team.name for team in self.teams}
        return listing(names[pk] for pk in self.memberships.get(user_id, ()))


def team_model() -> type[Team]:
    """Courses know teams and people only through Django's registry."""
    return apps.get_model("accounts.Team")


def user_model() -> type[User]:
    """See team_model."""
    model: Any = get_user_model()
    return model  # type: ignore[no-any-return]  # get_user_model is typed as the abstract base


def learners() -> QuerySet[User]:
    """Everybody who learns and may sign in."""
    return user_model().objects.filter(is_active=True, is_learner=True)


def learners_in(teams: Iterable[int]) -> QuerySet[User]:
    """Learners of these teams. A subquery: a list of a thousand ids takes longer to send than to look up."""
    through = team_model().members.through.objects
    return learners().filter(pk__in=through.filter(team_id__in=list(teams)).values("user_id"))


def scope_of(manager: User) -> Scope:
    """Teams that `manager` sees, parents before children. Four queries, two when they manage nothing."""
    teams = list(team_model().objects.for_user(manager))
    ids = [team.pk for team in teams]
    through = team_model().members.through.objects
    pairs = through.filter(team_id__in=ids, user__is_active=True, user__is_learner=True).order_by("team_id", "user_id")
    direct: dict[int, set[int]] = {pk: set() for pk in ids}
    memberships: dict[int, list[int]] = {}
    for team_id, user_id in pairs.values_list("team_id", "user_id"):
        direct[team_id].add(user_id)
        memberships.setdefault(user_id, []).append(team_id)
    return Scope(teams=list(_walk(teams, direct)), memberships=memberships)


def _walk(teams: list[Team], direct: dict[int, set[int]]) -> Iterable[TeamChoice]:
    """Depth first from the topmost teams that are seen."""
    seen = {team.pk for team in teams}
    children: dict[int | None, list[Team]] = {}
    for team in teams:
        parent = team.parent_id if team.parent_id in seen else None
        children.setdefault(parent, []).append(team)

    def below(team: Team) -> set[int]:
        return {team.pk}.union(*(below(child) for child in children.get(team.pk, ())))

    def visit(team: Team, depth: int) -> Iterable[TeamChoice]:
        ids = below(team)
        members = frozenset[int]().union(*(direct[pk] for pk in ids))
        yield TeamChoice(team.pk, team.name, depth, frozenset(ids), members)
        for child in children.get(team.pk, ()):
            yield from visit(child, depth + 1)

    for team in children.get(None, ()):
        yield from visit(team, 0)
