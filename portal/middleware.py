"""Per-request facts of the person, and UserError shown as a page."""

from __future__ import annotations

import zoneinfo
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

from portal.lib.errors import UserError

READS_ANYTHING = frozenset({"studio-preview"})
"""Views that store nothing and name what is wrong with a text themselves."""


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


class PlainTextMiddleware(MiddlewareMixin):
    """No form field or query holds a zero character: PostgreSQL cannot store one, and no text needs one."""

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Raises BadRequest, which is answered by the page for 400."""
        if request.resolver_match is not None and request.resolver_match.url_name in READS_ANYTHING:
            return
        forms = [request.GET] if "json" in (request.content_type or "") else [request.GET, request.POST]
        if any("\0" in value for form in forms for values in form.lists() for value in (values[0], *values[1])):
            raise BadRequest("zero character")


class BackToPageMiddleware(MiddlewareMixin):
    """A form sent when the session had ended leads, after sign-in, to the form's page; its address takes no GET."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Rewrite `next` of a redirect to the sign-in page."""
        sign_in = resolve_url(settings.LOGIN_URL)
        if request.method != "POST" or not response.headers.get("Location", "").startswith(f"{sign_in}?"):
            return response
        page = urlsplit(request.headers.get("Referer", ""))
        here = page.netloc == request.get_host()
        back = f"{page.path}?{page.query}".rstrip("?") if here else "/"
        response.headers["Location"] = f"{sign_in}?{urlencode({'next': back})}"
        return response
