"""Words in a row: what stands between names and between sentences in the language of the page."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import get_language, pgettext


def listing(names: Iterable[str]) -> str:
    """Names one after another: "a, b" or "a、b"."""
    return pgettext("between names", ", ").join(names)


def gap() -> str:
    """What stands between two sentences: a space, and nothing in Chinese, whose full stop brings its own."""
    return "" if (get_language() or "").startswith("zh") else " "


def sentences(*parts: str) -> str:
    """Whole sentences one after another; empty ones are left out."""
    return gap().join(filter(None, parts))
