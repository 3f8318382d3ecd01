"""A text on its way from a worker to a web process: one short Redis stream `text:<id>` a request.

Written by `labs.deploy.writer`, read by `labs.deploy.tails`. Each entry is one event as JSON:
{"kind": "claimed"}, {"kind": "text", "text"}, {"kind": "end", "finish", "prompt_tokens", "tokens"} or
{"kind": "failed", "error"}.
"""

from __future__ import annotations

import json
from typing import Any

import redis

from portal.lib.redis import client

KEEP_S = 180
"""A stream outlives its text by so much."""
MAX_ENTRIES = 2000


def key(completion_id: int) -> str:
    """Name of a request's stream."""
    return f"text:{completion_id}"


def decode(fields: dict[bytes, bytes]) -> dict[str, Any]:
    """The event in an entry."""
    event: dict[str, Any] = json.loads(fields[b"e"])
    return event


class Pieces:
    """Writer of one stream. Never raises for a Redis that is away: then the reader gives up by itself."""

    def __init__(self, completion_id: int) -> None:
        self._key = key(completion_id)
        self._redis = client(socket_timeout=2, socket_connect_timeout=0.5)

    def send(self, kind: str, **values: Any) -> bool:
        """Append an event; False when Redis is away."""
        entry: dict[Any, Any] = {"e": json.dumps({"kind": kind} | values, ensure_ascii=False)}
        try:
            pipe = self._redis.pipeline(transaction=False)
            pipe.xadd(self._key, entry, maxlen=MAX_ENTRIES, approximate=True)
            pipe.expire(self._key, KEEP_S)
            pipe.execute()
        except redis.RedisError:
            return False
        return True

    def close(self) -> None:
        """Give the connection back."""
        self._redis.close()


def tell(completion_ids: list[int], kind: str, **values: Any) -> None:
    """Append the same event to several streams."""
    for completion_id in completion_ids:
        pieces = Pieces(completion_id)
        pieces.send(kind, **values)
        pieces.close()
