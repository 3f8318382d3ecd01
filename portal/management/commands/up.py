"""`manage.py up`: everything of the portal on this machine, one supervisor. What `./run` ends in."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from portal import redis_server, supervisor
from portal.accounts import demo
from portal.accounts.cast import CAST
from portal.accounts.models import User
from portal.lib.health import healthy

FIRST_PORT, LAST_PORT = 8000, 8099
READY_S = 60.0
"""After this time the address is printed all the same, with what is missing."""
COURSE = Path("courses", "content", "llm-foundations")
ENVIRONMENT = {"OMP_WAIT_POLICY": "passive", "TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1"}


class Command(BaseCommand):
    """Start Redis, workers and web as one; Ctrl-C ends them all."""

    help = "Start Redis, workers and web as one; Ctrl-C ends them all."
    requires_system_checks: list[str] = []
    _fresh = False
    """The accounts were made just now."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen; the rest is for tests and benchmarks."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, help=f"default: the first free one from {FIRST_PORT}; 0: any free one")
        parser.add_argument("--demo-password", default="", help="of the demo accounts, instead of random ones")
        parser.add_argument("--restart-after", type=float, default=1.0, help="seconds before the first restart")

    def handle(self, *args: Any, host: str, port: int | None, **options: Any) -> None:
        """Run until a signal comes, then stop everything in order."""
        var = Path(settings.VAR_DIR).resolve()
        with _only_one(var), _listen(host, port) as listener:
            url = f"http://{host}:{listener.getsockname()[1]}"
            boss = supervisor.Supervisor(var / "run.json", {"url": url})
            boss.handle_signals()
            try:
                self._start(Plan(boss, var, options["restart_after"]), listener.fileno(), options["demo_password"])
                if boss.watch(until=Health(url)):
                    self._announce(url, var)
                boss.watch()
            finally:
                boss.stop()
                redis_server.remove_socket(var / "redis.sock")

    def _start(self, plan: Plan, fd: int, demo_password: str) -> None:
        if not os.environ.get("REDIS_URL"):
            plan.start_redis()
        self._prepare_database(plan.var, demo_password)
        if not plan.boss.stopping:
            plan.start("web", supervisor.web("--fd", str(fd)), fd)
            plan.start("train", supervisor.training_worker(settings.LAB_SLOTS))
            plan.start("play", supervisor.writing_worker())
            plan.start("control", supervisor.control_worker())

    def _prepare_database(self, var: Path, demo_password: str) -> None:
        """Migrations and course as the files say; people in a fresh embedded database."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database …")
            call_command("migrate", verbosity=0, interactive=False)
        call_command("load_course", str(settings.BASE_DIR / COURSE), stdout=self.stdout)
        if not os.environ.get("DATABASE_URL") and not User.objects.exists():
            _write_accounts(var / "accounts.txt", demo_password)
            self._fresh = True
        connections.close_all()

    def _announce(self, url: str, var: Path) -> None:
        rows = [("Address", url), ("Logs", str(var / "log")), ("Stop", "Ctrl-C")]
        accounts = var / "accounts.txt"
        if accounts.exists():
            rows.insert(1, ("Accounts", str(accounts)))
        lines = [f"  {name:<10}{value}" for name, value in rows]
        if self._fresh:  # passwords on the screen once; later the file alone has them
            lines += ["", *(f"  {line}" for line in accounts.read_text(encoding="utf-8").splitlines())]
        self.stdout.write("\n".join(["", "Gradus is running.", "", *lines, ""]))
        self.stdout.flush()


class Plan:
    """How the processes of one portal are started."""

    def __init__(self, boss: supervisor.Supervisor, var: Path, pause_s: float) -> None:
        self.boss, self.var, self._pause_s = boss, var, pause_s
        self._environment = os.environ | ENVIRONMENT | {"GRADUS_VAR": str(var)}

    def start(self, name: str, command: list[str], *fds: int) -> supervisor.Process:
        """Start one and look after it."""
        log = self.var / "log" / f"{name}.log"
        cwd = Path(settings.BASE_DIR)
        process = supervisor.Process(name, command, log, dict(self._environment), cwd, fds, self._pause_s)
        return self.boss.start(process)

    def start_redis(self) -> None:
        """Start the embedded server, wait for it, and tell its address to all that follow. Raises CommandError."""
        try:
            path = redis_server.make_socket(self.var / "redis.sock")
            process = self.start("redis", redis_server.command(path, self.var / "redis"))
        except redis_server.RedisError as error:
            raise CommandError(str(error)) from None
        if process.popen is None or not redis_server.wait(path, process.popen):
            raise CommandError(f"Redis did not start; see {process.log}.")
        self._environment["REDIS_URL"] = self.boss.facts["redis_url"] = f"unix://{path}"


class Health:
    """Asked again and again: whether the portal answers that all its parts are there."""

    def __init__(self, url: str) -> None:
        self._url, self._until = url, time.monotonic() + READY_S

    def __call__(self) -> bool:
        """True also when READY_S have passed: the logs tell more than waiting does."""
        return healthy(self._url) or time.monotonic() > self._until


@contextlib.contextmanager
def _only_one(var: Path) -> Iterator[None]:
    """Hold the lock of this data folder. Raises CommandError with the address of the portal that holds it."""
    var.mkdir(parents=True, exist_ok=True)
    var.chmod(0o700)  # sessions, mails and hashes are nobody else's
    with (var / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(_running(var)) from None
        yield


def _running(var: Path) -> str:
    try:
        facts = json.loads((var / "run.json").read_text())
    except (OSError, ValueError):
        return f"Gradus is starting already, with the data in {var}."
    pid = facts["pid"]
    return (
        f"Gradus is running already at {facts['url']} (process {pid}). Stop it with Ctrl-C there, or with: kill {pid}"
    )


def _listen(host: str, port: int | None) -> socket.socket:
    """A bound socket, held for as long as the portal runs: while web restarts, requests wait instead of failing."""
    for candidate in (port,) if port is not None else range(FIRST_PORT, LAST_PORT + 1):
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
        except OSError as error:
            listener.close()
            reason = error.strerror
            continue
        return listener
    raise CommandError(f"No port to listen on at {host}: {reason}. Choose one with --port.")


def _write_accounts(path: Path, password: str) -> None:
    """Create the demo accounts and keep their passwords where only the owner of this folder can read them."""
    passwords = {person: password or secrets.token_urlsafe(9) for person in CAST}
    demo.create_cast(passwords.__getitem__)
    lines = [f"{person.role:<15}{person.email:<32}{passwords[person]}" for person in CAST]
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
