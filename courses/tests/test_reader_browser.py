"""The reader in Chromium: formulas, answers in place, a widget's goal, reading to the end; and without script."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from portal.testing.browser import Visitor, sign_in

pytestmark = pytest.mark.slow
CHAPTER = "/learn/llm-foundations/attention"
REFUSED = ("422",)
"""Chromium reports a refused form as an error."""


def violations(page: Page) -> list[str]:
    """What axe finds, by rule and place."""
    return [f"{found['id']}: {found['nodes'][0]['target']}" for found in Axe().run(page).response["violations"]]


def test_a_learner_answers_in_place_and_sees_the_rules_change(visitor: Visitor) -> None:
    page = visitor.open(expected=REFUSED)
    sign_in(page, "learner", to=f"{CHAPTER}/three-maps/")
    expect(page.locator(".eq .katex").first).to_be_visible()
    guess = page.locator("#block-opening")
    page.locator("#guess-opening").fill("many")
    guess.get_by_role("button").click()
    expect(page.locator("#guess-opening")).to_be_focused()
    expect(page.locator("#guess-opening")).to_have_value("many")
    page.locator("#guess-opening").fill("60")
    guess.get_by_role("button").click()
    expect(guess).to_contain_text("66.5 %")
    expect(guess.locator(".reveal .katex").first).to_be_visible()
    expect(page.locator("#rules")).to_contain_text("1 of 1")
    check = page.locator("#block-shapes")
    check.locator("label").nth(0).click()
    check.get_by_role("button").click()
    expect(check).to_contain_text("not this one")
    check.locator("label").nth(1).click()
    check.get_by_role("button").click()
    expect(check.locator(".is-right")).to_be_visible()
    assert violations(page) == []


def test_a_widget_saves_its_goal(visitor: Visitor) -> None:
    page = visitor.open()
    sign_in(page, "learner", to=f"{CHAPTER}/shares/")
    knob = page.locator("#block-softmax input[type=range]").first
    knob.focus()
    for _press in range(80):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#block-softmax .goal")).to_have_class(re.compile("met"))
    expect(page.locator("#rules")).to_contain_text("% reached")
    page.reload()
    expect(page.locator("#block-softmax .goal")).to_have_class(re.compile("met"))


def test_a_section_that_was_read_to_its_end_counts(visitor: Visitor) -> None:
    page = visitor.open()
    page.clock.install()
    sign_in(page, "learner", to=f"{CHAPTER}/heads/")
    expect(page.locator("#treads [aria-current=page]")).to_be_visible()
    page.locator("#end").scroll_into_view_if_needed()
    expect(page.locator("#end")).to_be_in_viewport()
    page.wait_for_timeout(300)  # the observer reports with a real frame, whatever the clock says
    page.clock.run_for(95_000)
    expect(page.locator("#treads .now .sr")).to_have_text("(read)")


def test_the_other_language_is_a_press_away(visitor: Visitor) -> None:
    page = visitor.open(language="zh-hans")
    sign_in(page, "learner", language="zh-hans", to=f"{CHAPTER}/three-maps/")
    pair = page.locator(".pair").first
    pair.locator(".peek").click()
    expect(pair.locator(".peeked")).to_be_visible()
    assert pair.locator(".peeked").get_attribute("lang") == "en"


def test_without_script_the_chapter_reads_and_answers(visitor: Visitor) -> None:
    page = visitor.open(javascript=False)
    sign_in(page, "learner", to=f"{CHAPTER}/shares/")
    check = page.locator("#block-shift")
    check.locator("label").nth(0).click()
    check.get_by_role("button").click()
    expect(page.locator("#block-shift .is-right")).to_be_visible()
    assert page.url.endswith("#block-shift")
    page.locator("#end button").click()
    expect(page).to_have_url(re.compile("/scaling/$"))
    expect(page.locator("#treads")).to_contain_text("(read)")
    page.goto("/")
    expect(page.locator("h1")).to_contain_text("4.3")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1360])
def test_home_course_and_sections_are_accessible_and_fit(visitor: Visitor, scheme: str, width: int) -> None:
    page = visitor.open(scheme=scheme, width=width)
    sign_in(page, "learner")
    paths = ["/", "/learn/llm-foundations/", f"{CHAPTER}/block/", "/learn/llm-foundations/training/curves/"]
    for path in paths:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
