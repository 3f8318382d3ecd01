"""Which workers are there: each tells so with Celery's heartbeat, in one hash in Redis. Read by the control page.

Its handlers of Celery's signals are connected by `labs.tasks`, so every worker has them.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import socket
import time
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import redis
from django.conf import settings

from portal.lib.redis import client

KEY = "control:workers"
SILENT_S = 10.0
"""Heartbeats come every two seconds; a worker that is silent for so long is no longer counted as alive, ..."""
FORGOTTEN_S = 3600.0
"""... and after so long no longer shown."""
READ_S = 5.0
"""Slots are asked for so often at most: forecasts need them for each page."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One worker process with its pool. `at` is when it was last heard, seconds since the epoch."""

    name: str
    queues: list[str]
    slots: int
    version: str
    python: str
    machine: str
    pid: int
    started_at: float
    at: float

    @property
    def alive(self) -> bool:
        """Whether it has been heard lately."""
        return time.time() - self.at < SILENT_S


class _Own:
    """This worker, once it is ready."""

    worker: dict[str, Any] | None = None
    redis: redis.Redis | None = None


class _Slots:
    """Slots of all training workers, as read at `at`."""

    number = 0
    at = -READ_S


def version() -> str:
    """Of the portal's code."""
    project = tomllib.loads((Path(settings.BASE_DIR) / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def workers() -> list[Worker] | None:
    """All that were heard within the hour, training ones first; None while Redis is away."""
    reader = _client()
    try:
        stored: Any = reader.hgetall(KEY)
    except redis.RedisError:
        return None
    finally:
        reader.close()
    found = [Worker(**json.loads(value)) for value in stored.values()]
    known = [worker for worker in found if time.time() - worker.at < FORGOTTEN_S]
    return sorted(known, key=lambda worker: ("train" not in worker.queues, worker.name))


def training_slots() -> int:
    """Runs that all living training workers carry at once; LAB_SLOTS where none has been heard."""
    now = time.monotonic()
    if now - _Slots.at >= READ_S:
        _Slots.at = now
        alive = [worker for worker in workers() or [] if worker.alive and "train" in worker.queues]
        _Slots.number = sum(worker.slots for worker in alive)
    return _Slots.number or int(settings.LAB_SLOTS)


def ready(sender: Any, **_: Any) -> None:
    """Receiver of worker_ready: from now on this worker tells of itself."""
    _Own.worker = {
        "name": sender.hostname,
        "queues": sorted(sender.app.amqp.queues.consume_from),
        "slots": sender.pool.num_processes,
        "version": version(),
        "python": platform.python_version(),
        "machine": socket.gethostname(),
        "pid": os.getpid(),
        "started_at": time.time(),
    }
    tell()


def tell(**_: Any) -> None:
    """Receiver of heartbeat_sent: renew what Redis says of this worker."""
    if _Own.worker is None:
        return
    worker = Worker(**_Own.worker, at=time.time())
    with contextlib.suppress(redis.RedisError):
        _Own.redis = _Own.redis or _client()
        _Own.redis.hset(KEY, worker.name, json.dumps(asdict(worker)))


def gone(**_: Any) -> None:
    """Receiver of worker_shutdown: a worker that ends in order is gone at once."""
    if _Own.worker is not None and _Own.redis is not None:
        with contextlib.suppress(redis.RedisError):
            _Own.redis.hdel(KEY, _Own.worker["name"])


def _client() -> redis.Redis:
    return client(socket_timeout=1, socket_connect_timeout=1)
