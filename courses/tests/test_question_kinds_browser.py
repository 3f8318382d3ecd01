"""The kinds of questions with parts in Chromium: by keyboard, saved, restored, accessible at both widths."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from portal.testing.browser import Visitor, sign_in

pytestmark = pytest.mark.slow
TOKENS = "/learn/llm-foundations/tokens/quiz/"
GENERATION = "/learn/llm-foundations/generation/quiz/"


def open_question(page: Page, key: str) -> None:
    """Show the question `key` by its place in the rail."""
    section = page.locator(f"[data-question={key}]")
    place = str(section.get_attribute("id")).removeprefix("q-")
    page.locator(f"#qnav a[href='#q-{place}']").click()
    expect(section).to_be_visible()


def test_an_ordering_is_sorted_by_keyboard_saved_and_restored(visitor: Visitor) -> None:
    page = visitor.open(width=390)
    sign_in(page, "learner", to=TOKENS)
    page.locator("main form button").press("Enter")
    open_question(page, "bpe-order")
    rows = page.locator(".is-order .part")
    first = str(rows.first.locator("select").get_attribute("data-part"))
    rows.first.locator("[data-move='1']").press("Enter")
    expect(rows.nth(1).locator("select")).to_have_attribute("data-part", first)
    expect(rows.nth(1).locator("[data-move='1']")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(2).locator("select")).to_have_attribute("data-part", first)
    expect(page.locator("#polite")).to_have_text("Saved")
    rows.nth(2).locator("select").select_option("5")
    expect(rows.nth(4).locator("select")).to_have_attribute("data-part", first)
    assert [row.locator("select").input_value() for row in rows.all()] == ["1", "2", "3", "4", "5"]
    expect(page.locator("#save-state")).to_have_attribute("data-state", "saved")
    page.reload()
    expect(rows.nth(4).locator("select")).to_have_attribute("data-part", first)
    assert [f"{found['id']}: {found['nodes'][0]['target']}" for found in Axe().run(page).response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pairs_fit_a_narrow_screen_and_come_back_after_a_reload(visitor: Visitor) -> None:
    page = visitor.open(width=390, scheme="dark")
    sign_in(page, "learner", to=GENERATION)
    page.locator("main form button").press("Enter")
    open_question(page, "which-knob")
    page.locator("[data-part=top-k]").select_option("number")
    expect(page.locator("#save-state")).to_have_attribute("data-state", "saved")
    page.reload()
    expect(page.locator("[data-part=top-k]")).to_have_value("number")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
