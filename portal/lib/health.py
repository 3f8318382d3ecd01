"""Asks a running portal whether all of it is there. Used by `manage.py up`, container health checks and the tests."""

from __future__ import annotations

import http.client
import json
import urllib.request

TIMEOUT_S = 3


def healthy(url: str) -> bool:
    """Whether the portal at `url` says that database, Redis and every kind of worker are there."""
    try:
        with urllib.request.urlopen(url + "/healthz", timeout=TIMEOUT_S) as answer:  # noqa: S310 - our own address
            body = json.load(answer)
    except (OSError, http.client.HTTPException):
        return False
    return bool(body["ok"] and all(body["workers"].values()))
