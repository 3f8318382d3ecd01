"""Live events of runs as Server-Sent Events: a pure ASGI application, routed before Django in `portal.asgi`.

Inside Django each watcher would hold a thread and a database connection. Here all watchers of a process share one
Redis reader and one database thread (`labs.hub`). Middleware does not run, so host, session and permission are
checked here. GET /runs/<id>/stream?after=<id>; messages: `snapshot`, `events`, `state`, `ping`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from importlib import import_module
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest

from labs.hub import END, Hub, Watcher
from labs.models import Run

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PATH = re.compile(r"^/runs/(\d{1,18})/stream$")
MESSAGE_ID = re.compile(r"^\d{1,20}-\d{1,20}$")
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
RETRY = b"retry: 1000\n\n"

hub = Hub()
"""This process's own."""


def close_all() -> None:
    """End every stream, so that the server can stop. Clients come back to the next one."""
    hub.close()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request for a stream."""
    match = PATH.match(scope["path"])
    if match is None:
        return await _refuse(send, 404)
    if scope["method"] != "GET":
        return await _refuse(send, 405)
    status, user_id = await hub.in_database(lambda: _admit(scope, int(match[1])))
    if status != 200:
        return await _refuse(send, status)
    watcher = await hub.watch(int(match[1]), user_id, after=_resume_from(scope))
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": RETRY, "more_body": True})
    gone: asyncio.Future[Any] = asyncio.ensure_future(_disconnected(receive))
    try:
        await _pump(watcher, send, gone)
    finally:
        gone.cancel()
        hub.leave(watcher)
    return None


async def _pump(watcher: Watcher, send: Send, gone: asyncio.Future[Any]) -> None:
    """Pass messages on until the run's end, the client's leaving or the server's stopping."""
    while True:
        waiting: asyncio.Future[Any] = asyncio.ensure_future(watcher.next())
        await asyncio.wait([waiting, gone], return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            waiting.cancel()
            return
        message = waiting.result()
        if message is END:
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.body", "body": message, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _admit(scope: Scope, run_id: int) -> tuple[int, int]:
    """HTTP status and the person's id: a known host, a live session, a run of their own. Three queries."""
    request = ASGIRequest(scope, BytesIO())
    try:
        request.get_host()
    except DisallowedHost:
        return 400, 0
    engine = import_module(settings.SESSION_ENGINE)
    request.session = engine.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(request)
    if not (user.is_authenticated and user.is_active):
        return 401, 0
    if not Run.objects.for_user(user).filter(pk=run_id).exists():
        return 404, 0
    return 200, user.pk


def _resume_from(scope: Scope) -> str | None:
    """The last message that the client has seen: its header, else `?after=`; anything malformed is ignored."""
    headers = dict(scope["headers"])
    query = scope["query_string"].decode("latin-1")
    after = re.search(r"(?:^|&)after=([^&]*)", query)
    value = headers.get(b"last-event-id", b"").decode("latin-1") or (after[1] if after else "")
    return value if MESSAGE_ID.match(value) else None


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"cache-control", b"no-store")]})
    await send({"type": "http.response.body", "body": b""})
