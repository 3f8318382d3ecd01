"""Forms of the account pages."""

from __future__ import annotations

import datetime
import zoneinfo
from functools import lru_cache
from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User


@lru_cache(maxsize=1)
def _zone_names() -> list[str]:
    """Places of the IANA database without its aliases and technical zones."""
    areas = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    return [*sorted(name for name in zoneinfo.available_timezones() if name.split("/")[0] in areas), "UTC"]


def zone_choices() -> list[tuple[str, str]]:
    """Time zones with their distance from UTC today: ("Asia/Shanghai", "Asia/Shanghai (UTC+08:00)")."""
    now = datetime.datetime.now(datetime.UTC)
    offsets = {name: f"{now.astimezone(zoneinfo.ZoneInfo(name)):%z}" for name in _zone_names()}
    return [(name, f"{name} (UTC{offset[:3]}:{offset[3:5]})") for name, offset in offsets.items()]


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth has no type hints
    """allauth's, without its hints: the page has its own link to a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class ProfileForm(forms.ModelForm[User]):
    """What a person may change about themselves."""

    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)

    class Meta:
        model = User
        fields = ("display_name", "language", "time_zone")
        labels = {"display_name": _("Display name"), "language": _("Language")}
        help_texts = {
            "display_name": _("Shown to your managers and in reports."),
            "language": _("Of pages and e-mails."),
        }
