"""One request and its answer over plain ASGI. Called by the API, which runs outside Django."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from labs.deploy.errors import ApiError
from labs.stream import HEADERS as STREAM_HEADERS
from portal.lib.parsers import read_json

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

JSON_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


class GoneError(Exception):
    """The client has closed its connection."""


class Exchange:
    """Reads a body of bounded size, then knows when its client leaves; answers once, whole or as a stream."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"].rstrip("/")
        self.started = False
        self._headers = dict(scope["headers"])
        self._receive, self._send = receive, send
        self._leaving: asyncio.Future[None] | None = None

    def header(self, name: str) -> str:
        """A header's value; empty without it."""
        return str(self._headers.get(name.encode(), b"").decode("latin-1"))

    async def read_json(self) -> Any:
        """The body. Raises ApiError 400 or 413, GoneError."""
        raw = b""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise GoneError
            raw += message.get("body", b"")
            if len(raw) > settings.API_BODY_BYTES:
                raise ApiError(413, _("The request is too large."), code="too_large")
            if not message.get("more_body"):
                break
        self._leaving = asyncio.ensure_future(self._left())
        try:
            return read_json(raw)
        except ValueError as error:
            raise ApiError(400, str(error)) from error

    async def next_of(self, queue: asyncio.Queue[dict[str, Any]], seconds: float) -> dict[str, Any] | None:
        """What comes next; None after `seconds`. Raises GoneError when the client leaves first."""
        assert self._leaving is not None  # for the type checker: the body has been read
        coming = asyncio.ensure_future(queue.get())
        waiting: list[asyncio.Future[Any]] = [coming, self._leaving]
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            return coming.result()
        coming.cancel()
        if self._leaving.done():
            raise GoneError
        return None

    async def json(self, status: int, values: Any, headers: Mapping[str, str] | None = None) -> None:
        """Answer at once."""
        more = [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
        body = json.dumps(values, ensure_ascii=False).encode()
        length = (b"content-length", str(len(body)).encode())
        await self._start(status, [*JSON_HEADERS, length, *more])
        await self._send({"type": "http.response.body", "body": body})

    async def stream(self, data: bytes) -> None:
        """Send the next part of a stream; the first one opens it."""
        if not self.started:
            await self._start(200, STREAM_HEADERS)
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        """Close a stream."""
        await self._send({"type": "http.response.body", "body": b""})

    def close(self) -> None:
        """Stop looking whether the client leaves."""
        if self._leaving is not None:
            self._leaving.cancel()

    async def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def _left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
