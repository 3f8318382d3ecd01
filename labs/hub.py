"""Fans live events out: one Redis reader, one database thread and one clock for all watchers of a web process.

Called by `labs.stream`. Each message is encoded once, whoever watches. Redis may come and go; the database is asked
every few seconds, so that an end which the stream lost still reaches everybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import redis
from django.contrib.auth import get_user_model
from django.db import close_old_connections

from labs.channel import encode, key, replay
from labs.curves import Ledger
from labs.models import Run
from labs.selectors import queue_place, snapshot
from labs.states import ENDINGS, State
from portal.lib.redis import async_client

log = logging.getLogger(__name__)

Result = TypeVar("Result")

Entry = tuple[str, dict[bytes, bytes]]
"""Id and fields of one entry of a stream."""

END: Final = b""
QUEUE_LENGTH = 1000
"""Messages that a slow client may lie behind before its stream is ended; it comes back and resumes."""
PING_S = 15.0
RECONCILE_S = 2.0
RETRY_S = 0.5
BATCH = 500
READ_MS = 100
"""A blocking read lasts so long at most: the longest that a run which joins waits for its first message."""
SNAPSHOT_S = 0.2
"""A snapshot serves all who come within this time: a class opens a page together."""


def message(event: str, values: Any, identity: str | None = None) -> bytes:
    """One Server-Sent Event."""
    return _raw(event, encode(values), identity)


def _raw(event: str, data: str, identity: str | None = None) -> bytes:
    head = f"id: {identity}\n" if identity else ""
    return f"{head}event: {event}\ndata: {data}\n\n".encode()


def order(identity: str) -> tuple[int, int]:
    """A stream id as a pair that compares."""
    time_part, _, sequence = identity.partition("-")
    return int(time_part), int(sequence or 0)


class Watcher:
    """One client's place in a run's stream. Belongs to the hub's event loop."""

    def __init__(self, run_id: int, user_id: int) -> None:
        self.run_id, self.user_id = run_id, user_id
        self.seen = "0-0"
        self.sent_at = time.monotonic()
        self._messages: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_LENGTH)
        self._early: list[tuple[bytes, str | None]] = []
        self._joining = True

    async def next(self) -> bytes:
        """The next message, or END."""
        return await self._messages.get()

    def put(self, data: bytes, identity: str | None = None) -> None:
        """Hand a message over, unless the client has seen it. A client too far behind is ended."""
        if self._joining:
            self._early.append((data, identity))
            return
        if identity is not None:
            if order(identity) <= order(self.seen):
                return
            self.seen = identity
        self.sent_at = time.monotonic()
        try:
            self._messages.put_nowait(data)
        except asyncio.QueueFull:
            self.end()

    def begin(self, data: bytes, seen: str) -> None:
        """Start with a snapshot (or nothing) that reaches to the message `seen`."""
        if data:
            self._messages.put_nowait(data)
        self.seen, self._joining = seen, False

    def catch_up(self) -> None:
        """Take up what came while the past was still being read."""
        early, self._early = self._early, []
        for data, identity in early:
            self.put(data, identity)

    def end(self) -> None:
        """Close the stream after what is already waiting, or at once when the queue is full."""
        if self._messages.full():
            while not self._messages.empty():
                self._messages.get_nowait()
        self._messages.put_nowait(END)


class Hub:
    """All watchers of this process. Its tasks start with the first watcher."""

    def __init__(self) -> None:
        self._watchers: dict[int, set[Watcher]] = {}
        self._cursors: dict[int, str] = {}
        self._snapshots: dict[int, tuple[float, asyncio.Task[tuple[bytes, str, bool]]]] = {}
        self._states: dict[int, Any] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._redis: Any = None
        self._database = ThreadPoolExecutor(1, thread_name_prefix="hub")
        self.closing = False

    # Watchers

    async def watch(self, run_id: int, user_id: int, *, after: str | None) -> Watcher:
        """Add a watcher: what it missed since `after`, or a snapshot, then everything that comes."""
        self._start()
        watcher = Watcher(run_id, user_id)
        self._watchers.setdefault(run_id, set()).add(watcher)  # from here on nothing is missed
        self._states.pop(run_id, None)
        if run_id not in self._cursors:
            self._cursors.setdefault(run_id, await self._latest(run_id))
            self._changed.set()
        data, ended = b"", False
        missed = await self._missed(run_id, after) if after else None
        if missed is None:
            data, after, ended = await self._snapshot(run_id)
            missed = await self._entries(run_id, after)
        watcher.begin(data, after or "0-0")
        for entry in missed:
            self._hand_over([watcher], *entry)
        watcher.catch_up()
        if ended or self.closing:
            watcher.end()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget a watcher; the last one of a run takes the run's cursor along."""
        watchers = self._watchers.get(watcher.run_id, set())
        watchers.discard(watcher)
        if not watchers:
            for memory in (self._watchers, self._cursors, self._states):
                memory.pop(watcher.run_id, None)

    def close(self) -> None:
        """End all streams; later ones end after their snapshot."""
        self.closing = True
        for watcher in [watcher for group in self._watchers.values() for watcher in group]:
            watcher.end()
        for task in self._tasks:
            task.cancel()

    async def in_database(self, work: Callable[[], Result]) -> Result:
        """Run `work` in the hub's one database thread."""

        def call() -> Result:
            close_old_connections()
            try:
                return work()
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._database, call)

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._tasks and self._tasks[0].get_loop() is loop and not any(task.done() for task in self._tasks):
            return
        self._redis = async_client()
        self._changed = asyncio.Event()
        self._tasks = [loop.create_task(self._read()), loop.create_task(self._reconcile())]

    # Redis

    async def _read(self) -> None:
        """Read all watched streams for ever; without Redis, try again and let the database speak meanwhile."""
        while True:
            self._changed.clear()
            try:
                if self._cursors:
                    await self._read_once()
                else:
                    await self._changed.wait()
            except (redis.RedisError, OSError) as error:
                log.warning("streams: Redis is away (%s)", error)
                await asyncio.sleep(RETRY_S)

    async def _read_once(self) -> None:
        streams = {key(run_id): cursor for run_id, cursor in self._cursors.items()}
        for name, entries in await self._redis.xread(streams, count=BATCH, block=READ_MS) or []:
            self._pass_on(int(name.split(b":")[1]), entries)

    def _pass_on(self, run_id: int, entries: Iterable[tuple[bytes, dict[bytes, bytes]]]) -> None:
        watchers = self._watchers.get(run_id, set())
        for identity, fields in entries:
            name = identity.decode()
            if run_id in self._cursors:
                self._cursors[run_id] = name
            self._hand_over(list(watchers), name, fields)

    def _hand_over(self, watchers: list[Watcher], identity: str, fields: dict[bytes, bytes]) -> None:
        kind, data = fields[b"t"].decode(), fields[b"d"].decode()
        encoded = _raw(kind, data, identity)
        for watcher in watchers:
            watcher.put(encoded, identity)
        if kind == "state" and json.loads(data)["state"] in ENDINGS:
            for watcher in watchers:
                watcher.end()

    async def _latest(self, run_id: int) -> str:
        """Id of the newest entry; the beginning while there is none."""
        with contextlib.suppress(redis.RedisError, OSError):
            for identity, _ in await self._redis.xrevrange(key(run_id), count=1):
                return str(identity.decode())
        return "0-0"

    async def _missed(self, run_id: int, after: str) -> list[Entry] | None:
        """Entries after `after`; None when the stream does not reach back so far, has vanished or cannot be read."""
        with contextlib.suppress(redis.RedisError, OSError):
            oldest = await self._redis.xrange(key(run_id), count=1)
            newest = order(await self._latest(run_id))
            if oldest and order(oldest[0][0].decode()) <= order(after) <= newest:
                missed = await self._entries(run_id, after)
                return missed if len(missed) < QUEUE_LENGTH // 2 else None  # a snapshot is shorter then
        return None

    async def _entries(self, run_id: int, after: str) -> list[Entry]:
        """Entries after `after`; none while Redis is away."""
        with contextlib.suppress(redis.RedisError, OSError):
            entries = await self._redis.xrange(key(run_id), min=f"({after}")
            return [(identity.decode(), fields) for identity, fields in entries]
        return []

    # Snapshots

    async def _snapshot(self, run_id: int) -> tuple[bytes, str, bool]:
        """A run's snapshot message, the id it reaches to, and whether the run has ended. Shared for SNAPSHOT_S."""
        made_at, task = self._snapshots.get(run_id, (0.0, None))
        now = time.monotonic()
        if task is None or now - made_at > SNAPSHOT_S:
            for old in [other for other, (at, _) in self._snapshots.items() if now - at > SNAPSHOT_S]:
                del self._snapshots[old]
            task = asyncio.ensure_future(self._make_snapshot(run_id))
            self._snapshots[run_id] = (now, task)
        return await asyncio.shield(task)

    async def _make_snapshot(self, run_id: int) -> tuple[bytes, str, bool]:
        # The row first: what it lacks is in the stream, and what both have is the same.
        values = await self.in_database(lambda: snapshot(Run.objects.get(pk=run_id)))
        identity = "0-0"
        with contextlib.suppress(redis.RedisError, OSError):
            entries = await self._redis.xrange(key(run_id))
            if entries:
                identity = entries[-1][0].decode()
            if not values["run"]["ended"]:
                ledger, state = replay(Ledger.stored(values["curve"], values["samples"], values["info"]), entries)
                values |= {"curve": ledger.curve, "samples": ledger.samples, "info": ledger.info}
                values["run"] |= {"step": ledger.step, "held_out": ledger.held_out}
                values["run"]["state"] = state or values["run"]["state"]
        return message("snapshot", values, identity), identity, values["run"]["ended"]

    # Database

    async def _reconcile(self) -> None:
        """Compare with the database: queue places, lost ends, people who may no longer watch; and ping."""
        while True:
            await asyncio.sleep(RECONCILE_S)
            if not self._watchers:
                continue
            try:
                await self._reconcile_once()
            except Exception:
                log.exception("streams: the database is away")

    async def _reconcile_once(self) -> None:
        runs, active = await self.in_database(self._look)
        for run_id, run in runs.items():
            watchers = list(self._watchers.get(run_id, ()))
            if run["ended"] and self._states.get(run_id) == run["state"]:
                # Told by the stream in the meantime, else by now: the same end was seen at the last look too.
                data, _, _ = await self._snapshot(run_id)
                for watcher in watchers:
                    watcher.put(data)
                    watcher.end()
            elif run["state"] == State.QUEUED and self._states.get(run_id) != run:
                for watcher in watchers:
                    watcher.put(message("state", run))
            self._states[run_id] = run["state"] if run["ended"] else run
        self._ping(runs, active)

    def _ping(self, runs: dict[int, dict[str, Any]], active: set[int]) -> None:
        now = time.monotonic()
        for run_id, watchers in list(self._watchers.items()):
            for watcher in list(watchers):
                if run_id not in runs or watcher.user_id not in active:
                    watcher.end()
                elif now - watcher.sent_at >= PING_S:
                    watcher.put(message("ping", {"state": runs[run_id]["state"], "step": runs[run_id]["step"]}))

    def _look(self) -> tuple[dict[int, dict[str, Any]], set[int]]:
        """State of every watched run, and which watching people are active. Two queries, three a waiting run."""
        ids = list(self._watchers)
        people = {watcher.user_id for group in list(self._watchers.values()) for watcher in list(group)}
        runs = {}
        for run in Run.objects.filter(pk__in=ids).defer("curve", "samples", "info"):
            runs[run.pk] = {"state": run.state, "ended": run.ended, "step": run.step}
            if run.state == State.QUEUED:
                ahead, seconds = queue_place(run)
                runs[run.pk] |= {"ahead": ahead, "wait_seconds": seconds}
        users = get_user_model()._default_manager
        return runs, set(users.filter(pk__in=people, is_active=True).values_list("pk", flat=True))
