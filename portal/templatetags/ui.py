"""Template tags of the interface, built in to every template: icons, times and numbers as ui.md writes them."""

from __future__ import annotations

import datetime
from typing import Any

from django import template
from django.forms import BoundField, Select
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from portal.icons import ICONS
from portal.lib import words

register = template.Library()

NBSP = "\N{NO-BREAK SPACE}"


@register.simple_tag
def icon(name: str) -> SafeString:
    """The icon `name` as inline SVG, silent for screen readers. Raises KeyError for a name that is not in ICONS."""
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>',
        ICONS[name],
    )


@register.simple_tag
def gap() -> str:
    """Between two sentences of a paragraph: a space, and nothing in Chinese."""
    return words.gap()


@register.inclusion_tag("parts/_field.html")
def field(bound: BoundField, label: str = "", **attributes: str) -> dict[str, Any]:
    """A form field with label, hint and errors. Attributes go to the control, `aria_label` as `aria-label`."""
    kind = "select" if isinstance(bound.field.widget, Select) else "input"
    attrs: dict[str, str | bool] = {"class": kind}
    attrs.update({name.replace("_", "-"): value for name, value in attributes.items()})
    return {"field": bound, "label": label or bound.label, "control": bound.as_widget(attrs=attrs)}


@register.filter
def thousands(value: float | None) -> str:
    """1234567 as "1,234,567", the same in both languages; a dash for None."""
    return "–" if value is None else f"{value:,}"


@register.filter
def decimals(value: float | None, places: int = 3) -> str:
    """A measured number with a fixed count of decimals, never in local notation; a dash for None."""
    return "–" if value is None else f"{value:.{places}f}"


@register.filter
def percent(value: float | None) -> str:
    """88 as "88 %" with a space that does not break; a dash for None. The value is already a percentage."""
    return "–" if value is None else f"{value:.0f}{NBSP}%"


@register.filter
def clock(value: datetime.datetime | None) -> str:
    """The time of day with seconds, 24 hours, in the reader's zone: "14:05:12"."""
    return "–" if value is None else timezone.localtime(value).strftime("%H:%M:%S")


@register.filter
def day(value: datetime.datetime | datetime.date | None) -> str:
    """The date, with the year only when it is another one: "27 Nov"."""
    if value is None:
        return "–"
    date = timezone.localtime(value).date() if isinstance(value, datetime.datetime) else value
    if date.year == timezone.localdate().year:
        return date_format(date, pgettext("date format, this year", "j M"))
    return date_format(date, pgettext("date format, another year", "j M Y"))


@register.filter
def ago(value: datetime.datetime | None) -> str:
    """How long ago in the words of a person: "just now", "5 min ago", "today 14:02", "yesterday 21:14", "20 Nov"."""
    if value is None:
        return "–"
    seconds = (timezone.now() - value).total_seconds()
    if seconds < 60:
        return _("just now")
    if seconds < 3600:
        minutes = int(seconds // 60)
        return ngettext("%(minutes)d min ago", "%(minutes)d min ago", minutes) % {"minutes": minutes}
    local = timezone.localtime(value)
    days = (timezone.localdate() - local.date()).days
    if days == 0:
        return _("today %(time)s") % {"time": f"{local:%H:%M}"}
    if days == 1:
        return _("yesterday %(time)s") % {"time": f"{local:%H:%M}"}
    return day(value)


@register.filter
def duration(seconds: float | None) -> str:
    """A length of time with the unit once: "0.4 s", "18 s", "2 min 5 s", "1 h 10 min"; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return _("%(seconds)s s") % {"seconds": f"{seconds:.1f}"}
    whole = round(seconds)
    if whole < 60:
        return _("%(seconds)s s") % {"seconds": whole}
    if whole < 3600:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": whole // 60, "seconds": whole % 60}
    return _("%(hours)d h %(minutes)d min") % {"hours": whole // 3600, "minutes": whole % 3600 // 60}
