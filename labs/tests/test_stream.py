"""The live stream: who may watch, what they get, and that nothing is lost or repeated."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis.asyncio
from django.test import Client
from pytest_django.fixtures import Settings

from labs import stream
from labs.channel import Channel, key
from labs.hub import Hub
from labs.live import order
from labs.models import Run
from labs.states import State
from labs.tests.factories import make_curve, make_finished, make_run
from labs.tests.test_curves import point
from portal.accounts.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_empty")]

Message = tuple[str, Any, str | None]


@pytest.fixture(autouse=True)
def own_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    hub = Hub()
    monkeypatch.setattr(stream, "hub", hub)
    yield hub
    hub.close()
    hub._database.shutdown()


def scope(path: str, client: Client | None = None, query: str = "", **headers: str) -> dict[str, Any]:
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items()) if client else ""
    values = {"host": "testserver", "cookie": cookies} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), text.encode()) for name, text in values.items()],
    }


class Watching:
    """A client of the ASGI application."""

    def __init__(self) -> None:
        self.status = 0
        self.left = asyncio.Event()
        self._chunks: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._rest = ""

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            await self._chunks.put(message)

    async def messages(self, timeout: float = 5) -> AsyncIterator[Message]:
        while True:
            chunk = await asyncio.wait_for(self._chunks.get(), timeout)
            self._rest += chunk["body"].decode()
            while "\n\n" in self._rest:
                block, self._rest = self._rest.split("\n\n", 1)
                fields = dict(line.split(": ", 1) for line in block.splitlines())
                if "event" in fields:
                    yield fields["event"], json.loads(fields["data"]), fields.get("id")
            if not chunk.get("more_body"):
                return

    async def take(self, number: int, timeout: float = 5) -> list[Message]:
        found: list[Message] = []
        async for message in self.messages(timeout):
            found.append(message)
            if len(found) == number:
                break
        return found


@asynccontextmanager
async def watching(request: dict[str, Any]) -> AsyncIterator[Watching]:
    client = Watching()
    task = asyncio.create_task(stream.application(request, client.receive, client.send))
    try:
        for _ in range(200):
            if client.status:
                break
            await asyncio.sleep(0.02)
        yield client
    finally:
        client.left.set()
        await asyncio.wait_for(task, 5)


def status_of(request: dict[str, Any]) -> int:
    async def ask() -> int:
        async with watching(request) as client:
            return client.status

    return asyncio.run(ask())


@pytest.fixture
def running(learner: User) -> Run:
    return make_run(learner, state=State.RUNNING, fence=1, steps=100)


@pytest.fixture
def signed_in(learner: User, client_for: Callable[..., Client]) -> Client:
    return client_for(learner)


def path(run: Run) -> str:
    return f"/runs/{run.pk}/stream"


def test_a_stranger_is_sent_to_sign_in(running: Run) -> None:
    assert status_of(scope(path(running))) == 401


def test_somebody_elses_run_does_not_exist(
    running: Run, other_learner: User, client_for: Callable[..., Client]
) -> None:
    assert status_of(scope(path(running), client_for(other_learner))) == 404
    assert status_of(scope("/runs/999999/stream", client_for(other_learner))) == 404


def test_an_inactive_person_may_not_watch(running: Run, learner: User, signed_in: Client) -> None:
    User.objects.filter(pk=learner.pk).update(is_active=False)
    assert status_of(scope(path(running), signed_in)) == 401


def test_an_unknown_host_is_refused(running: Run, signed_in: Client) -> None:
    request = scope(path(running), signed_in)
    request["headers"] = [item for item in request["headers"] if item[0] != b"host"] + [(b"host", b"evil.example")]
    assert status_of(request) == 400


def test_only_get_is_answered(running: Run, signed_in: Client) -> None:
    assert status_of(scope(path(running), signed_in) | {"method": "POST"}) == 405


def test_a_watcher_gets_the_row_then_what_comes(running: Run, signed_in: Client) -> None:
    Run.objects.filter(pk=running.pk).update(curve=make_curve(20), step=20)

    async def watch() -> list[Message]:
        async with watching(scope(path(running), signed_in)) as client:
            channel = Channel(running.pk, 1)
            for step in range(21, 24):
                channel.send("events", [point(step)])
            return await client.take(4)

    (first, *rest) = asyncio.run(watch())
    assert first[0] == "snapshot"
    assert first[1]["curve"]["step"] == list(range(1, 21))
    assert first[1]["run"]["state"] == "running"
    assert [message[1][0]["step"] for message in rest] == [21, 22, 23]


def test_a_snapshot_joins_row_and_stream(running: Run, signed_in: Client) -> None:
    Run.objects.filter(pk=running.pk).update(curve=make_curve(20), step=20)
    channel = Channel(running.pk, 1)
    channel.send("events", [point(step) for step in range(15, 31)])

    async def watch() -> Message:
        async with watching(scope(path(running), signed_in)) as client:
            return (await client.take(1))[0]

    kind, values, identity = asyncio.run(watch())
    assert kind == "snapshot"
    assert values["curve"]["step"] == list(range(1, 31))
    assert identity is not None


@pytest.mark.parametrize("by_header", [True, False])
def test_a_client_that_comes_back_gets_only_what_it_missed(running: Run, signed_in: Client, by_header: bool) -> None:
    channel = Channel(running.pk, 1)
    for step in range(1, 6):
        channel.send("events", [point(step)])

    async def watch() -> list[Message]:
        async with watching(scope(path(running), signed_in)) as client:
            ((_, _, identity),) = await client.take(1)
        for step in range(6, 9):
            channel.send("events", [point(step)])
        again = {"last_event_id": str(identity)} if by_header else {}
        query = "" if by_header else f"after={identity}"
        async with watching(scope(path(running), signed_in, query, **again)) as client:
            channel.send("events", [point(9)])
            return await client.take(4)

    messages = asyncio.run(watch())
    assert [message[0] for message in messages] == ["events"] * 4
    assert [message[1][0]["step"] for message in messages] == [6, 7, 8, 9]


@pytest.mark.parametrize("after", ["nonsense", "5", "1-1; DROP", "0-1", "99999999999999-0"])
def test_a_strange_or_forgotten_place_gets_a_snapshot(running: Run, signed_in: Client, after: str) -> None:
    Channel(running.pk, 1).send("events", [point(1)])

    async def watch() -> str:
        async with watching(scope(path(running), signed_in, f"after={after}")) as client:
            Channel(running.pk, 1).send("events", [point(2)])
            return (await client.take(1))[0][0]

    assert asyncio.run(watch()) == "snapshot"


def test_many_watchers_lose_and_repeat_nothing(running: Run, signed_in: Client) -> None:
    async def one(delay: float) -> list[int]:
        await asyncio.sleep(delay)
        steps: list[int] = []
        async with watching(scope(path(running), signed_in)) as client:
            async for kind, values, _ in client.messages():
                if kind == "snapshot":
                    steps += values["curve"]["step"]
                elif kind == "events":
                    steps += [event["step"] for event in values]
                if steps and steps[-1] >= 150:
                    return steps
        return steps

    async def write() -> None:
        channel = Channel(running.pk, 1)
        for step in range(1, 151):
            channel.send("events", [point(step)])
            await asyncio.sleep(0.01)

    async def everybody() -> list[list[int]]:
        writing = asyncio.create_task(write())
        seen = await asyncio.gather(*(one(number * 0.07) for number in range(20)))
        await writing
        return seen

    for steps in asyncio.run(everybody()):
        assert steps == list(range(1, 151))


def test_the_end_closes_the_stream(running: Run, signed_in: Client) -> None:
    async def watch() -> list[Message]:
        async with watching(scope(path(running), signed_in)) as client:
            Channel(running.pk, 1).send("state", {"state": "finished", "result": {}})
            return [message async for message in client.messages()]

    assert [message[0] for message in asyncio.run(watch())] == ["snapshot", "state"]


def test_an_ended_run_gives_its_snapshot_and_closes(learner: User, signed_in: Client) -> None:
    run = make_finished(learner)

    async def watch() -> list[Message]:
        async with watching(scope(path(run), signed_in)) as client:
            return [message async for message in client.messages()]

    ((kind, values, _),) = asyncio.run(watch())
    assert kind == "snapshot"
    assert values["run"]["ended"]
    assert values["result"]["kind"] == "finished"


def test_an_end_that_the_stream_lost_still_arrives(
    running: Run, signed_in: Client, own_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labs.hub.RECONCILE_S", 0.1)

    async def watch() -> list[Message]:
        async with watching(scope(path(running), signed_in)) as client:
            await client.take(1)
            curve = make_curve(40)
            rows = Run.objects.filter(pk=running.pk)
            # Not `aupdate`: asgiref's thread would keep its connection to the end, when PostgreSQL drops the database.
            await own_hub.in_database(lambda: rows.update(state=State.FINISHED, curve=curve, step=40))
            return [message async for message in client.messages()]

    messages = asyncio.run(watch())
    assert messages[-1][0] == "snapshot"
    assert messages[-1][1]["run"]["state"] == "finished"
    assert messages[-1][1]["curve"]["step"][-1] == 40


def test_without_redis_the_row_is_shown(running: Run, signed_in: Client, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere.sock"
    Run.objects.filter(pk=running.pk).update(curve=make_curve(20), step=20)

    async def watch() -> Message:
        async with watching(scope(path(running), signed_in)) as client:
            return (await client.take(1))[0]

    assert asyncio.run(watch())[1]["curve"]["step"][-1] == 20


def test_a_waiting_run_says_how_many_are_ahead(
    learner: User, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labs.hub.RECONCILE_S", 0.1)
    first, second = make_run(learner), make_run(learner)

    async def watch() -> list[Message]:
        async with watching(scope(path(second), signed_in)) as client:
            await client.take(1)
            await Run.objects.filter(pk=first.pk).aupdate(state=State.FINISHED)
            return await client.take(1)

    ((kind, values, _),) = asyncio.run(watch())
    assert (kind, values["state"], values["ahead"]) == ("state", "queued", 0)


def test_somebody_who_is_deactivated_stops_watching(
    running: Run, learner: User, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labs.hub.RECONCILE_S", 0.1)

    async def watch() -> list[Message]:
        async with watching(scope(path(running), signed_in)) as client:
            await User.objects.filter(pk=learner.pk).aupdate(is_active=False)
            return [message async for message in client.messages()]

    assert [message[0] for message in asyncio.run(watch())] == ["snapshot"]


def test_a_server_that_stops_ends_its_streams(running: Run, signed_in: Client) -> None:
    async def watch() -> int:
        async with watching(scope(path(running), signed_in)) as client:
            await client.take(1)
            stream.close_all()
            return len([message async for message in client.messages()])

    assert asyncio.run(watch()) == 0


def test_stream_ids_compare_as_numbers(redis_empty: redis.Redis) -> None:
    assert order("99-0") < order("100-0") < order("100-1")
    assert redis_empty.exists(key(1)) == 0


def test_after_redis_was_away_everybody_gets_everything(
    running: Run, signed_in: Client, own_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labs.hub.RETRY_S", 0.05)

    async def watch() -> list[Message]:
        async with watching(scope(path(running), signed_in)) as client:
            await client.take(1)
            there, own_hub._redis = own_hub._redis, redis.asyncio.Redis(unix_socket_path="/nowhere.sock")
            await asyncio.sleep(0.3)
            Channel(running.pk, 1).send("events", [point(1), point(2)])
            own_hub._redis = there
            return await client.take(1)

    ((kind, values, _),) = asyncio.run(watch())
    assert kind == "snapshot"
    assert values["curve"]["step"] == [1, 2]


def test_a_row_that_knows_more_than_its_stream_is_believed(running: Run, signed_in: Client) -> None:
    Run.objects.filter(pk=running.pk).update(curve=make_curve(30), step=30)
    Channel(running.pk, 1).send("events", [{"kind": "started", "step": 0, "steps": 100}, point(1), point(2)])

    async def watch() -> Message:
        async with watching(scope(path(running), signed_in)) as client:
            return (await client.take(1))[0]

    assert asyncio.run(watch())[1]["curve"]["step"] == list(range(1, 31))


def test_a_snapshot_that_is_shared_brings_what_came_since(running: Run, signed_in: Client) -> None:
    channel = Channel(running.pk, 1)

    async def watch() -> list[Message]:
        async with watching(scope(path(running), signed_in)) as first:
            await first.take(1)
            channel.send("events", [point(1)])
            await first.take(1)
            async with watching(scope(path(running), signed_in)) as second:
                return await second.take(2)

    messages = asyncio.run(watch())
    assert [message[0] for message in messages] == ["snapshot", "events"]
    assert messages[1][1][0]["step"] == 1
