"""The one factory of Redis clients. redis-py 8 gives up after 5 s by default, shorter than our blocking reads."""

from __future__ import annotations

from typing import Any

import redis
import redis.asyncio
from django.conf import settings

BLOCK_S = 5.0
"""Longest blocking read, seconds; socket timeouts lie above it."""

_OPTIONS: dict[str, Any] = {
    "socket_timeout": BLOCK_S + 5,
    "socket_connect_timeout": 2,
    "health_check_interval": 30,
    "retry": None,  # callers know better than the client how long to wait
    "protocol": 2,
}


def client(**options: Any) -> redis.Redis:
    """A synchronous client of REDIS_URL."""
    return redis.Redis.from_url(settings.REDIS_URL, **_OPTIONS | options)


def async_client(**options: Any) -> redis.asyncio.Redis:
    """An asyncio client of REDIS_URL; belongs to the event loop that first uses it."""
    return redis.asyncio.Redis.from_url(settings.REDIS_URL, **_OPTIONS | options)
