"""Hands the pieces of texts to the requests that wait for them: one Redis reader for all of a web process.

A waiting request costs a queue here and no thread. Called by `labs.deploy.api`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import redis

from labs.deploy.pieces import decode, key
from portal.lib.redis import async_client

log = logging.getLogger(__name__)

BEGINNING = b"0"
READ_MS = 100
"""A blocking read lasts so long at most: the longest that a request which joins waits for its first piece."""
RETRY_S = 0.5
BATCH = 500
WORKERS = "worker:play:*"
"""Keys that living workers renew: see `portal.heartbeat`."""
AWAY = (redis.RedisError, OSError)


class Tail:
    """One request's place in its stream."""

    def __init__(self) -> None:
        self.seen = BEGINNING
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()


class Tails:
    """All requests that wait in this process. Belongs to the event loop that first uses it."""

    def __init__(self) -> None:
        self._tails: dict[bytes, Tail] = {}
        self._task: asyncio.Task[None] | None = None
        self._joined = asyncio.Event()
        self._redis: Any = None
        self.closing = False

    @asynccontextmanager
    async def follow(self, completion_id: int) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
        """Everything that is said about a request, from its beginning."""
        self._start()
        name, tail = key(completion_id).encode(), Tail()
        self._tails[name] = tail
        self._joined.set()
        if self.closing:
            tail.events.put_nowait({"kind": "failed", "error": "closing"})
        try:
            yield tail.events
        finally:
            self._tails.pop(name, None)

    async def worker_alive(self) -> bool:
        """Whether any worker that writes texts has been heard lately. False while Redis is away."""
        self._start()
        try:
            async for _name in self._redis.scan_iter(WORKERS, count=1000):
                return True
        except AWAY:
            pass
        return False

    def close(self) -> None:
        """Let every request end with an error, so that the server can stop."""
        self.closing = True
        for tail in self._tails.values():
            tail.events.put_nowait({"kind": "failed", "error": "closing"})
        if self._task is not None:
            self._task.cancel()

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._task is not None and self._task.get_loop() is loop and not self._task.done():
            return
        self._redis, self._joined = async_client(), asyncio.Event()
        self._task = loop.create_task(self._read())

    async def _read(self) -> None:
        """Read all streams for ever; without Redis, try again."""
        while True:
            self._joined.clear()
            if not self._tails:
                await self._joined.wait()
            streams = {name: tail.seen for name, tail in self._tails.items()}
            if not streams:  # whoever joined has left already
                continue
            try:
                for name, entries in await self._redis.xread(streams, count=BATCH, block=READ_MS) or []:
                    if tail := self._tails.get(name):
                        tail.seen = entries[-1][0]
                        for _identity, fields in entries:
                            tail.events.put_nowait(decode(fields))
            except AWAY as error:
                log.warning("texts: Redis is away (%s)", error)
                await asyncio.sleep(RETRY_S)
