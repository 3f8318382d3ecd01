"""`./run test [pytest arguments]`: lint, types, and the tests on every part that is real.

Without arguments everything runs. With `-m "not slow"` alone: lint, types and the quick tests on SQLite. With a path,
`-k` or any other argument: pytest alone, with these arguments. A failed step does not stop the others; the last lines
name it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from portal.testing import chromium, postgres

QUICK = ["-m", "not slow"]
SLOW = ["-m", "slow"]
APPS = ["portal", "courses", "labs"]
PARALLEL = ["-n", "2", "--dist", "loadfile"]
NO_TESTS = 5
"""pytest's exit code when it selected none."""

Step = tuple[str, Callable[[], int]]


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments ask for; the exit code is 1 when a step failed."""
    if not arguments:
        steps = [*checks(), *tests()]
    elif list(arguments) == QUICK:
        steps = [*checks(), ("tests on SQLite", lambda: _pytest(*PARALLEL, *QUICK))]
    else:
        chromium.ensure()
        return _pytest(*arguments)
    results = [(name, *_timed(name, step)) for name, step in steps]
    print("\n== Summary")
    for name, code, seconds in results:
        print(f"{'ok' if code == 0 else 'FAILED':<8}{seconds:6.1f} s  {name}")
    failed = sum(code != 0 for _, code, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def checks() -> list[Step]:
    """Everything that reads the source without running it."""
    return [
        ("ruff check", lambda: _module("ruff", "check", ".", "run")),
        ("ruff format", lambda: _module("ruff", "format", "--check", ".", "run")),
        ("djlint", lambda: _module("djlint", "templates", "--lint", "--quiet")),
        ("mypy", lambda: _module("mypy", "--scripts-are-modules", ".", "run")),
        ("migrations", lambda: _call([sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"])),
    ]


def tests() -> list[Step]:
    """Quick ones in two processes; slow ones, which start whole portals, one after the other."""
    return [
        ("tests on SQLite", lambda: _pytest(*PARALLEL, *QUICK)),
        ("tests with real processes and Chromium", _slow),
        ("tests on PostgreSQL", _on_postgres),
        ("tests under python -O", lambda: _pytest(*PARALLEL, *QUICK, *APPS, optimise=True)),
    ]


def _slow() -> int:
    chromium.ensure()
    return _pytest(*SLOW)


def _on_postgres() -> int:
    with postgres.server() as url:
        return _pytest(*PARALLEL, *QUICK, *APPS, DATABASE_URL=url)


def _pytest(*arguments: str, optimise: bool = False, **environment: str) -> int:
    command = [sys.executable, *(["-O"] if optimise else []), "-m", "pytest", "-q", *arguments]
    if optimise:  # for the processes of xdist as well
        environment["PYTHONOPTIMIZE"] = "1"
    code = _call(command, **{"DJANGO_SETTINGS_MODULE": "portal.settings.testing"} | environment)
    return 0 if code == NO_TESTS and arguments[:2] == tuple(SLOW) else code


def _module(name: str, *arguments: str) -> int:
    return _call([sys.executable, "-m", name, *arguments], DJANGO_SETTINGS_MODULE="portal.settings.testing")


def _call(command: Sequence[str], **environment: str) -> int:
    print("$ " + shlex.join(["python" if part == sys.executable else part for part in command]), flush=True)
    return subprocess.run(command, cwd=Path(__file__).parents[2], env=os.environ | environment, check=False).returncode


def _timed(name: str, step: Callable[[], int]) -> tuple[int, float]:
    print(f"\n== {name}", flush=True)
    start = time.monotonic()
    try:
        code = step()
    except (RuntimeError, OSError) as error:
        print(error)
        code = 1
    return code, time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
