"""How allauth behaves here. People are made by administrators, so nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no type hints
    """No open registration."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False
