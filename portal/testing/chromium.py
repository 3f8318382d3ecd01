"""Chromium for browser tests and screenshots: found, or installed by `./run test`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


class ChromiumMissingError(RuntimeError):
    """No Chromium, and none could be installed."""


def find() -> str | None:
    """The variable CHROMIUM, else one on PATH, else Playwright's own; None when there is none."""
    named = os.environ.get("CHROMIUM", "")
    if named:
        if not os.access(named, os.X_OK):
            raise ChromiumMissingError(f"CHROMIUM is {named!r}, which is no program.")
        return named
    for name in NAMES:
        if found := shutil.which(name):
            return found
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def ensure() -> str:
    """A Chromium, installing one where there is none: Playwright's, else as root Debian's package."""
    if found := find():
        return found
    print("Installing Chromium …", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    found = find()
    if found is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium", "fonts-noto-cjk"]):
            subprocess.run(["apt-get", "-q", *command], check=False)
        found = find()
    if found is None:
        raise ChromiumMissingError(
            "No Chromium for the browser tests, and none could be installed. Install Chromium or Chrome, "
            "or set CHROMIUM to its program."
        )
    return found


def launch(playwright: Playwright) -> Browser:
    """Start it. Chromium's sandbox refuses to run as root."""
    executable = find()
    if executable is None:
        raise ChromiumMissingError("No Chromium was found: `./run test` installs one.")
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=executable, args=arguments)
