"""Server time and queries of every main page, over uvicorn, on the seeded course with 1,000 learners.

200 requests a page from one client, then from 16 at once (`p95_16_ms`). `./run bench pages [--requests N]`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, percentile, report
from portal.testing.browser import EMAILS
from portal.testing.client import Session
from portal.testing.server import PASSWORD, Portal

LEARNERS = 1000
CLIENTS = 16


def seed(portal: Portal) -> dict[str, dict[str, Any]]:
    """Fill the portal's database (see benchmarks.company); page name → role, path, queries."""
    environment = portal.environment | {"DJANGO_SETTINGS_MODULE": "portal.settings.embedded"}
    command = [sys.executable, "-m", "benchmarks.company", str(LEARNERS)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    pages: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return pages


def timed(session: Session, path: str, requests: int) -> Iterator[tuple[float, int]]:
    """Milliseconds and bytes of each request. Raises RuntimeError for anything but 200."""
    for _ in range(requests):
        started = time.perf_counter()
        status, body = session.get(path)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        yield (time.perf_counter() - started) * 1000, len(body)


def measure(portal: Portal, role: str, path: str, queries: int, requests: int) -> dict[str, Any]:
    """One page: one client, then CLIENTS at once."""
    sessions = [Session(portal.url, EMAILS[role], PASSWORD)]
    for _ in range(CLIENTS - 1):
        other = Session(portal.url)
        other.cookies = sessions[0].cookies
        sessions.append(other)
    list(timed(sessions[0], path, 5))
    alone = list(timed(sessions[0], path, requests))
    with ThreadPoolExecutor(CLIENTS) as pool:
        each = -(-requests // CLIENTS)
        busy = [item for part in pool.map(lambda s: list(timed(s, path, each)), sessions) for item in part]
    times = [milliseconds for milliseconds, _ in alone]
    return {
        "p50_ms": percentile(times, 50),
        "p95_ms": percentile(times, 95),
        "p95_16_ms": percentile([milliseconds for milliseconds, _ in busy], 95),
        "queries": queries,
        "kb": alone[0][1] / 1024,
    }


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="pages", description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    options = parser.parse_args()
    pages: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder, Portal(Path(folder)) as portal:
        targets = seed(portal)
        time.sleep(5)  # the nurseries import torch
        for name, target in targets.items():
            pages[name] = measure(portal, **target, requests=options.requests)
            print(f"{name:8}", "  ".join(f"{key} {value:8.1f}" for key, value in pages[name].items()), flush=True)
    report(
        "pages",
        learners=LEARNERS,
        requests=options.requests,
        pages=pages,
        worst_p95_ms=max(page["p95_ms"] for page in pages.values()),
        worst_queries=max(page["queries"] for page in pages.values()),
    )


if __name__ == "__main__":
    main()
