"""Icons, and times and numbers as the interface writes them."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import timezone, translation

from portal.icons import ICONS
from portal.lib import words
from portal.templatetags import ui

NOW = datetime.datetime(2026, 11, 24, 6, 30, tzinfo=datetime.UTC)  # 14:30 in Shanghai


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.mark.parametrize(
    ("before", "english", "chinese"),
    [
        (datetime.timedelta(seconds=20), "just now", "刚刚"),
        (datetime.timedelta(minutes=5), "5 min ago", "5 分钟前"),
        (datetime.timedelta(hours=3), "today 11:30", "今天 11:30"),
        (datetime.timedelta(hours=20), "yesterday 18:30", "昨天 18:30"),
        (datetime.timedelta(days=4), "20 Nov", "11 月 20 日"),
        (datetime.timedelta(days=400), "20 Oct 2025", "2025 年 10 月 20 日"),
    ],
)
def test_ago_speaks_like_a_person(before: datetime.timedelta, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert ui.ago(NOW - before) == english
    with translation.override("zh-hans"):
        assert ui.ago(NOW - before) == chinese


def test_times_are_those_of_the_reader_s_zone() -> None:
    with timezone.override("Europe/Berlin"), translation.override("en"):
        assert ui.clock(NOW) == "07:30:00"
        assert ui.ago(NOW - datetime.timedelta(hours=8)) == "yesterday 23:30"
        assert ui.day(NOW.date()) == "24 Nov"


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0.42, "0.4 s", "0.4 秒"),
        (18.2, "18 s", "18 秒"),
        (59.7, "1 min 0 s", "1 分 0 秒"),
        (125, "2 min 5 s", "2 分 5 秒"),
        (4200, "1 h 10 min", "1 小时 10 分"),
    ],
)
def test_durations_carry_their_unit_once(seconds: float, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert ui.duration(seconds) == english
    with translation.override("zh-hans"):
        assert ui.duration(seconds) == chinese


def test_numbers_are_written_alike_in_both_languages() -> None:
    for language in ("en", "zh-hans"):
        with translation.override(language):
            assert ui.thousands(1234567) == "1,234,567"
            assert ui.decimals(1.7361) == "1.736"
            assert ui.percent(88.2) == "88\N{NO-BREAK SPACE}%"


def test_what_is_not_there_is_a_dash() -> None:
    filters = (ui.ago, ui.clock, ui.day, ui.duration, ui.thousands, ui.decimals, ui.percent)
    assert {show(None) for show in filters} == {"–"}


def test_an_icon_is_silent_for_screen_readers() -> None:
    assert 'aria-hidden="true"' in ui.icon("check")
    with pytest.raises(KeyError):
        ui.icon("no-such-icon")


def test_every_icon_that_templates_name_exists() -> None:
    root: Path = settings.BASE_DIR
    named = {
        name
        for path in (root / "templates").rglob("*.html")
        for name in re.findall(r"""{% icon ["']([^"']+)["']""", path.read_text())
    }
    assert named <= set(ICONS)


@pytest.mark.parametrize(("language", "names", "text"), [("en", "a, b", "One. Two."), ("zh-hans", "a、b", "One.Two.")])
def test_names_and_sentences_stand_in_a_row_as_the_language_has_it(language: str, names: str, text: str) -> None:
    with translation.override(language):
        assert words.listing(["a", "b"]) == names
        assert words.sentences("One.", "", "Two.") == text
        assert Template("One.{% gap %}Two.").render(Context()) == text
