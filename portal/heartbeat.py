"""Which workers are alive: a Redis key for each queue of each worker, renewed with Celery's own heartbeat (2 s).

A worker that lost its broker or died lets its keys expire. `/healthz` counts them.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

import redis

from portal.lib.redis import client

EXPIRE_S = 10
_clients: list[redis.Redis] = []


def key(queue: str, hostname: str) -> str:
    """The key of one worker's queue."""
    return f"worker:{queue}:{hostname}"


def beat(sender: Any, **_: Any) -> None:
    """Receiver of heartbeat_sent: renew the keys. Without Redis they expire, which is what is true then."""
    with contextlib.suppress(redis.RedisError):
        pipe = _client().pipeline(transaction=False)
        for queue in sender.eventer.app.amqp.queues.consume_from:
            pipe.set(key(queue, sender.eventer.hostname), os.getpid(), ex=EXPIRE_S)
        pipe.execute()


def stop(sender: Any, **_: Any) -> None:
    """Receiver of worker_shutdown: a worker that ends in order is gone at once."""
    with contextlib.suppress(redis.RedisError):
        _client().delete(*(key(queue, sender.hostname) for queue in sender.app.amqp.queues.consume_from))


def _client() -> redis.Redis:
    if not _clients:
        _clients.append(client(socket_timeout=1, socket_connect_timeout=1))
    return _clients[0]
