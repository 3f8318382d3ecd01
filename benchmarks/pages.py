"""Server time and queries of every main page, over uvicorn, on the seeded course with 1,000 learners.

200 requests a page from one client, then from 16 at once (`p95_16_ms`). `./run bench pages [--requests N]`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from benchmarks.common import percentile, report
from portal.accounts.cast import CAST
from portal.testing.client import Session
from portal.testing.server import PASSWORD, Portal

if TYPE_CHECKING:
    from collections.abc import Iterator

LEARNERS = 1000
CLIENTS = 16
EMAILS = {person.role: person.email for person in CAST}
CHAPTER = "/learn/llm-foundations/attention"


def seed(portal: Portal) -> dict[str, tuple[str, str]]:
    """Fill the portal's database; page name → (role, path)."""
    os.environ.update(portal.environment | {"DJANGO_SETTINGS_MODULE": "portal.settings.embedded"})
    django.setup()
    from benchmarks import seed as seeding  # noqa: PLC0415 - models exist only after the set-up above
    from portal.accounts.models import User  # noqa: PLC0415

    people = {role: User.objects.get(email=email) for role, email in EMAILS.items()}
    seeding.company(LEARNERS, manager=people["manager"])
    run, *_ = seeding.runs(people["learner"], 30)
    learner = Session(portal.url, EMAILS["learner"], PASSWORD)
    learner.get(f"{CHAPTER}/shares/")
    learner.post(f"{CHAPTER}/quiz/start/", {})
    attempt = people["learner"].attempts.get(state="open")
    return {
        "home": ("learner", "/"),
        "chapter": ("learner", f"{CHAPTER}/shares/"),
        "quiz": ("learner", f"/attempts/{attempt.pk}/"),
        "lab": ("learner", "/labs/training/"),
        "run": ("learner", f"/runs/{run.pk}/"),
        "runs": ("learner", "/runs/"),
        "team": ("manager", "/team/"),
        "studio": ("author", "/studio/llm-foundations/attention/"),
    }


def queries(role: str, path: str) -> int:
    """Number of database queries of one page, in this process on the same database."""
    from django.db import connection  # noqa: PLC0415 - settings exist only after the set-up
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    from portal.accounts.models import User  # noqa: PLC0415

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(email=EMAILS[role]))
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.get(path)
    return sum(not query["sql"].startswith(("PRAGMA", "BEGIN", "COMMIT")) for query in captured.captured_queries)


def timed(session: Session, path: str, requests: int) -> Iterator[tuple[float, int]]:
    """Milliseconds and bytes of each request. Raises RuntimeError for anything but 200."""
    for _ in range(requests):
        started = time.perf_counter()
        status, body = session.get(path)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        yield (time.perf_counter() - started) * 1000, len(body)


def measure(portal: Portal, role: str, path: str, requests: int) -> dict[str, Any]:
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
        "queries": queries(role, path),
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
        for name, (role, path) in targets.items():
            pages[name] = measure(portal, role, path, options.requests)
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
