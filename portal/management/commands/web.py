"""`manage.py web`: the web process, uvicorn. Started by the supervisor and by docker-compose.yml."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from labs import stream
from labs.deploy import api as deployed

GRACE_S = 2
"""Seconds for requests in progress when the server stops."""


class Server(uvicorn.Server):
    """Ends live streams and waiting texts before it waits for connections: some would never close by themselves."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called on SIGTERM and SIGINT."""
        stream.close_all()
        deployed.close_all()
        await super().shutdown(sockets)


class Command(BaseCommand):
    """Serve the portal over HTTP until SIGTERM or SIGINT."""

    help = "Serve the portal over HTTP until SIGTERM or SIGINT."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--fd", type=int, help="number of an open, bound socket: replaces host and port")

    def handle(self, *args: Any, host: str, port: int, fd: int | None, **options: Any) -> None:
        """Run the server; returns when it has stopped."""
        config = uvicorn.Config(
            "portal.asgi:application",
            host=host,
            port=port,
            lifespan="on",
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=GRACE_S,
            forwarded_allow_ips=settings.FORWARDED_ALLOW_IPS,
        )
        sockets = [socket.socket(fileno=fd)] if fd is not None else None
        Server(config).run(sockets=sockets)
