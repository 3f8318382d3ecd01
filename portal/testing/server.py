"""A whole portal of its own: `manage.py up` on a free port with a data folder of its own. For tests and benchmarks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from portal import orphans
from portal.lib.health import healthy

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "for-everybody-here"
READY_S = 90.0
STOP_S = 10.0
POLL_S = 0.1
QUIET = {"LAB_REPLAY": "false", "LAB_WARM_PRESETS": "false"}
"""Every run is trained, and nothing but what a test asks for."""
LEFT_OUT = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PYTHONOPTIMIZE")
"""Variables of the caller that a portal of its own must not see."""


class Portal:
    """`with Portal(var) as portal:` starts it and waits until it is healthy; leaving the block ends every process.

    The people of `portal.accounts.cast.CAST` are there, with PASSWORD.
    """

    def __init__(
        self,
        var: Path,
        *,
        port: int = 0,
        env: Mapping[str, str] | None = None,
        restart_after_s: float = 1.0,
    ) -> None:
        self.var = var
        inherited = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
        self._environment = inherited | QUIET | {"GRADUS_VAR": str(var)} | dict(env or {})
        self._options = ["--port", str(port), "--demo-password", PASSWORD, "--restart-after", str(restart_after_s)]
        self._up: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait for its health. Raises RuntimeError with its logs."""
        self.var.mkdir(parents=True, exist_ok=True)
        with (self.var / "up.out").open("wb") as out:
            self._up = subprocess.Popen(
                [sys.executable, "manage.py", "up", *self._options],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=orphans.ask_kernel,
            )
        self.wait_until(self._ready, "the portal did not get ready", READY_S)

    def stop(self) -> int:
        """SIGTERM; returns the exit code. What is left after STOP_S is killed."""
        if self._up is None:
            return 0
        self._up.terminate()
        try:
            return self._up.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._up.kill()
            raise RuntimeError(f"the portal did not stop within {STOP_S:g} s{self.logs()}") from None

    @property
    def facts(self) -> dict[str, Any]:
        """What the supervisor publishes: url, redis_url, pid, processes."""
        facts: dict[str, Any] = json.loads((self.var / "run.json").read_text())
        return facts

    @property
    def environment(self) -> dict[str, str]:
        """For processes that are to see the same database, files and Redis."""
        return self._environment | {"REDIS_URL": self.redis_url}

    @property
    def url(self) -> str:
        """Where the portal answers, without a slash at the end."""
        return str(self.facts["url"])

    @property
    def redis_url(self) -> str:
        """Its own Redis, or the one that REDIS_URL names."""
        return str(self.facts.get("redis_url") or self._environment["REDIS_URL"])

    @property
    def pid(self) -> int:
        """The supervisor's."""
        return int(self.facts["pid"])

    def process(self, name: str) -> int:
        """Id of the process web, train, play, control or redis. Raises KeyError while it is down."""
        return int(self.facts["processes"][name])

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to a process and return its id; the supervisor starts it again."""
        pid = self.process(name)
        os.kill(pid, number)
        return pid

    def wait_for_restart(self, name: str, old: int, seconds: float = 60) -> int:
        """Wait until the process has another id than `old` and the portal is healthy again; returns the new id."""
        self.wait_until(lambda: self.facts["processes"].get(name, old) != old, f"{name} did not start again", seconds)
        self.wait_until(self.healthy, f"not healthy after the restart of {name}", seconds)
        return self.process(name)

    def healthy(self) -> bool:
        """Whether /healthz says that every part is there."""
        return healthy(self.url)

    def manage(self, *command: str) -> str:
        """Run `manage.py` beside it, with its database and Redis; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def wait_until(self, condition: Any, complaint: str, seconds: float) -> None:
        """Poll `condition`. Raises RuntimeError with the complaint and the logs after `seconds`."""
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise RuntimeError(f"{complaint}{self.logs()}")
            time.sleep(POLL_S)

    def logs(self, characters: int = 3000) -> str:
        """The last part of each log."""
        texts = [""]
        for path in [self.var / "up.out", *sorted((self.var / "log").glob("*.log"))]:
            if path.exists():
                texts.append(f"== {path.name}\n{path.read_text(errors='replace')[-characters:]}")
        return "\n".join(texts)

    def _ready(self) -> bool:
        if self._up is not None and self._up.poll() is not None:
            raise RuntimeError(f"the portal ended with {self._up.returncode}{self.logs()}")
        return (self.var / "run.json").exists() and self.healthy()
