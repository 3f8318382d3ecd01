"""Pages of the joining layer: errors in both languages, the door to the admin, and the health of the parts."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.context import theme_of
from portal.lib import redis

logger = logging.getLogger(__name__)

CHECK_S = 1.0
"""Longest wait for the database and for Redis, each."""
QUEUES = ("train", "play", "control")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: a request that no page of ours sends."""
    return _error(request, 400, "bad_request", _("The server could not read this request."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: the text of PermissionDenied says who may see it, the page who you are."""
    words = str(exception) or _("This page is for people with another role.")
    return _error(request, 403, "permission_denied", words)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: nothing there, or somebody else's."""
    return _error(request, 404, "not_found", _("There is no page at this address."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 when a form's token does not fit: cookies are off, or the person signed in or out in another tab."""
    words = _("This form was sent from a page that is too old.")
    return _error(request, 403, "csrf_failed", words, template="errors/csrf.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """500, rendered without database and context processors, since either may be what failed."""
    reference = secrets.token_hex(4)
    logger.error("Reference %s: %s %s failed", reference, request.method, request.path)
    cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    known = cookie if cookie in dict(settings.LANGUAGES) else translation.get_language_from_request(request)
    with translation.override(translation.get_language() or known):
        if _wants_json(request):
            words = _("The server failed. Reference: %(reference)s") % {"reference": reference}
            return _json(500, "server_error", words)
        page = render_to_string("errors/500.html", {"reference": reference, "theme": theme_of(request)})
    return HttpResponse(page, status=500)


def _error(request: HttpRequest, status: int, code: str, words: str, *, template: str = "") -> HttpResponse:
    if _wants_json(request):
        return _json(status, code, words)
    return render(request, template or f"errors/{status}.html", {"words": words}, status=status)


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _json(status: int, code: str, words: str) -> JsonResponse:
    return JsonResponse({"code": code, "message": words, "hint": "", "fields": {}}, status=status)


@login_required
def admin_login(request: HttpRequest) -> HttpResponse:
    """In place of the admin's own sign-in page, which would know nothing of the limits on failed tries."""
    if not request.user.is_staff:
        raise PermissionDenied(_("The admin pages are for administrators."))
    return redirect("admin:index")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For what does not read our pages' link to the icon: the admin, the API's pages, bookmarks."""
    return redirect(static("img/mark.svg"))


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether database and Redis answer (else 503), and how many workers have said so in the last 10 s. One query."""
    database = _within(CHECK_S, _database_answers)
    workers = _within(CHECK_S, _workers)
    ok = bool(database) and workers is not None
    body = {
        "ok": ok,
        "database": bool(database),
        "redis": workers is not None,
        "workers": workers or dict.fromkeys(QUEUES, 0),
    }
    return JsonResponse(body, status=200 if ok else 503)


def _within(seconds: float, check: Callable[[], Any]) -> Any:
    """What `check` returns; None when it fails or takes longer. A thread, since the drivers share no time limit."""
    answers: list[Any] = []

    def ask() -> None:
        try:
            answers.append(check())
        except Exception as error:
            logger.warning("Health check %s failed: %s", check.__name__, error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else None


def _database_answers() -> bool:
    """In a connection of this thread, closed again."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    finally:
        connection.close()


def _workers() -> dict[str, int]:
    """Living workers by queue: each renews its key `worker:<queue>:<hostname>`, which expires after 10 s."""
    with redis.client(socket_timeout=CHECK_S, socket_connect_timeout=CHECK_S) as client:
        keys = [key.decode() for key in client.scan_iter(match="worker:*", count=1000)]
    counts = Counter(key.split(":")[1] for key in keys)
    return {queue: counts[queue] for queue in QUEUES}
