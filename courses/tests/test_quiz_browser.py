"""Quiz and studio in Chromium: an attempt by keyboard, offline and in both languages; editing without loss."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from portal.testing.browser import Visitor, sign_in, switch_language

pytestmark = pytest.mark.slow
QUIZ = "/learn/llm-foundations/training/quiz/"
EDITOR = "/studio/llm-foundations/training/"
OFFLINE = ("ERR_INTERNET_DISCONNECTED",)
CONFLICT = ("409",)


def violations(page: Page) -> list[str]:
    """What axe finds, by rule and place."""
    return [f"{found['id']}: {found['nodes'][0]['target']}" for found in Axe().run(page).response["violations"]]


def answer_by_keyboard(page: Page) -> None:
    """The question on the page: the second option, or a number."""
    if page.locator(".question:not([hidden])").get_attribute("data-kind") == "number":
        page.keyboard.type("12.5")
    else:
        page.keyboard.press("2")


def test_an_attempt_by_keyboard_survives_a_lost_connection_and_a_change_of_language(visitor: Visitor) -> None:
    page = visitor.open(expected=OFFLINE)
    sign_in(page, "learner", to=QUIZ)
    page.locator("main form button").press("Enter")
    expect(page.locator("#qnav a")).to_have_count(10)
    assert violations(page) == []
    for place in range(1, 10):
        expect(page.locator(f"#q-{place}")).to_be_visible()
        answer_by_keyboard(page)
        page.keyboard.press("Enter")
    expect(page.locator("#q-10")).to_be_visible()
    expect(page.locator("#save-text")).to_contain_text("Saved")
    page.context.set_offline(True)
    answer_by_keyboard(page)
    expect(page.locator("#save-text")).to_contain_text("Offline: 1 answer kept")
    page.context.set_offline(False)
    expect(page.locator("#save-text")).to_contain_text("Saved", timeout=20_000)
    expect(page.locator("#submit")).to_contain_text("of 10")
    before = page.locator("#submit").inner_text()
    shown = page.locator(".question:not([hidden])").get_attribute("data-question")
    switch_language(page, "zh-hans")
    expect(page.locator(".question:not([hidden])")).to_have_attribute("data-question", str(shown))
    switch_language(page, "en")
    expect(page.locator("#submit")).to_have_text(before)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#submit-dialog")).to_be_visible()
    page.locator("#submit-dialog button[value=yes]").press("Enter")
    expect(page.locator("h1")).to_contain_text("right", timeout=20_000)
    expect(page.locator(".katex").first).to_be_visible()
    assert violations(page) == []


def test_a_quiz_is_taken_without_script(visitor: Visitor) -> None:
    page = visitor.open(javascript=False)
    sign_in(page, "learner", to=QUIZ)
    page.locator("main form button").click()
    expect(page.locator(".question")).to_have_count(10)
    page.locator("label.opt").first.click()
    page.locator("input.input").first.fill("１２．５")
    page.locator("#submit").click()
    expect(page.locator("h1")).to_contain_text("right")
    expect(page.locator(".tag", has_text="left blank").first).to_be_visible()


def test_an_author_sees_each_change_and_loses_nothing_in_a_conflict(visitor: Visitor) -> None:
    first, second = visitor.open(), visitor.open(expected=CONFLICT)
    sign_in(first, "author", to=EDITOR)
    sign_in(second, "administrator", to=EDITOR)
    for page, words in ((first, "Words of the first."), (second, "Words of the second.")):
        page.locator("#text").press("Control+End")
        page.keyboard.type(f"\n{words}\n")
        expect(page.locator("#article")).to_contain_text(words)
        if page is first:
            expect(page.locator("#save-state")).to_contain_text("Draft saved", timeout=20_000)
    expect(second.locator("#conflict")).to_be_visible(timeout=20_000)
    assert violations(second) == []
    second.locator("#conflict button[value=mine]").click()
    expect(second.locator("#save-state")).to_contain_text("Draft saved", timeout=20_000)
    first.goto(f"{EDITOR}publish/")
    expect(first.locator("#gate")).to_contain_text("1 section reads differently")
    assert violations(first) == []
    first.locator("summary", has_text="Discard").click()
    first.locator(".btn-danger").click()
    expect(first.locator("#text")).not_to_have_value(re.compile("Words of the"))


@pytest.mark.parametrize(("role", "path"), [("manager", "/team/"), ("author", "/studio/"), ("author", EDITOR)])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1360), ("dark", 390)])
def test_pages_of_managers_and_authors_are_accessible_and_fit(
    visitor: Visitor, role: str, path: str, scheme: str, width: int
) -> None:
    page = visitor.open(scheme=scheme, width=width)
    sign_in(page, role, to=path)
    page.wait_for_load_state("networkidle")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
