"""The people of a fresh embedded portal: one for each role, and a team. Used by `manage.py up` and by the tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from portal.accounts.models import Team, User


@dataclass(frozen=True)
class Person:
    """Somebody to create. `role` is the one role that they hold."""

    role: str
    display_name: str

    @property
    def email(self) -> str:
        """The address they sign in with; nothing is ever sent to it."""
        return f"{self.role}@gradus.example"


CAST = (
    Person("learner", "林悦"),
    Person("manager", "周文"),
    Person("author", "陈一鸣"),
    Person("administrator", "Alex Morgan"),
)
TEAM = "平台工程 Platform engineering"


@transaction.atomic
def create_cast(password_for: Callable[[Person], str]) -> dict[str, User]:
    """Create everybody of CAST, by role; the manager leads the team that the learner is in."""
    people = {person.role: _create(person, password_for(person)) for person in CAST}
    team = Team.objects.create(name=TEAM)
    team.managers.add(people["manager"])
    team.members.add(people["learner"])
    return people


def _create(person: Person, password: str) -> User:
    roles = {f"is_{role}": role == person.role for role in ("learner", "manager", "author", "administrator")}
    return User.objects.create_user(person.email, password, display_name=person.display_name, **roles)
