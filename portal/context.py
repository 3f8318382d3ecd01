"""What every page's shell needs. No query: `request.user` is already there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from portal.accounts.services import THEMES

PLACES = {
    "learn": {
        "home",
        "course",
        "chapter",
        "section",
        "quiz",
        "attempt",
        "lab-list",
        "lab",
        "board",
        "board-join",
        "cost",
        "recipe",
        "run-submit",
        "upload-create",
    },
    "runs": {"run-list", "share-create", "share", "run", "run-report", "generation-create", "generation"},
    "team": {"team", "learner"},
    "teaching": {"teaching", "teaching-lab", "teaching-run"},
    "studio": {"studio", "studio-chapter", "studio-versions", "studio-publish"},
    "control": {"control"},
    "profile": {"profile", "account_change_password"},
}
"""Which page stands where in the main navigation, by URL name."""


def shell(request: HttpRequest) -> dict[str, Any]:
    """The theme, the place in the navigation, and where the switches come back to."""
    match = request.resolver_match
    name = match.url_name if match else None
    return {
        "theme": theme_of(request),
        "place": next((place for place, names in PLACES.items() if name in names), ""),
        "here": here(request),
    }


def theme_of(request: HttpRequest) -> str:
    """The scheme that the person chose on this browser: system, light or dark."""
    chosen = request.COOKIES.get(settings.THEME_COOKIE_NAME, "")
    return chosen if chosen in THEMES else "system"


def here(request: HttpRequest) -> str:
    """The address that shows this page again. A page answered to a POST may not exist as GET, so that is its form's."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    referrer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referrer, {request.get_host()}, require_https=request.is_secure()):
        return request.get_full_path()
    parts = urlsplit(referrer)
    return parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
