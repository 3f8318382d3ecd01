"""Asks a running portal whether all of it is there. Used by `manage.py up`, container health checks and the tests."""

from __future__ import annotations

import http.client
import json
import os
import sys
import urllib.request

TIMEOUT_S = 3


def healthy(url: str, *, host: str = "") -> bool:
    """Whether the portal at `url` says that database, Redis and every kind of worker are there."""
    body = _ask(url, host)
    return bool(body.get("ok")) and all(body["workers"].values())


def _ask(url: str, host: str) -> dict[str, dict[str, int]]:
    """The answer of /healthz; empty when there is none. `host` is the name that the portal knows itself by."""
    request = urllib.request.Request(url + "/healthz", headers={"Host": host} if host else {})  # noqa: S310 - http
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - our own address
            body: dict[str, dict[str, int]] = json.load(answer)
    except (OSError, http.client.HTTPException):
        return {}
    return body


if __name__ == "__main__":
    # In a container: web itself, without its workers; they have a check of their own.
    known = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip()
    sys.exit(0 if _ask(sys.argv[1], known).get("ok") else 1)
