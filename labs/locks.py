"""Locks under which limits are counted. Called by services."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection


def lock_owner(owner: Any) -> None:
    """Count a person's limits under this lock: of two presses at once only one may pass. SQLite's transactions are
    locks.
    """
    if connection.vendor == "postgresql":
        get_user_model()._default_manager.select_for_update().filter(pk=owner.pk).first()
