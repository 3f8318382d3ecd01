"""Training processes as seen from the worker: a nursery that forks them, and the pipe on which one speaks.

Called by `labs.runner`, `labs.writing` and `labs.inside.looking`. Each worker process has one nursery and one child at
a time.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

READ_BYTES = 1 << 16
ENVIRONMENT = {
    "OMP_WAIT_POLICY": "passive",  # idle threads of one run must not take a core from another
    "TOKENIZERS_PARALLELISM": "false",
    # Keep the blocks that every step frees for the next one: 2 to 9 % of a step.
    "MALLOC_TRIM_THRESHOLD_": str(2**28),
    "MALLOC_MMAP_THRESHOLD_": str(2**28),
    "MALLOC_TOP_PAD_": str(2**26),
}
STARTS = 2
"""A nursery that died between two runs is replaced once a request."""


class NurseryError(RuntimeError):
    """No training process can be started on this machine."""


class Child:
    """One forked process. Reading its events never blocks longer than asked."""

    def __init__(self, nursery: Nursery, pid: int, events: int, keepalive: int) -> None:
        self.pid = pid
        self._nursery, self._events, self._keepalive = nursery, events, keepalive
        self._rest = b""
        self.closed = False
        """The child has closed its end: it has ended, or is about to."""

    def read(self, timeout: float) -> list[dict[str, Any]]:
        """Events that have arrived, waiting at most `timeout` seconds for the first."""
        if self.closed or not select.select([self._events], [], [], timeout)[0]:
            return []
        data = os.read(self._events, READ_BYTES)
        if not data:
            self.closed = True
            return []
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def ask(self, question: dict[str, Any]) -> bool:
        """Pass a question on to a child that looks inside a run; False when it has gone."""
        try:
            os.write(self._keepalive, json.dumps(question, ensure_ascii=False).encode() + b"\n")
        except BrokenPipeError:
            return False
        return True

    def ask_to_stop(self) -> None:
        """Let it write a checkpoint and leave."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and all that it started, at once."""
        self._signal(signal.SIGKILL)

    def wait(self) -> int:
        """Its wait status (0: ended by itself without an error). Kills one that still speaks. Call once, last."""
        if not self.closed:
            self.kill()
        self.close()
        return self._nursery.status()

    def close(self) -> None:
        """Give its pipes back: it ends if it has not."""
        for fd in (self._events, self._keepalive):
            os.close(fd)

    def _signal(self, number: int) -> None:
        # It is its own session's leader from its first moments on, so its group is itself and its children.
        for send in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                send(self.pid, number)


class Nursery:
    """Starts `trainer.nursery` when first needed, and again when it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._answers: Iterator[bytes] = iter(())
        self._lock = threading.Lock()
        self._kept: tuple[str, Child] | None = None

    def warm(self) -> None:
        """Have it ready: the import of torch takes seconds."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()

    def warm_later(self) -> None:
        """Have it ready soon, without holding up whoever starts this process."""
        threading.Thread(target=self.warm, daemon=True).start()

    def keep(self, key: str, child: Child) -> None:
        """Let a child that has answered stay under a name, until it is `let_go` or another is started."""
        self._kept = key, child

    def kept(self, key: str) -> Child | None:
        """The child that stays under this name, if it has not left by itself."""
        if self._kept is None or self._kept[0] != key:
            return None
        child = self._kept[1]
        child.read(0)
        return None if child.closed else child

    def let_go(self) -> None:
        """End the child that was kept, if there is one."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept[1].read(0)  # one that has left by itself must not be killed: its number may be another's by now
            kept[1].wait()

    def start(self, request: dict[str, Any]) -> Child:
        """Fork a child that carries out `request` (see trainer.nursery). Raises NurseryError."""
        self.let_go()
        limits = {"memory_mb": settings.LAB_MEMORY_MB, "file_mb": settings.LAB_FILE_MB}
        message = json.dumps(limits | request).encode()
        for _ in range(STARTS):
            self.warm()
            events, keepalive = os.pipe(), os.pipe()
            try:
                assert self._channel is not None  # for the type checker: warm() has set it
                socket.send_fds(self._channel, [message], [events[1], keepalive[0]])
                return Child(self, self._answer()["pid"], events[0], keepalive[1])
            except (OSError, NurseryError):
                os.close(events[0])
                os.close(keepalive[1])
                self.stop()
            finally:
                os.close(events[1])
                os.close(keepalive[0])
        raise NurseryError("the nursery of training processes does not start; see the worker's log")

    def status(self) -> int:
        """Wait status of the child that has just ended; SIGKILL's when the nursery went with it."""
        try:
            return int(self._answer()["status"])
        except (OSError, NurseryError):
            self.stop()
            return signal.SIGKILL

    def stop(self) -> None:
        """End it; a child that still runs loses its keepalive when its reader closes it."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept[1].close()
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._channel = None

    def _start(self) -> None:
        here, there = socket.socketpair()
        with there:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no outside input
                [sys.executable, "-m", "trainer.nursery", str(there.fileno())],
                pass_fds=[there.fileno()],
                cwd=Path(settings.BASE_DIR),
                env=os.environ | ENVIRONMENT,
                stdin=subprocess.DEVNULL,
            )
        self._channel, self._answers = here, here.makefile("rb")
        self._answer()  # {"ready": pid}

    def _answer(self) -> dict[str, Any]:
        line = next(self._answers, b"")
        if not line:
            raise NurseryError("the nursery has gone")
        answer: dict[str, Any] = json.loads(line)
        return answer


nursery = Nursery()
"""This process's own."""
