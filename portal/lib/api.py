"""Errors of the API, in one shape: {"code", "message", "hint", "fields"}."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler

from portal.lib.errors import UserError


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """UserError in its own words; everything else as DRF does."""
    if not isinstance(error, UserError):
        return drf_handler(error, context)
    body = {
        "code": error.code,
        "message": str(error.message),
        "hint": str(error.hint),
        "fields": {name: str(text) for name, text in error.fields.items()},
    }
    return Response(body, status=error.status)
