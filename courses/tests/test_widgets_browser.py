"""Widgets of the chapters in Chromium: played to their goals with the keyboard, accessible on the way."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from portal.testing.browser import Visitor, sign_in

pytestmark = pytest.mark.slow
COURSE = "/learn/llm-foundations"


def violations(page: Page) -> list[str]:
    """What axe finds, by rule and place."""
    return [f"{found['id']}: {found['nodes'][0]['target']}" for found in Axe().run(page).response["violations"]]


def press(page: Page, button: Locator) -> None:
    """Press a button with the keyboard; the focus stays inside the widget."""
    button.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('.widget') !== null")


def test_naming_three_merges_in_each_text_reaches_the_goal(visitor: Visitor) -> None:
    page = visitor.open(language="zh-hans", scheme="dark", width=390)
    sign_in(page, "learner", language="zh-hans", to=f"{COURSE}/tokens/bpe/")
    widget = page.locator("#block-bpe")
    pair = widget.locator(".bpe-options button")
    press(page, pair.filter(has_text="E6 + 98"))
    expect(widget.locator(".bpe-status")).to_contain_text("只出现 4 次")
    press(page, pair.filter(has_text="× 6"))  # with the counts in sight it is no guess
    expect(widget).to_contain_text("中文：0 / 3")
    for name in ("E5 + 9B", "E5 8D + 81", "E5 9B + 9B"):
        press(page, pair.get_by_text(name, exact=True))
    expect(widget).to_contain_text("中文：3 / 3")
    expect(widget.locator(".goal")).not_to_have_class(re.compile("met"))
    widget.locator("label", has_text="English").click()
    for name in ("␣ + b", "t + t", "e + r"):
        press(page, pair.get_by_text(name, exact=True))
    expect(widget.locator(".goal")).to_have_class(re.compile("met"))
    assert violations(page) == []
    press(page, widget.get_by_role("button", name="从头再来"))
    while widget.get_by_role("button", name="不猜").is_enabled():
        press(page, widget.get_by_role("button", name="不猜"))
    expect(widget.locator(".bpe-status")).to_contain_text("再没有出现两次的对了")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.reload()
    expect(widget.locator(".goal")).to_have_class(re.compile("met"))


def test_the_cheapest_threshold_is_found_with_the_arrow_keys(visitor: Visitor) -> None:
    page = visitor.open(width=390)
    sign_in(page, "learner", to=f"{COURSE}/evaluation/threshold/")
    widget = page.locator("#block-confusion")
    slider = widget.get_by_role("slider")
    expect(widget.locator(".figs")).to_contain_text("66.7 %")
    slider.focus()
    for _ in range(34):
        page.keyboard.press("ArrowLeft")
    expect(widget.get_by_role("img")).to_have_attribute("aria-label", re.compile("From 0.16 on, 7 phishing and 8 good"))
    expect(widget.locator(".goal")).not_to_have_class(re.compile("met"))
    page.keyboard.press("ArrowLeft")
    expect(widget.locator(".goal")).to_have_class(re.compile("met"))
    assert violations(page) == []
