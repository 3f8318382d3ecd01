"""From the click on Run to the first point: 20 runs, one after the other, on an otherwise idle portal.

`--browser` measures in Chromium instead, from the click to the point drawn. `./run bench first_point [--runs N]`.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Error, Page, sync_playwright

from benchmarks.common import percentile, report
from portal.testing import chromium
from portal.testing.browser import Visitor, sign_in
from portal.testing.client import Session, messages, steps_of
from portal.testing.server import PASSWORD, Portal

LEARNER = "learner@gradus.example"
LIMIT_S = 60.0
RECIPE = {"tokens": 102_400}
"""A hundred steps: the first point is all that is measured, the rest is waited for."""


async def first_point(session: Session, seed: int) -> float:
    """Submit a run and follow it to its end; seconds from the POST to its first point."""
    started = time.time()
    run = session.api("POST", "/api/runs/", {"lab": "training", "spec": RECIPE | {"seed": seed}})
    seconds = None
    async for message in messages(session.host, run["id"], session.cookie):
        if steps_of(message) and seconds is None:
            seconds = message.at - started
    if seconds is None:
        raise RuntimeError(f"run {run['id']} showed no point")
    return seconds


def through_stream(portal: Portal, runs: int) -> list[float]:
    """Seconds of each run as a stream client sees them."""
    session = Session(portal.url, LEARNER, PASSWORD)
    return [asyncio.run(first_point(session, seed)) for seed in range(1, runs + 1)]


def through_browser(portal: Portal, runs: int) -> list[float]:
    """Seconds from the click to the first step that the page shows, in Chromium."""
    seconds = []
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        page = Visitor(browser, portal.url).open()
        sign_in(page, "learner")
        for seed in range(1, runs + 1):
            page.goto(f"/labs/training/?tokens={RECIPE['tokens']}&seed={seed}")
            started = time.time()
            page.locator("#run").click(no_wait_after=True)
            while not shown_step(page):
                if time.time() - started > LIMIT_S:
                    raise RuntimeError(f"{page.url} shows no point")
            seconds.append(time.time() - started)
            page.locator("#run-page[data-state=finished]").wait_for(timeout=LIMIT_S * 1000)
        browser.close()
    return seconds


def shown_step(page: Page) -> int:
    """The step that the run page shows; 0 before it has come, or while pages change."""
    try:
        text = page.evaluate("document.getElementById('s-step')?.textContent ?? '0'")
    except Error:
        return 0
    return int(text.replace(",", "") or 0) if text.replace(",", "").isdecimal() else 0


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="first_point", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--browser", action="store_true", help="in Chromium, until the point is drawn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Portal(Path(folder)) as portal:
        time.sleep(5)  # the nurseries import torch; a portal that has just started is not what is measured
        seconds = (through_browser if options.browser else through_stream)(portal, options.runs)
    for number, value in enumerate(seconds, start=1):
        print(f"run {number:2}  {value:.3f} s")
    how = "browser" if options.browser else "stream"
    report("first_point", through=how, runs=options.runs, p50_s=percentile(seconds, 50), p95_s=percentile(seconds, 95))


if __name__ == "__main__":
    main()
