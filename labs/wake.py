"""Wakes a worker for something that a row already says. Called by services after their commit."""

from __future__ import annotations

import logging
from typing import Any

import redis
from celery.exceptions import CeleryError
from kombu.exceptions import KombuError

log = logging.getLogger(__name__)

BROKER_AWAY = (OSError, KombuError, CeleryError, redis.RedisError)


def send(task: Any, *args: Any) -> None:
    """Send a Celery message; without Redis the reaper does it later."""
    try:
        task.apply_async(args, retry=False)
    except BROKER_AWAY as error:
        log.warning("no wake-up for %s: %s", task.name, error)
