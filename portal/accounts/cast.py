"""Who is in a fresh embedded portal and in the tests. Plain data, for clients that drive a portal without Django."""

from __future__ import annotations

from dataclasses import dataclass


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
