"""Looking inside one's own run in Chromium, with real workers behind."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from portal.testing.browser import Visitor, sign_in

pytestmark = pytest.mark.slow

SMALL = "n_layers=2&d_model=32&n_heads=2&context=32&batch=16&tokens=16000&seed=11"
MINUTE = 60_000


@pytest.fixture
def inside(visitor: Visitor) -> Page:
    """A run of a second or two, from inside."""
    page = visitor.open(expected=["status of 422"])  # a text that the vocabulary has nothing of
    sign_in(page, "learner", to="/labs/training/")
    page.goto(f"/labs/training/?{SMALL}")
    page.locator("#prediction").fill("2.5")
    page.locator("#run").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    expect(page.locator("#run-page")).to_have_attribute("data-state", "finished", timeout=MINUTE)
    page.get_by_role("link", name="Inside", exact=True).click()
    expect(page.locator("#attention [data-part=share] path").first).to_be_attached(timeout=MINUTE)
    return page


def test_a_run_is_looked_into_by_keyboard_by_switches_by_step_and_by_text(inside: Page) -> None:
    heads(inside)
    switches_and_step(inside)
    lens(inside)
    found = Axe().run(inside)
    assert found.violations_count == 0, found.generate_report()
    texts(inside)


def heads(inside: Page) -> None:
    """One is opened by Enter, read by arrows, left by a button."""
    attention = inside.locator("#attention")
    card = attention.locator("[data-head='3']")
    expect(card.locator("small")).to_have_text(re.compile(r"[+−]\d\.\d{3}"), timeout=MINUTE)
    card.focus()
    inside.keyboard.press("Enter")
    expect(attention.locator("[data-part=title]")).to_have_text("Layer 2, head 2")
    expect(card).to_have_attribute("aria-pressed", "true")
    attention.locator("[data-part=share]").focus()
    inside.keyboard.press("ArrowUp")
    expect(attention.locator("[data-part=reading]")).to_contain_text(re.compile(r"looks at .+ share [01]\.\d\d"))
    inside.keyboard.press("Home")
    expect(attention.locator("[data-part=reading]")).to_contain_text("(1)")
    attention.get_by_role("button", name="Next head").click()
    expect(attention.locator("[data-part=title]")).to_have_text("Layer 1, head 1")


def switches_and_step(inside: Page) -> None:
    """Parts switched off together change the loss; so does an earlier step."""
    loss = inside.locator("#ablation [data-part=loss]")
    expect(loss).to_contain_text("All parts are on")
    for name in ("Head 1", "Feed-forward"):
        inside.locator("#ablation").get_by_label(re.compile(name)).first.uncheck()
    expect(loss).to_contain_text(re.compile(r"Head 1 .+ goes from \d\.\d{3} to \d\.\d{3}"), timeout=MINUTE)
    inside.locator("#ablation").get_by_role("button", name="Switch all on").click()
    expect(loss).to_contain_text("All parts are on")
    before = loss.inner_text()
    inside.locator("#inside-step").focus()
    inside.keyboard.press("Home")
    expect(inside).to_have_url(re.compile(r"step=\d+"))
    expect(loss).not_to_have_text(before, timeout=MINUTE)


def lens(inside: Page) -> None:
    """Guesses are read by arrows."""
    inside.locator("#lens").scroll_into_view_if_needed()
    expect(inside.locator("#lens [data-place]").first).to_be_visible(timeout=MINUTE)
    inside.locator("#lens [data-part=scroll]").focus()
    inside.keyboard.press("ArrowDown")
    expect(inside.locator("#lens [data-part=reading]")).to_contain_text("Input:")


def texts(inside: Page) -> None:
    """What is typed is looked at, what is unknown is named, and the address keeps it."""
    field = inside.locator("#inside-text")
    field.fill("ab龘")
    expect(inside.locator("#inside-told")).to_contain_text("“龘”", timeout=MINUTE)
    expect(inside.locator("#attention [data-part=share] text")).to_have_count(4)
    field.fill("龘")
    expect(inside.locator("#attention > [data-error]")).to_contain_text("does not know", timeout=MINUTE)
    field.fill("The")
    expect(inside.locator("#attention > [data-error]")).to_have_text("")
    inside.reload()
    expect(field).to_have_value("The")
