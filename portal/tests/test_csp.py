"""The Content-Security-Policy is strict, and nothing in the tree would break it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

ROOT: Path = settings.BASE_DIR
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))

INLINE = {
    "style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "style element": re.compile(r"<style\b", re.I),
    "inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "inline script": re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*application/json)", re.I),
    "javascript: address": re.compile(r"javascript:", re.I),
    "htmx handler": re.compile(r"\shx-on|\shx-vals=['\"]js:", re.I),
}
BLOCKED = {
    "style written as an attribute": re.compile(r"setAttribute\(\s*['\"]style['\"]|\bstyle=\\?[\"'`]"),
    "evaluated text": re.compile(r"\beval\(|new Function\("),
}


@pytest.mark.django_db
def test_pages_come_with_a_policy_without_exceptions(client: Client) -> None:
    policy = client.get("/account/login/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_templates_hold_nothing_inline(path: Path) -> None:
    text = path.read_text()
    assert not [name for name, pattern in INLINE.items() if pattern.search(text)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_scripts_write_nothing_that_the_policy_blocks(path: Path) -> None:
    text = path.read_text()
    assert not [name for name, pattern in BLOCKED.items() if pattern.search(text)]
