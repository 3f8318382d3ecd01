"""What every page's shell needs. No query: `request.user` is already there."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Languages for the switch."""
    return {"LANGUAGES": settings.LANGUAGES}
