"""Per-request facts of the person, and UserError shown as a page."""

from __future__ import annotations

import zoneinfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

from portal.lib.errors import UserError


class PersonMiddleware(MiddlewareMixin):
    """Language and time zone: the signed-in person's, else the cookie's, else the browser's."""

    def process_request(self, request: HttpRequest) -> None:
        """Activate both for this request."""
        if request.user.is_authenticated:
            language, zone = request.user.language, request.user.time_zone
        else:
            cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
            known = cookie if cookie in dict(settings.LANGUAGES) else ""
            language, zone = known or translation.get_language_from_request(request), ""
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()
        if zone:
            timezone.activate(zoneinfo.ZoneInfo(zone))
        else:
            timezone.deactivate()

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Say which language the page is in."""
        response.headers.setdefault("Content-Language", translation.get_language() or "")
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


class UserErrorMiddleware(MiddlewareMixin):
    """A UserError that no view caught becomes a page (or htmx fragment) with the same words as in the API."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Only for UserError; everything else goes on."""
        if not isinstance(exception, UserError):
            return None
        template = "_user_error.html" if request.htmx else "user_error.html"  # type: ignore[attr-defined]
        return render(request, template, {"error": exception}, status=exception.status)
