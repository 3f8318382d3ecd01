"""Account pages that allauth does not have: profile, API token, language and theme."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from rest_framework.authtoken.models import Token

from portal.accounts import services
from portal.accounts.forms import ProfileForm
from portal.accounts.models import User

YEAR_S = 365 * 24 * 3600
_NEW_TOKEN = "new_token"  # noqa: S105 - a session key, not a secret


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language, time zone; roles and teams to read; the API token."""
    user = cast(User, request.user)
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    if request.method == "POST" and form.is_valid():
        form.save()
        translation.activate(form.cleaned_data["language"])
        messages.success(request, _("Profile saved."))
        return _with_cookie(redirect("profile"), settings.LANGUAGE_COOKIE_NAME, form.cleaned_data["language"])
    context = {
        "form": form,
        "teams": user.teams.all(),
        "managed_teams": user.managed_teams.all() if user.is_manager else [],
        "token": Token.objects.filter(user=user).first(),
        "new_token": request.session.pop(_NEW_TOKEN, None),
    }
    return render(request, "account/profile.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def token_create(request: HttpRequest) -> HttpResponse:
    """A new token, shown once by the profile page."""
    request.session[_NEW_TOKEN] = services.token_create(user=cast(User, request.user))
    return redirect("profile")


@login_required
@require_POST
def token_delete(request: HttpRequest) -> HttpResponse:
    """No token any more."""
    services.token_delete(user=cast(User, request.user))
    messages.success(request, _("API token deleted."))
    return redirect("profile")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """The other language: kept with the person, and in a cookie for the pages before sign-in."""
    chosen = services.language_check(request.POST.get("language", ""))
    if request.user.is_authenticated:
        services.language_set(user=request.user, language=chosen)
    return _with_cookie(_back(request), settings.LANGUAGE_COOKIE_NAME, chosen)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark or as the system, for this browser."""
    chosen = services.theme_check(request.POST.get("theme", ""))
    return _with_cookie(_back(request), settings.THEME_COOKIE_NAME, chosen)


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To `next` on this host; to the start page for anything else."""
    target = request.POST.get("next", "")
    known = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if known else "/")


def _with_cookie(response: HttpResponseRedirect, name: str, value: str) -> HttpResponseRedirect:
    response.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response
