"""Two labs in Chromium from what is said before the run to the points of a graded attempt; a curve drawn by keys."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from portal.testing.browser import Visitor, sign_in

pytestmark = pytest.mark.slow

MINUTE = 60_000
TEXT = "n_layers=1&d_model=16&n_heads=1&context=16&batch=8&tokens=4000&corpus=unicode-names&seed=61"
ROWS = "n_layers=1&d_model=16&n_heads=1&lookback=0&batch=8&tokens=4000&examples=100&seed=62"


def finished(page: Page) -> None:
    page.wait_for_url(re.compile(r"/runs/\d+/"))
    expect(page.locator("#run-page")).to_have_attribute("data-state", "finished", timeout=MINUTE)


def report(page: Page) -> None:
    page.locator(".tabs a[href$='/report/']").click()
    expect(page.locator(".report")).to_be_visible()
    assert Axe().run(page).response["violations"] == []


def graded(page: Page) -> None:
    """Hand the recipe in, answer whatever is asked, and read the points."""
    report(page)
    page.locator("#submit form button").click()
    finished(page)
    report(page)
    asked = page.locator(".attempt form .asked")
    expect(asked).to_have_count(3)
    for place in range(3):
        one = asked.nth(place)
        if one.locator("input[type=radio]").count():
            one.locator("input[type=radio]").first.check()
        else:
            one.locator("input").fill("0")
    page.locator(".attempt form button").click()
    expect(page.locator("#score .figure")).to_have_text(re.compile(r"^\d+\.\d$"))
    expect(page.locator(".attempt-points tbody tr")).to_have_count(4)
    expect(page.locator("#score .asked li")).to_have_count(3)


def test_a_curve_is_drawn_by_keys_and_the_lab_goes_on_to_its_points(visitor: Visitor) -> None:
    page = visitor.open(language="en")
    sign_in(page, "learner", to="/labs/generation/")
    page.goto(f"/labs/training/?{TEXT}")
    page.locator(".sketch summary").focus()
    page.keyboard.press("Enter")
    rings = page.locator(".sketch-ring")
    expect(rings).to_have_count(5)
    rings.last.focus()
    before = float(rings.last.get_attribute("aria-valuenow") or "")
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#sketch-4")).to_have_value(f"{before - 0.45:.2f}")
    expect(page.locator("#prediction")).to_have_value(f"{before - 0.45:.2f}")
    page.locator("#run").click()
    finished(page)
    graded(page)


def test_a_ranking_goes_on_to_its_points_in_chinese(visitor: Visitor) -> None:
    page = visitor.open(language="zh-hans", width=390)
    sign_in(page, "learner", language="zh-hans", to="/labs/families/")
    page.goto(f"/labs/families/?{ROWS}")
    for place, name in enumerate(("gpt", "lstm", "rnn"), start=1):
        page.locator(f"#rank-{name}").select_option(str(place))
    page.locator("#run").click()
    finished(page)
    graded(page)
