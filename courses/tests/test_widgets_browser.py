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


def slide(page: Page, widget: Locator, key: str, times: int) -> None:
    """Move the slider of a widget with the keyboard."""
    widget.locator("input[type=range]").focus()
    for _press in range(times):
        page.keyboard.press(key)


def test_holding_and_learning_to_hold_reach_the_goal(visitor: Visitor) -> None:
    page = visitor.open(width=390)
    sign_in(page, "learner", to=f"{COURSE}/history/lstm/")
    widget = page.locator("#block-recurrence")
    numbers = widget.locator("tbody tr")
    expect(numbers.nth(0).locator("td").last).to_have_text("0.003")
    slide(page, widget, "ArrowRight", 12)  # from 0.90 to 1.50
    expect(widget.locator("output")).to_have_text("1.50")
    expect(numbers.nth(0).locator("td").last).to_have_text("0.859")
    expect(numbers.nth(1).locator("td").last).to_have_text("1.0 × 10⁻²⁰")
    expect(widget).to_contain_text("✓ RNN: state held")
    expect(widget.locator(".goal")).not_to_have_class(re.compile("met"))
    widget.locator("label", has_text="LSTM").click()
    slide(page, widget, "ArrowRight", 14)  # from 1.00 to 4.50
    expect(widget.locator("svg.recurrence-plot")).to_have_attribute(
        "aria-label", re.compile("LSTM at 4.50: at word 50")
    )
    expect(widget.locator(".goal")).to_have_class(re.compile("met"))
    widget.locator("label", has_text="Attention").click()
    expect(numbers.nth(0).locator("td").last).to_have_text("0.527")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_share_of_the_probability_suits_a_sure_and_an_open_beginning(visitor: Visitor) -> None:
    page = visitor.open(language="zh-hans", width=390)
    sign_in(page, "learner", language="zh-hans", to=f"{COURSE}/generation/real/")
    widget = page.locator("#block-sampling")
    slider = widget.get_by_label("top-p")
    expect(widget.locator(".figs")).to_contain_text("512")
    slider.focus()
    for _ in range(7):
        page.keyboard.press("ArrowLeft")
    expect(widget.locator(".goal")).not_to_have_class(re.compile("met"))  # at 0.93 four stay
    page.keyboard.press("ArrowLeft")
    expect(widget.locator(".goal")).to_have_class(re.compile("met"))
    expect(widget.get_by_role("img")).to_have_attribute("aria-label", re.compile("其余 502 个 –"))
    widget.locator("label", has_text="This").click()
    press(page, widget.get_by_role("button", name="抽 12 个"))
    expect(widget.locator(".sampling-drawn code")).to_have_count(12)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_reader_beats_the_trigram_with_the_keyboard(visitor: Visitor) -> None:
    page = visitor.open(width=390)
    sign_in(page, "learner", to=f"{COURSE}/why/game/")
    widget = page.locator("#block-next-word")
    for word in ("street", "was", "copper", "Jia", "clever", "copper", "kitchen"):
        press(page, widget.get_by_role("button", name=word, exact=True))
        expect(widget.get_by_role("img", name=re.compile("Shares of the trigram"))).to_be_visible()
        press(page, widget.get_by_role("button", name="Next gap"))
    assert violations(page) == []
    expect(widget.locator(".goal")).not_to_have_class(re.compile("met"))
    press(page, widget.get_by_role("button", name="broken", exact=True))
    expect(widget).to_contain_text("After 8 of 8: you 6, trigram 3")
    expect(widget.locator(".goal")).to_have_class(re.compile("met"))
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    press(page, widget.get_by_role("button", name="Play again"))
    expect(widget).to_contain_text("After 0 of 8")


def test_mending_the_tags_of_both_sentences_reaches_the_goal(visitor: Visitor) -> None:
    page = visitor.open(language="zh-hans", scheme="dark", width=390)
    sign_in(page, "learner", language="zh-hans", to=f"{COURSE}/applications/entities/")
    widget = page.locator("#block-tagging")
    expect(widget.locator(".figs")).to_contain_text("57.1 %")
    for place, tag in {"1 个“中”": "B-ORG", "2 个“国”": "I-ORG"}.items():
        widget.get_by_label(f"第 {place}").select_option(tag)
    expect(widget).to_contain_text("标出 4 个跨度，其中 2 个正确；真实的有 3 个。")  # 银 still begins a name
    widget.get_by_label("第 3 个“银”").focus()
    page.keyboard.press("ArrowDown")  # from B-ORG to I-ORG
    expect(widget).to_contain_text("✓ 中文")
    expect(widget.locator(".goal")).not_to_have_class(re.compile("met"))
    widget.locator("label", has_text="英文").click()
    widget.get_by_label("第 6 个“of”").select_option("I-ORG")
    widget.get_by_label("第 7 个“China”").select_option("I-ORG")
    expect(widget.locator(".goal")).to_have_class(re.compile("met"))
    press(page, widget.get_by_role("button", name="全部 O"))
    expect(widget.locator(".figs")).to_contain_text("46.2 %")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_widget_is_in_the_link_as_the_reader_has_set_it(visitor: Visitor) -> None:
    page = visitor.open(width=390)
    sign_in(page, "learner", to=f"{COURSE}/scale/compute/")
    widget = page.locator("#block-scaling-laws")
    widget.get_by_role("button", name="10²³").click()
    widget.locator("input[type=range]").fill("9.5")
    widget.locator("input[type=range]").dispatch_event("change")
    loss = widget.locator("dd").nth(4).inner_text()
    page.goto(page.url)
    expect(widget.get_by_role("button", name="10²³")).to_have_attribute("aria-pressed", "true")
    expect(widget.locator("dd").nth(4)).to_have_text(loss)
    assert violations(page) == []


def test_both_models_can_be_made_the_cheaper_one(visitor: Visitor) -> None:
    page = visitor.open(language="zh-hans", scheme="dark")
    sign_in(page, "learner", language="zh-hans", to=f"{COURSE}/practice/cost/")
    widget = page.locator("#block-cost-calculator")
    expect(widget.locator(".cost-status")).to_have_text("大模型更便宜，每月少 757 美元。")
    widget.get_by_label("未发现错误的代价").press("Home")
    expect(widget.locator(".cost-status")).to_have_text("小模型更便宜，每月少 243 美元。")
    expect(widget.locator(".goal")).to_have_class(re.compile("met"))
    assert violations(page) == []
