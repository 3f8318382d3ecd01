"""Who may see what of whom: team mates, managers, those who teach. Labs know teams only through Django's registry.

Called by the selectors of `labs.compare` and `labs.teaching`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import Http404

if TYPE_CHECKING:
    from portal.accounts.models import Team, User


@dataclass(frozen=True, kw_only=True)
class TeamChoice:
    """A team that somebody who teaches may look at."""

    pk: int
    name: str
    depth: int
    """Teams above it that they also see."""
    ids: frozenset[int]
    """Its own id and those of the teams below."""


@dataclass(frozen=True, kw_only=True)
class Taught:
    """The learners that somebody who teaches sees: of one team and those below, or everybody."""

    learners: QuerySet[User]
    teams: list[TeamChoice]
    team: TeamChoice | None
    """The chosen one; None for all that they see."""


def team_model() -> type[Team]:
    """The model of teams."""
    return apps.get_model("accounts.Team")


def learners() -> QuerySet[User]:
    """Everybody who learns and may sign in."""
    model: Any = get_user_model()
    found: QuerySet[User] = model.objects.filter(is_active=True, is_learner=True)
    return found


def teaches(viewer: Any) -> bool:
    """Whether the pages for teachers are there for this person."""
    return bool(viewer.is_manager or sees_everybody(viewer))


def sees_everybody(viewer: Any) -> bool:
    """Authors and administrators see all learners."""
    return bool(viewer.is_author or viewer.is_administrator)


def may_read_shared(viewer: Any, owner_id: int) -> bool:
    """Whether a view that `owner_id` shares is for this person: the owner, their team mates, the managers of their
    teams and of those above. Three to five queries.
    """
    if viewer.pk == owner_id:
        return True
    through = team_model().members.through.objects
    own = set(through.filter(user_id=owner_id).values_list("team_id", flat=True))
    if not own:
        return False
    if through.filter(user_id=viewer.pk, team_id__in=own).exists():
        return True
    return team_model().objects.for_user(viewer).filter(pk__in=own).exists()


def class_of(viewer: Any, team_id: int | None = None) -> Taught:
    """Whom `viewer` sees, narrowed to a team. Raises Http404 for a team that is not theirs. One to three queries.

    A manager sees the members of their teams and of those below, never themselves by being nobody's.
    """
    everybody = sees_everybody(viewer)
    seen = team_model().objects.all() if everybody else team_model().objects.for_user(viewer)
    teams = list(_walk(list(seen)))
    team = next((one for one in teams if one.pk == team_id), None)
    if team_id is not None and team is None:
        raise Http404
    found = learners()
    if team is not None or not everybody:
        found = found.filter(pk__in=members(team.ids if team else {one.pk for one in teams}))
    return Taught(learners=found, teams=teams, team=team)


def members(teams: Iterable[int]) -> QuerySet[Any, Any]:
    """Ids of those who are in these teams, as a subquery."""
    return team_model().members.through.objects.filter(team_id__in=list(teams)).values("user_id")


def team_names(user_ids: Iterable[int], teams: Iterable[TeamChoice]) -> dict[int, list[str]]:
    """The teams of each of these people, as far as they are among `teams`. One query."""
    names = {team.pk: team.name for team in teams}
    rows = team_model().members.through.objects.filter(user_id__in=list(user_ids), team_id__in=list(names))
    found: dict[int, list[str]] = {}
    for user_id, team_id in rows.order_by("team_id").values_list("user_id", "team_id"):
        found.setdefault(user_id, []).append(names[team_id])
    return found


def _walk(teams: list[Team]) -> Iterator[TeamChoice]:
    """Depth first from the topmost teams that are seen."""
    seen = {team.pk for team in teams}
    children: dict[int | None, list[Team]] = {}
    for team in teams:
        children.setdefault(team.parent_id if team.parent_id in seen else None, []).append(team)

    def below(team: Team) -> set[int]:
        return {team.pk}.union(*(below(child) for child in children.get(team.pk, ())))

    def visit(team: Team, depth: int) -> Iterator[TeamChoice]:
        yield TeamChoice(pk=team.pk, name=team.name, depth=depth, ids=frozenset(below(team)))
        for child in children.get(team.pk, ()):
            yield from visit(child, depth + 1)

    for team in children.get(None, ()):
        yield from visit(team, 0)
