"""Fixtures of this app's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _no_tries_counted() -> Iterator[None]:
    """Sign-in limits live in the cache; each test starts with none used."""
    cache.clear()
    yield
    cache.clear()
