"""Tokens, the map and gradients of one's own run in Chromium, with real workers behind."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from portal.testing.browser import sign_in

pytestmark = pytest.mark.slow

SMALL = "n_layers=1&d_model=32&n_heads=2&context=32&batch=16&tokens=32000&seed=12"
MINUTE = 60_000
OWN = ("#probabilities", "#surprise", "#map", "#gradients", "#layers")


def test_chances_by_slider_a_token_by_dice_the_map_and_gradients_by_keyboard(page: Page) -> None:
    sign_in(page, "learner")
    page.goto(f"/labs/training/?{SMALL}")
    page.locator("#prediction").fill("2.5")
    page.locator("#run").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    expect(page.locator("#run-page")).to_have_attribute("data-state", "finished", timeout=MINUTE)
    follow_the_cursor(page)
    page.locator("#inside-text").fill("The ")
    move_the_sliders(page, shown(page, "#probabilities"))
    accept_tokens(page, page.locator("#probabilities"))
    read_surprise(page, shown(page, "#surprise"))
    walk_the_map(page, shown(page, "#map"))
    follow_gradients(page, shown(page, "#gradients"))
    expect(page.locator(f":is({', '.join(OWN)})[aria-busy=true]")).to_have_count(0, timeout=MINUTE)
    found = Axe().run(page, context={"include": [[section] for section in OWN]})
    assert found.violations_count == 0, found.generate_report()


def shown(page: Page, section: str) -> Locator:
    """A section, once it has its first answer."""
    found = page.locator(section)
    found.scroll_into_view_if_needed()
    expect(found.locator("[data-part=body]")).to_be_visible(timeout=MINUTE)
    return found


def follow_the_cursor(page: Page) -> None:
    """From the curve's first step to the model at the first checkpoint."""
    page.locator("#plot").focus()
    page.keyboard.press("Home")
    link = page.locator("#look-inside")
    expect(link).to_have_text(re.compile(r"Look inside at step \d+"))
    early = link.inner_text()
    page.keyboard.press("End")
    expect(link).not_to_have_text(early)
    page.keyboard.press("Home")
    expect(link).to_have_text(early)
    link.click()
    expect(page).to_have_url(re.compile(r"/inside/\?step=\d+"))
    expect(page.locator("#inside-step")).to_have_value("0")


def move_the_sliders(page: Page, section: Locator) -> None:
    asked: list[str] = []
    page.wait_for_load_state("networkidle")
    page.on("request", lambda request: asked.append(request.url))
    first = section.locator("[data-part=rows] tr").first
    before = first.inner_text()
    section.get_by_label("Temperature").fill("0")
    expect(first).to_contain_text("100.0 %")
    expect(section.locator("[data-part=reading]")).to_contain_text("1 of ")
    section.get_by_label("Temperature").fill("18")
    expect(first).not_to_contain_text("100.0 %")
    assert first.inner_text() != before
    section.get_by_label("Top-k").fill("2")
    expect(section.locator("[data-part=rows] tr[data-out]")).to_have_count(12)
    section.get_by_label("Top-p").fill("0")
    expect(section.locator("[data-part=rows] tr[data-out]")).to_have_count(14)
    expect(section.locator("[data-part=rows] tr").nth(1).locator("s")).to_have_count(1)
    assert not asked


def accept_tokens(page: Page, section: Locator) -> None:
    """With top-p 0 the likeliest is drawn, whatever the dice shows."""
    field = page.locator("#inside-text")
    expect(section.get_by_role("button", name="Accept")).to_be_disabled()
    section.get_by_role("button", name="Draw").click()
    expect(section.locator("[data-part=dice]")).to_contain_text("from 0.0000 to 1.0000")
    expect(section.locator(".ghost")).to_have_count(1)
    section.get_by_role("button", name="Accept").click()
    expect(field).to_have_value(re.compile(r"^The .$", re.DOTALL))
    expect(section.locator(".ghost")).to_have_count(0, timeout=MINUTE)
    section.get_by_role("button", name="Generate").click()
    expect(field).to_have_value(re.compile(r"^The ..$", re.DOTALL))
    expect(section.locator("[data-part=text] span:not(.ghost)")).to_have_count(6, timeout=MINUTE)
    expect(section.locator(".ghost")).to_have_count(1)


def read_surprise(page: Page, section: Locator) -> None:
    section.locator("[data-part=tokens]").focus()
    page.keyboard.press("Home")
    expect(section.locator("[data-part=reading]")).to_contain_text("“T”: not measured")
    page.keyboard.press("ArrowRight")
    expect(section.locator("[data-part=reading]")).to_contain_text(re.compile(r"“h”: \d+\.\d\d bits"))


def walk_the_map(page: Page, section: Locator) -> None:
    reading = section.locator("[data-part=reading]")
    section.locator("[data-part=plot]").focus()
    page.keyboard.press("Home")
    expect(reading).to_contain_text("at step")
    first = reading.inner_text()
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    expect(reading).not_to_have_text(first)
    page.keyboard.press("Enter")
    expect(section.locator("[data-part=near-rows] tr")).to_have_count(10, timeout=MINUTE)
    expect(reading).to_contain_text("nearest neighbour")
    section.get_by_label("Find a token").fill("e")
    page.keyboard.press("Enter")
    expect(section.locator("[data-part=near-title]")).to_contain_text("Nearest to “e”", timeout=MINUTE)
    section.get_by_label("Checkpoint on the map").fill("1")
    expect(section.locator("[data-part=frame-out]")).to_contain_text("step")


def follow_gradients(page: Page, section: Locator) -> None:
    expect(section.locator("[data-part=reading]")).to_contain_text("learning reaches")
    section.locator("[data-part=plot]").focus()
    page.keyboard.press("ArrowLeft")
    expect(section.locator("[data-part=cell]")).to_contain_text("of the largest")
    layers = page.locator("#layers")
    before = layers.locator("[data-part=reading]").inner_text()
    layers.locator("[data-part=norms]").focus()
    page.keyboard.press("End")
    expect(layers.locator("[data-part=reading]")).not_to_have_text(before)
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("step="))
