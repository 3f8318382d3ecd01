"""People for the tests of this app."""

from __future__ import annotations

from portal.accounts.models import Team, User

PASSWORD = "quite-long-enough"


def person(email: str = "mei@example.com", **fields: object) -> User:
    """A learner called Mei who reads English."""
    return User.objects.create_user(email, PASSWORD, **{"display_name": "Mei", "language": "en"} | fields)


def team(name: str, parent: Team | None = None, *, managers: tuple[User, ...] = ()) -> Team:
    """A team without members."""
    made = Team.objects.create(name=name, parent=parent)
    made.managers.add(*managers)
    return made
