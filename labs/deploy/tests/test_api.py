"""The OpenAI-compatible API as an ASGI application; what a worker would say is written into Redis by the tests."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from labs.deploy import api
from labs.deploy.models import Completion, Deployment
from labs.deploy.pieces import Pieces
from labs.deploy.states import Asked, Deployed
from labs.deploy.tails import Tails
from labs.deploy.tests.factories import key_of, make_deployment
from labs.offload import DatabaseThread
from labs.tests.factories import make_finished
from portal.accounts.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_empty")]

BODY: dict[str, Any] = {"prompt": "The ", "max_tokens": 5}
ALIVE = "worker:play:here"


@pytest.fixture(autouse=True)
def own_tails(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tails]:
    tails, database = Tails(), DatabaseThread("test")
    monkeypatch.setattr(api, "tails", tails)
    monkeypatch.setattr(api, "database", database)
    monkeypatch.setattr(api, "LOOK_S", 0.2)
    yield tails
    database.close()
    database.shutdown()


@pytest.fixture
def deployment(learner: User) -> Deployment:
    return make_deployment(make_finished(learner), name="small")


class Caller:
    """A client: sends one request, keeps the answer, may leave in the middle."""

    def __init__(self, method: str, path: str, key: str = "", body: Any = None, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"host": "testserver"} | {name.replace("_", "-"): text for name, text in headers.items()}
        if key:
            given["authorization"] = f"Bearer {key}"
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "scheme": "http",
            "headers": [(name.encode(), text.encode("latin-1")) for name, text in given.items()],
        }
        self._messages = [{"type": "http.request", "body": raw, "more_body": False}]
        self.left = asyncio.Event()
        self.status, self.raw = 0, b""
        self.headers: dict[bytes, bytes] = {}

    async def receive(self) -> dict[str, Any]:
        if self._messages:
            return self._messages.pop()
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.raw += message["body"]

    async def run(self) -> Caller:
        await asyncio.wait_for(api.application(self.scope, self.receive, self.send), 20)
        return self

    @property
    def values(self) -> Any:
        return json.loads(self.raw)

    @property
    def chunks(self) -> list[Any]:
        lines = [line.removeprefix(b"data: ") for line in self.raw.split(b"\n\n") if line]
        return [line.decode() if line == b"[DONE]" else json.loads(line) for line in lines]


def call(*args: Any, **headers: str) -> Caller:
    return asyncio.run(Caller(*args, **headers).run())


def answering(
    deployment: Deployment, path: str, body: dict[str, Any], events: list[dict[str, Any]], **more: Any
) -> Caller:
    """The answer to a request of which a worker says `events`."""

    async def both() -> Caller:
        caller = Caller("POST", path, key_of(deployment), {"model": deployment.name} | body, **more)
        task = asyncio.create_task(caller.run())
        await asyncio.to_thread(say, events)
        return await task

    return asyncio.run(both())


def say(events: list[dict[str, Any]]) -> None:
    """What a worker does with the first request that comes."""
    for _ in range(100):
        found = Completion.objects.filter(state=Asked.WAITING).first()
        if found is not None:
            break
        threading.Event().wait(0.05)
    connection.close()
    assert found is not None
    pieces = Pieces(found.pk)
    for event in events:
        pieces.send(**event)
    pieces.close()


WRITTEN: list[dict[str, Any]] = [
    {"kind": "claimed"},
    {"kind": "text", "text": "cat "},
    {"kind": "text", "text": "猫"},
    {"kind": "end", "finish": "length", "prompt_tokens": 4, "tokens": 5},
]


def test_a_key_lists_the_one_model_that_it_opens(deployment: Deployment) -> None:
    answer = call("GET", "/v1/models", key_of(deployment))
    assert answer.status == 200
    assert [model["id"] for model in answer.values["data"]] == ["small"]
    one = call("GET", "/v1/models/small", key_of(deployment))
    assert one.values == answer.values["data"][0]
    assert call("GET", "/v1/models/other", key_of(deployment)).status == 404


def test_no_cookie_is_set_or_read_and_no_other_origin_may_read(deployment: Deployment) -> None:
    answer = call("GET", "/v1/models", key_of(deployment), origin="https://evil.example", cookie="sessionid=x")
    assert answer.status == 200
    names = {name for name, _ in answer.headers.items()}
    assert b"set-cookie" not in names
    assert not [name for name in names if name.startswith(b"access-control")]
    assert call("OPTIONS", "/v1/models", origin="https://evil.example").status == 405


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/models", 405),
        ("GET", "/v1/completions", 405),
        ("DELETE", "/v1/models/small", 405),
        ("GET", "/v1", 404),
        ("GET", "/v1/files", 404),
        ("POST", "/v1/embeddings", 404),
    ],
)
def test_what_is_not_there_is_said_in_openais_shape(
    deployment: Deployment, method: str, path: str, status: int
) -> None:
    answer = call(method, path, key_of(deployment))
    assert answer.status == status
    assert set(answer.values["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Token x", "Bearer", "Bearer \xe4"])
def test_a_wrong_key_is_401(deployment: Deployment, authorization: str) -> None:
    answer = call("GET", "/v1/models", authorization=authorization)
    assert (answer.status, answer.values["error"]["code"]) == (401, "invalid_api_key")
    assert answer.headers[b"www-authenticate"] == b"Bearer"


def test_a_revoked_key_is_403_and_a_gone_model_404(deployment: Deployment) -> None:
    for state, status in ((Deployed.REVOKED, 403), (Deployed.EXPIRED, 403), (Deployed.GONE, 404)):
        Deployment.objects.update(state=state)
        assert call("POST", "/v1/completions", key_of(deployment), BODY | {"model": "small"}).status == status


def test_an_unknown_host_is_refused(deployment: Deployment) -> None:
    assert call("GET", "/v1/models", key_of(deployment), host="evil.example").status == 400


def test_a_key_in_the_open_is_refused_where_pages_need_https(deployment: Deployment, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert call("GET", "/v1/models", key_of(deployment)).values["error"]["code"] == "https_only"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 400),
        (b"[]", 400),
        (b'{"model": "small", "prompt": "\\u0000"}', 400),
        (b'{"model": "small", "prompt": "\\ud800"}', 400),
        (b'{"model": "small", "temperature": NaN}', 400),
        (b'{"prompt": "' + b"x" * 1_000_000 + b'"}', 413),
        (json.dumps({"model": "other", "prompt": "x"}).encode(), 404),
        (json.dumps({"prompt": "x"}).encode(), 400),
        (json.dumps({"model": "small", "prompt": "x", "temperature": 1000}).encode(), 400),
    ],
)
def test_bodies_that_are_refused_do_not_count(deployment: Deployment, body: bytes, status: int) -> None:
    answer = call("POST", "/v1/completions", key_of(deployment), body)
    assert answer.status == status
    assert answer.values["error"]["message"]
    deployment.refresh_from_db()
    assert deployment.requests_total == 0


def test_errors_speak_the_language_that_is_asked_for(deployment: Deployment) -> None:
    messages = {
        call("GET", "/v1/models", "wrong", **headers).values["error"]["message"]
        for headers in ({}, {"accept_language": "en"})
    }
    assert messages == {"This API key is not known here."}


def test_a_completion_comes_whole(deployment: Deployment) -> None:
    answer = answering(deployment, "/v1/completions", BODY, WRITTEN)
    assert answer.status == 200
    values = answer.values
    assert values["object"] == "text_completion"
    assert values["choices"] == [{"index": 0, "text": "cat 猫", "logprobs": None, "finish_reason": "length"}]
    assert values["usage"] == {"prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 9}


def test_a_completion_streams(deployment: Deployment) -> None:
    body = BODY | {"stream": True, "stream_options": {"include_usage": True}}
    answer = answering(deployment, "/v1/completions", body, WRITTEN)
    assert answer.headers[b"content-type"].startswith(b"text/event-stream")
    *chunks, last, usage, done = answer.chunks
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "cat 猫"
    assert last["choices"][0]["finish_reason"] == "length"
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 9)
    assert done == "[DONE]"


def test_a_chat_streams(deployment: Deployment) -> None:
    body = {"messages": [{"role": "user", "content": "The "}], "stream": True}
    answer = answering(deployment, "/v1/chat/completions", body, WRITTEN)
    first, *chunks, last, done = answer.chunks
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == "cat 猫"
    assert (last["choices"][0]["delta"], done) == ({}, "[DONE]")
    assert {chunk["object"] for chunk in (first, *chunks, last)} == {"chat.completion.chunk"}
    assert Completion.objects.get().prompt == "The "


@pytest.mark.parametrize(
    ("error", "status"),
    [("cancelled", 403), ("model_gone", 404), ("out_of_memory", 500), ("worker_lost", 503), ("failed", 503)],
)
def test_what_goes_wrong_before_the_first_piece_is_a_status(deployment: Deployment, error: str, status: int) -> None:
    events = [{"kind": "claimed"}, {"kind": "failed", "error": error}]
    answer = answering(deployment, "/v1/completions", BODY | {"stream": True}, events)
    assert answer.status == status


def test_what_goes_wrong_later_is_the_streams_last_message(deployment: Deployment) -> None:
    events = [*WRITTEN[:2], {"kind": "failed", "error": "worker_lost"}]
    answer = answering(deployment, "/v1/completions", BODY | {"stream": True}, events)
    assert (answer.status, answer.chunks[-1]["error"]["code"]) == (200, "worker_lost")


def test_without_a_worker_it_is_503_and_does_not_count(deployment: Deployment) -> None:
    answer = call("POST", "/v1/completions", key_of(deployment), BODY | {"model": "small"})
    assert (answer.status, answer.values["error"]["code"]) == (503, "no_worker")
    assert answer.headers[b"retry-after"] == b"10"
    deployment.refresh_from_db()
    assert deployment.requests_total == 0
    assert Completion.objects.get().state == Asked.CANCELLED


def test_with_busy_workers_it_waits_and_gives_up_in_the_end(
    deployment: Deployment, redis_empty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_empty.set(ALIVE, 1)
    monkeypatch.setattr(api, "WAIT_S", 0.6)
    answer = call("POST", "/v1/completions", key_of(deployment), BODY | {"model": "small"})
    assert answer.values["error"]["code"] == "overloaded"


def test_a_worker_that_falls_silent_is_given_up(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "SILENCE_S", 0.6)
    answer = answering(deployment, "/v1/completions", BODY, WRITTEN[:2])
    assert answer.values["error"]["code"] == "worker_lost"


def test_a_client_that_leaves_takes_its_request_along(deployment: Deployment, redis_empty: Any) -> None:
    redis_empty.set(ALIVE, 1)

    async def leave() -> Caller:
        caller = Caller("POST", "/v1/completions", key_of(deployment), BODY | {"model": "small"})
        task = asyncio.create_task(caller.run())
        while not await api.database.run(Completion.objects.filter(state=Asked.WAITING).exists):
            await asyncio.sleep(0.02)
        caller.left.set()
        return await task

    assert asyncio.run(leave()).status == 0
    assert Completion.objects.get().state == Asked.CANCELLED


def test_a_used_up_day_is_429_and_clients_are_told_not_to_hammer(deployment: Deployment) -> None:
    Deployment.objects.update(requests_per_day=0)
    answer = call("POST", "/v1/completions", key_of(deployment), BODY | {"model": "small"})
    assert (answer.status, answer.values["error"]["type"]) == (429, "rate_limit_error")
    assert int(answer.headers[b"retry-after"]) > 0


def test_a_stopping_server_ends_what_waits(deployment: Deployment, redis_empty: Any, own_tails: Tails) -> None:
    redis_empty.set(ALIVE, 1)

    async def stop() -> Caller:
        caller = Caller("POST", "/v1/completions", key_of(deployment), BODY | {"model": "small"})
        task = asyncio.create_task(caller.run())
        while not own_tails._tails:
            await asyncio.sleep(0.02)
        own_tails.close()
        return await task

    assert asyncio.run(stop()).values["error"]["code"] == "restarting"


def test_a_hundred_waiting_clients_cost_no_thread_each(
    learner: User, redis_empty: Any, own_tails: Tails, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_empty.set(ALIVE, 1)
    monkeypatch.setattr("labs.deploy.services.QUEUE", 1000)
    deployment = make_deployment(make_finished(learner), name="small", requests_per_day=1000)
    body = BODY | {"model": "small"}

    async def many() -> tuple[list[Caller], int]:
        tasks = [
            asyncio.create_task(Caller("POST", "/v1/completions", key_of(deployment), body).run()) for _ in range(100)
        ]
        while len(own_tails._tails) < 100:
            await asyncio.sleep(0.02)
        threads = threading.active_count()
        await asyncio.to_thread(answer_all)
        return list(await asyncio.gather(*tasks)), threads

    before = threading.active_count()
    callers, threads = asyncio.run(many())
    assert threads - before <= 2
    texts = {caller.values["choices"][0]["text"] for caller in callers}
    assert texts == {f"text {pk}" for pk in Completion.objects.values_list("pk", flat=True)}, "to each its own"


def answer_all() -> None:
    end = WRITTEN[-1]
    for pk in Completion.objects.values_list("pk", flat=True):
        pieces = Pieces(pk)
        pieces.send("text", text=f"text {pk}")
        pieces.send(**end)
        pieces.close()
    connection.close()
