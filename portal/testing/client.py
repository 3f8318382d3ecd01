"""Clients without a browser, for tests and benchmarks: a person's HTTP session, and a reader of live streams."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Message:
    """One event of a stream. `at`: when it came (time.time); `sent_at`: when Redis took it, by its id; None without."""

    kind: str
    values: Any
    at: float
    sent_at: float | None


EVENT = re.compile(rb"^(?:id: (\d+)-\d+\n)?event: (\w+)\ndata: (.*)$", re.M)


class Session:
    """One signed-in person with a connection that stays open."""

    def __init__(self, url: str, email: str = "", password: str = "") -> None:
        self.host = urlsplit(url).netloc
        self.cookies: dict[str, str] = {}
        self._connection = http.client.HTTPConnection(self.host, timeout=60)
        if email:
            self.sign_in(email, password)

    def reconnect(self) -> None:
        """Talk to `host` over a new connection."""
        self._connection.close()
        self._connection = http.client.HTTPConnection(self.host, timeout=60)

    @property
    def cookie(self) -> str:
        """The Cookie header."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def sign_in(self, email: str, password: str) -> None:
        """Go through the sign-in page. Raises RuntimeError when it refuses."""
        self.request("GET", "/account/login/")
        status, _ = self.post("/account/login/", {"login": email, "password": password})
        if status != 302:
            raise RuntimeError(f"sign-in answered {status}")

    def request(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, bytes]:
        """Status and body."""
        sent = {"Cookie": self.cookie} | {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._connection.request(method, path, body, sent)
            answer = self._connection.getresponse()
        except (BrokenPipeError, http.client.RemoteDisconnected):  # kept open too long: the server has closed it
            self.reconnect()
            self._connection.request(method, path, body, sent)
            answer = self._connection.getresponse()
        content = answer.read()
        for header in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = header.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, content

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        return self.request("GET", path)

    def post(self, path: str, values: dict[str, str]) -> tuple[int, bytes]:
        """Send a form as a browser does."""
        values = values | {"csrfmiddlewaretoken": self.cookies.get("csrftoken", "")}
        return self.request(
            "POST",
            path,
            urlencode(values),
            Content_Type="application/x-www-form-urlencoded",
            Referer=f"http://{self.host}{path}",
        )

    def api(self, method: str, path: str, values: Any = None) -> Any:
        """JSON in, JSON out. Raises RuntimeError for an answer of 400 or more."""
        status, content = self.request(
            method,
            path,
            json.dumps(values) if values is not None else None,
            Content_Type="application/json",
            X_CSRFToken=self.cookies.get("csrftoken", ""),
        )
        if status >= 400:
            raise RuntimeError(f"{method} {path} answered {status}: {content[:300]!r}")
        return json.loads(content)


async def messages(host: str, run_id: int, cookie: str) -> AsyncIterator[Message]:
    """Follow a run's live stream to its end."""
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port), limit=1 << 24)
    request = f"GET /runs/{run_id}/stream HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.splitlines()[0]:
            raise RuntimeError(head.splitlines()[0].decode())
        text = b""
        async for chunk in _chunks(reader):
            text += chunk
            *blocks, text = text.split(b"\n\n")
            for block in blocks:
                if found := EVENT.search(block):
                    sent_at = int(found[1]) / 1000 if found[1] else None
                    yield Message(found[2].decode(), json.loads(found[3]), time.time(), sent_at)
    finally:
        writer.close()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Bodies of a chunked answer."""
    while True:
        line = await reader.readline()
        size = int(line.strip() or b"0", 16)
        if not size:
            return
        yield await reader.readexactly(size)
        await reader.readexactly(2)


def steps_of(message: Message) -> list[int]:
    """Steps of the points that a message brings."""
    if message.kind == "snapshot":
        return list(message.values["curve"].get("step", []))
    if message.kind == "events":
        return [event["step"] for event in message.values if event["kind"] == "point"]
    return []
