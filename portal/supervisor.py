"""Behind `manage.py up`: Redis, workers, beat and web as one. A process that dies is started again.

Every child leads a session of its own (Ctrl-C reaches the supervisor alone) and is killed by the kernel when the
supervisor is gone, so nothing outlives it. `docker-compose.yml` starts the same commands as services.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

from portal import orphans

LONGEST_PAUSE_S = 30.0
HEALTHY_S = 60.0
"""A process that lived so long starts again after the first, short pause."""
TICK_S = 0.05
STOP_S = 3.0
"""Grace for workers and web; Redis gets REDIS_STOP_S after them. Together under 5 s."""
REDIS_STOP_S = 1.0
LOG_BYTES = 5_000_000
CELERY_QUIET = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")


def control_worker() -> list[str]:
    """Reaper and beat: short tasks alone, so that nothing keeps them waiting."""
    options = ["-Q", "control", "-c", "1", "-B", "-n", "control@%h"]
    return [sys.executable, "-m", "celery", "-A", "portal", "worker", *options, *CELERY_QUIET]


def writing_worker() -> list[str]:
    """Lets finished models write, two at once."""
    options = ["-Q", "play", "-c", "2", "-n", "play@%h"]
    return [sys.executable, "-m", "celery", "-A", "portal", "worker", *options, *CELERY_QUIET]


def training_worker(slots: int) -> list[str]:
    """Carries runs, `slots` at once."""
    options = ["-Q", "train", "-c", str(slots), "-n", "train@%h"]
    return [sys.executable, "-m", "celery", "-A", "portal", "worker", *options, *CELERY_QUIET]


def web(*options: str) -> list[str]:
    """The web process; `options` say where it listens."""
    return [sys.executable, "manage.py", "web", *options]


@dataclass
class Process:
    """One child and its restarts."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    cwd: Path
    pass_fds: tuple[int, ...] = ()
    first_pause_s: float = 1.0
    popen: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    _started_at: float = 0.0
    _pause_s: float = 0.0
    _due_at: float = field(default=0.0)

    def start(self) -> None:
        """Start it now; its output goes to its log."""
        with self._open_log() as log:
            self.popen = subprocess.Popen(  # noqa: S603 - our own commands
                list(self.command),
                cwd=self.cwd,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=self.pass_fds,
                start_new_session=True,
                preexec_fn=orphans.ask_kernel,  # safe: the supervisor has no threads
            )
        self._started_at = time.monotonic()

    def tick(self) -> bool:
        """Look after it; True when it was started again just now."""
        now = time.monotonic()
        if self.popen is None:
            if now < self._due_at:
                return False
            self.start()
            self.restarts += 1
            return True
        if self.popen.poll() is None:
            return False
        self._fell(now, self.popen.returncode)
        return False

    def signal(self, number: int) -> None:
        """Send a signal to it; SIGKILL goes to its whole group."""
        if self.popen is None:
            return
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(self.popen.pid, number)
            elif self.popen.poll() is None:
                self.popen.send_signal(number)

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self.popen is not None and self.popen.poll() is None

    def _fell(self, now: float, code: int) -> None:
        self.signal(signal.SIGKILL)  # what it may have left in its group
        healthy = now - self._started_at >= HEALTHY_S
        self._pause_s = self.first_pause_s if healthy or not self._pause_s else min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._due_at, self.popen = now + self._pause_s, None
        with self._open_log() as log:
            log.write(f"-- {self.name} ended with {code}; starts again in {self._pause_s:g} s\n".encode())

    def _open_log(self) -> IO[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if not self._started_at and self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        return self.log.open("ab")


class Supervisor:
    """Starts processes in order, keeps them running, stops them all. Needs the main thread (it handles signals)."""

    def __init__(self, state: Path, facts: dict[str, Any]) -> None:
        self.processes: list[Process] = []
        self.facts = facts
        """Published in the file `state`, together with the process ids."""
        self._state = state
        self.stopping = False
        """A signal asked to stop."""

    def handle_signals(self) -> None:
        """From now on SIGINT, SIGTERM and SIGHUP stop everything."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop_soon)

    def start(self, process: Process) -> Process:
        """Start one and look after it from now on."""
        self.processes.append(process)
        process.start()
        self._publish()
        return process

    def watch(self, until: Callable[[], bool] = lambda: False) -> bool:
        """Look after all until a signal comes (False) or `until` says so (True)."""
        while not self.stopping:
            if sum(process.tick() for process in self.processes):
                self._publish()
            if until():
                return True
            time.sleep(TICK_S)
        return False

    def stop(self) -> None:
        """SIGTERM to all but Redis, SIGKILL to what is left after STOP_S; then Redis the same way."""
        others = [process for process in self.processes if process.name != "redis"]
        _end(others, STOP_S)
        _end([process for process in self.processes if process.name == "redis"], REDIS_STOP_S)
        self._state.unlink(missing_ok=True)

    def _stop_soon(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _publish(self) -> None:
        """Tell others where everything is: the second `up`, the tests, the benchmarks."""
        pids = {process.name: process.popen.pid for process in self.processes if process.popen}
        new = self._state.with_suffix(".new")
        new.write_text(json.dumps(self.facts | {"pid": os.getpid(), "processes": pids}, indent=1) + "\n")
        new.replace(self._state)


def _end(processes: list[Process], seconds: float) -> None:
    for process in processes:
        process.signal(signal.SIGTERM)
    until = time.monotonic() + seconds
    while any(process.alive for process in processes) and time.monotonic() < until:
        time.sleep(TICK_S)
    for process in processes:
        process.signal(signal.SIGKILL)
    for process in processes:
        if process.popen is not None:
            process.popen.wait()
