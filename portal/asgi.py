"""The ASGI application: live streams go to `labs.stream`, deployed models to `labs.deploy.api`, the rest to Django.

Inside Django each open stream would hold a thread and a database connection (see `labs.stream`).
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.embedded")
django = get_asgi_application()

from labs import stream  # noqa: E402 - models can be imported only after Django's set-up above
from labs.deploy import api as deployed  # noqa: E402 - as above

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Route one connection by its type and path."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http" and stream.PATH.match(scope["path"]):
        await stream.application(scope, receive, send)
    elif scope["type"] == "http" and deployed.PATH.match(scope["path"]):
        await deployed.application(scope, receive, send)
    else:
        await django(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Answer the server's start and stop; open streams end with the stop (see also the `web` command)."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            stream.close_all()
            deployed.close_all()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
