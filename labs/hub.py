"""Fans live events out: one Redis reader, one database thread and one clock for all watchers of a web process.

Called by `labs.stream`. Each message is encoded once, whoever watches. Redis may come and go: afterwards everybody gets
a snapshot. The database is asked every few seconds, so that an end which the stream lost still reaches everybody.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import redis
from django.contrib.auth import get_user_model

from labs.channel import encode, key
from labs.live import BEGINNING, Entry, Live, Message, event, order
from labs.models import Run
from labs.offload import DatabaseThread
from labs.selectors import place_of, queue_places, snapshot
from labs.states import State
from portal.lib.redis import async_client

log = logging.getLogger(__name__)

Result = TypeVar("Result")

END: Final = b""
QUEUE_LENGTH = 1000
"""Messages that a slow client may lie behind before its stream is ended; it comes back and resumes."""
PING_S = 15.0
RECONCILE_S = 2.0
RETRY_S = 0.5
BATCH = 500
READ_MS = 100
"""A blocking read lasts so long at most: the longest that a run which joins waits for its first message."""
AWAY = (redis.RedisError, OSError)


class Watcher:
    """One client's place in a run's stream. Belongs to the hub's event loop."""

    def __init__(self, run_id: int, user_id: int) -> None:
        self.run_id, self.user_id = run_id, user_id
        self.seen = BEGINNING
        self.sent_at = time.monotonic()
        self._messages: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_LENGTH)

    async def next(self) -> bytes:
        """The next message, or END."""
        return await self._messages.get()

    def put(self, data: bytes) -> None:
        """Hand a message over. A client too far behind is ended."""
        self.sent_at = time.monotonic()
        try:
            self._messages.put_nowait(data)
        except asyncio.QueueFull:
            self.end()

    def follow(self, messages: Iterable[Message]) -> None:
        """Hand over those messages of the stream that the client has not seen."""
        for identity, data in messages:
            if order(identity) > order(self.seen):
                self.seen = identity
                self.put(data)

    def start(self, messages: list[Message]) -> None:
        """Hand over a snapshot, whatever the client has seen, and what came after it."""
        (self.seen, data), *rest = messages
        self.put(data)
        self.follow(rest)

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
        self._lives: dict[int, Live] = {}
        self._loading: dict[int, asyncio.Task[Live]] = {}
        self._lost_ends: set[int] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._joined = asyncio.Event()
        self._redis: Any = None
        self._doubtful = False
        """Redis was away: what the streams have told may not be all."""
        self._database = DatabaseThread("hub")
        self.closing = False

    # Watchers

    async def watch(self, run_id: int, user_id: int, *, after: str | None) -> Watcher:
        """Add a watcher: what it missed since `after`, or a snapshot, then everything that comes."""
        self._start()
        watcher = Watcher(run_id, user_id)
        live = self._lives.get(run_id) or await self._load(run_id)
        live = self._lives.setdefault(run_id, live)
        # From here to the end without a pause: nothing can come between the past and the future.
        missed = live.since(after) if after else None
        if missed is None:
            watcher.start(live.snapshot())
        else:
            watcher.seen = after or BEGINNING
            watcher.follow(missed)
        self._watchers.setdefault(run_id, set()).add(watcher)
        if live.ended or self.closing:
            watcher.end()
        self._joined.set()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget a watcher; the last one of a run takes the run along."""
        watchers = self._watchers.get(watcher.run_id, set())
        watchers.discard(watcher)
        if not watchers:
            self._watchers.pop(watcher.run_id, None)
            self._lives.pop(watcher.run_id, None)
            self._lost_ends.discard(watcher.run_id)

    def close(self) -> None:
        """End all streams; later ones end after their snapshot."""
        self.closing = True
        for watcher in [watcher for group in self._watchers.values() for watcher in group]:
            watcher.end()
        for task in self._tasks:
            task.cancel()
        self._database.close()

    async def in_database(self, work: Callable[[], Result]) -> Result:
        """Run `work` in the hub's one database thread."""
        return await self._database.run(work)

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._tasks and self._tasks[0].get_loop() is loop and not any(task.done() for task in self._tasks):
            return
        self._redis = async_client()
        self._joined = asyncio.Event()
        self._tasks = [loop.create_task(self._read()), loop.create_task(self._reconcile())]

    # Runs

    async def _load(self, run_id: int) -> Live:
        """A run from database and stream; those who ask at the same time share it."""
        task = self._loading.get(run_id)
        if task is None:
            task = self._loading[run_id] = asyncio.ensure_future(self._make(run_id))
            task.add_done_callback(lambda _: self._loading.pop(run_id, None))
        return await asyncio.shield(task)

    async def _make(self, run_id: int) -> Live:
        row = await self.in_database(lambda: snapshot(Run.objects.get(pk=run_id)))
        try:
            entries: list[Entry] = await self._redis.xrange(key(run_id))
        except AWAY:
            self._doubtful, entries = True, []
        return Live(row, entries)

    async def _renew(self, run_id: int) -> None:
        """Load a run anew and give everybody who watches it a snapshot."""
        live = await self._make(run_id)
        watchers = list(self._watchers.get(run_id, ()))
        if watchers:
            self._lives[run_id] = live
        for watcher in watchers:
            watcher.start(live.snapshot())
            if live.ended:
                watcher.end()

    # Redis

    async def _read(self) -> None:
        """Read all watched streams for ever; without Redis, try again and let the database speak meanwhile."""
        while True:
            self._joined.clear()
            if not self._lives:
                await self._joined.wait()
            try:
                if self._doubtful:
                    await self._redis.ping()
                    self._doubtful = False
                    for run_id in list(self._lives):
                        await self._renew(run_id)
                await self._read_once()
            except AWAY as error:
                log.warning("streams: Redis is away (%s)", error)
                self._doubtful = True
                await asyncio.sleep(RETRY_S)

    async def _read_once(self) -> None:
        streams = {key(run_id): live.identity for run_id, live in self._lives.items()}
        if not streams:
            return
        for name, entries in await self._redis.xread(streams, count=BATCH, block=READ_MS) or []:
            run_id = int(name.split(b":")[1])
            if live := self._lives.get(run_id):
                self._pass_on(live, self._watchers.get(run_id, set()), entries)

    def _pass_on(self, live: Live, watchers: set[Watcher], entries: Iterable[Entry]) -> None:
        messages = [message for entry in entries if (message := live.take(entry))]
        for watcher in list(watchers):
            watcher.follow(messages)
            if live.ended:
                watcher.end()

    # Database

    async def _reconcile(self) -> None:
        """Compare with the database: queue places, lost ends, people who may no longer watch; and ping."""
        while True:
            await asyncio.sleep(RECONCILE_S)
            if not self._watchers:
                continue
            try:
                runs, active = await self.in_database(self._look)
                for run_id, facts in runs.items():
                    await self._compare(run_id, facts)
                self._ping(runs, active)
            except Exception:
                log.exception("streams: the database is away")

    async def _compare(self, run_id: int, facts: dict[str, Any]) -> None:
        """Correct what the stream has told, by what the database knows."""
        live = self._lives.get(run_id)
        if live is None or live.ended:
            return
        if facts["ended"]:
            if run_id in self._lost_ends:  # the stream has had the time between two looks to tell it
                await self._renew(run_id)
            self._lost_ends.add(run_id)
            return
        changed = {name: value for name, value in facts.items() if live.run.get(name) != value and name != "step"}
        if changed:
            data = live.tell(facts)
            for watcher in list(self._watchers.get(run_id, ())):
                watcher.put(data)

    def _ping(self, runs: dict[int, dict[str, Any]], active: set[int]) -> None:
        now = time.monotonic()
        for run_id, watchers in list(self._watchers.items()):
            for watcher in list(watchers):
                if run_id not in runs or watcher.user_id not in active:
                    watcher.end()
                elif now - watcher.sent_at >= PING_S:
                    facts = {"state": runs[run_id]["state"], "step": runs[run_id]["step"]}
                    watcher.put(event("ping", encode(facts)))

    def _look(self) -> tuple[dict[int, dict[str, Any]], set[int]]:
        """State of every watched run, and which watching people are active. Two queries, five more where one waits."""
        ids = list(self._watchers)
        people = {watcher.user_id for group in list(self._watchers.values()) for watcher in list(group)}
        found = list(Run.objects.filter(pk__in=ids).defer("curve", "samples", "info"))
        places = queue_places() if any(run.state == State.QUEUED for run in found) else {}
        runs = {}
        for run in found:
            runs[run.pk] = {"state": run.state, "ended": run.ended, "step": run.step}
            if run.state == State.QUEUED:
                runs[run.pk] |= place_of(run, places)
        users = get_user_model()._default_manager
        return runs, set(users.filter(pk__in=people, is_active=True).values_list("pk", flat=True))
