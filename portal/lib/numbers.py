"""Numbers that people and programs send. Called by views."""

from __future__ import annotations

LONGEST = 18
"""Digits that fit every integer column; Python itself refuses to read thousands of them."""


def whole(text: str | None, default: int = 0) -> int:
    """A whole number in plain digits, else `default`."""
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST else default
