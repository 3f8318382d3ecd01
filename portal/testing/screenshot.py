"""`./run screenshot`: the picture of a live run in the README, taken from a portal of its own."""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from portal.testing import chromium
from portal.testing.browser import Visitor, sign_in
from portal.testing.server import ROOT, Portal

TARGET = ROOT / "docs" / "live-run.png"
PART = 0.6
"""Share of the run after which the picture is taken: held-out points and samples are there, and it still moves."""
WAIT_MS = 120_000


def main() -> None:
    """Start a portal, a run and Chromium; write the picture."""
    parser = argparse.ArgumentParser(prog="./run screenshot", description=__doc__)
    parser.add_argument("target", nargs="?", type=Path, default=TARGET)
    parser.add_argument("--language", choices=["en", "zh-hans"], default="en")
    parser.add_argument("--scheme", choices=["light", "dark"], default="light")
    options = parser.parse_args()
    chromium.ensure()
    with tempfile.TemporaryDirectory() as folder, Portal(Path(folder)) as portal, sync_playwright() as playwright:
        visitor = Visitor(chromium.launch(playwright), portal.url)
        page = visitor.open(language=options.language, scheme=options.scheme)
        start_run(page, options.language)
        options.target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=options.target)
        visitor.close()
        visitor.browser.close()
    print(options.target)


def start_run(page: Page, language: str) -> None:
    """Sign in as the learner, press Run, and wait until PART of it is done."""
    sign_in(page, "learner", language=language, to="/labs/training/")
    page.locator("#run").click()
    expect(page).to_have_url(re.compile(r"/runs/\d+/"))
    progress = page.locator("progress").first
    expect(progress).to_be_attached(timeout=WAIT_MS)
    while progress.is_visible() and float(progress.evaluate("bar => bar.position")) < PART:
        page.wait_for_timeout(200)


if __name__ == "__main__":
    main()
