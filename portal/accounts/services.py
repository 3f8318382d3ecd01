"""Writes about people: their language, their API token. Called by the account pages."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import Token

from portal.accounts.models import User
from portal.lib.errors import UserError

THEMES = ("system", "light", "dark")


def language_check(language: str) -> str:
    """`language` if the portal speaks it. Raises UserError "unknown_language"."""
    if language not in dict(settings.LANGUAGES):
        raise UserError("unknown_language", _("The portal does not speak that language."), _("Choose 中文 or English."))
    return language


def theme_check(theme: str) -> str:
    """`theme` if it is one of THEMES. Raises UserError "unknown_theme"."""
    if theme not in THEMES:
        raise UserError("unknown_theme", _("There is no such appearance."), _("Choose system, light or dark."))
    return theme


def language_set(*, user: User, language: str) -> None:
    """Pages and e-mails for `user` are in `language` from now on. One query; none when nothing changes."""
    if user.language != language_check(language):
        user.language = language
        user.save(update_fields=["language"])


@transaction.atomic
def token_create(*, user: User) -> str:
    """A new API token in place of the old one, which stops working. The only moment at which pages show it."""
    Token.objects.filter(user=user).delete()
    return str(Token.objects.create(user=user).key)


def token_delete(*, user: User) -> None:
    """Programs that use the token of `user` are signed out; without a token nothing happens."""
    Token.objects.filter(user=user).delete()
