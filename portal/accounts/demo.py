"""Creates the people of `portal.accounts.cast` and their team. Used by `manage.py up` and by the tests."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from portal.accounts.cast import CAST, TEAM, Person
from portal.accounts.models import ROLES, Team, User


@transaction.atomic
def create_cast(password_for: Callable[[Person], str]) -> dict[str, User]:
    """Create everybody of CAST, by role; the manager leads the team that the learner is in."""
    people = {person.role: _create(person, password_for(person)) for person in CAST}
    team = Team.objects.create(name=TEAM)
    team.managers.add(people["manager"])
    team.members.add(people["learner"])
    return people


def _create(person: Person, password: str) -> User:
    roles = {f"is_{role}": role == person.role for role in ROLES}
    return User.objects.create_user(person.email, password, display_name=person.display_name, **roles)
