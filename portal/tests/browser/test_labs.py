"""The labs in Chromium, with a real worker behind: say, run, see; look closely; let the model write."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from portal.testing.browser import Visitor, sign_in

pytestmark = pytest.mark.slow

SMALL = "n_layers=1&d_model=32&n_heads=2&context=32&batch=16&tokens=64000"
AT_ONCE = f"{SMALL}&learning_rate=1&seed=5"
"""Leaves for infinity in a few steps: the ending comes before the page has opened its stream."""
MINUTE = 60_000


def press_run(page: Page) -> None:
    if not page.locator("#prediction").input_value():
        page.locator("#prediction").fill("2.5")
    page.locator("#run").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))


def finished(page: Page) -> None:
    expect(page.locator("#run-page")).to_have_attribute("data-state", "finished", timeout=MINUTE)
    expect(page.locator("#ending-title")).to_contain_text("held-out")


@pytest.fixture
def lab(page: Page) -> Page:
    """The first lab with a recipe of a second or two, opened by a learner."""
    sign_in(page, "learner", to="/labs/training/")
    page.goto(f"/labs/training/?{SMALL}&seed=3")
    return page


def test_a_learner_says_a_number_runs_and_sees_the_curve_without_loading_the_page_again(lab: Page) -> None:
    lab.locator("#prediction").fill("2.5")
    press_run(lab)
    lab.evaluate("document.body.dataset.same = 'page'")
    finished(lab)
    expect(lab.locator("body")).to_have_attribute("data-same", "page")
    expect(lab.locator("#s-step")).to_have_text("125")
    expect(lab.locator("#writes-rows .wait")).to_have_count(0)
    expect(lab.locator("#run-status")).to_contain_text("You said 2.500")
    points = lab.context.request.get(f"{lab.url}points.csv").text().splitlines()
    assert len(points) == 126
    lab.reload()
    expect(lab.locator("#s-step")).to_have_text("125")


def test_knobs_change_the_cost_the_address_and_the_errors(lab: Page) -> None:
    cost = lab.locator("#cost dd").first
    before = cost.inner_text()
    lab.get_by_role("button", name="More layers").click()
    expect(cost).not_to_have_text(before)
    expect(lab).to_have_url(re.compile("n_layers=2"))
    lab.locator("#learning_rate").fill("fast")
    expect(lab.locator("#error-learning_rate")).to_have_text("Write a number.")
    expect(lab.locator("#learning_rate")).to_have_attribute("aria-invalid", "true")
    lab.get_by_label("Learning rate, logarithmic").fill("-1")
    expect(lab.locator("#learning_rate")).to_have_value("0.1")
    expect(lab.locator("#error-learning_rate")).to_have_text("")


def test_the_view_lives_in_the_address_and_the_cursor_obeys_the_keys(lab: Page) -> None:
    press_run(lab)
    finished(lab)
    lab.get_by_role("button", name="tokens", exact=True).click()
    lab.get_by_role("button", name="log x").click()
    lab.locator("#prompts a").nth(1).click()
    expect(lab).to_have_url(re.compile(r"\?axis=tokens&log=1&prompt=1$"))
    lab.reload()
    expect(lab.get_by_role("button", name="log x")).to_have_attribute("aria-pressed", "true")
    expect(lab.locator("#writes-rows b").first).to_have_text("def ")
    lab.locator("#plot").focus()
    lab.keyboard.press("Home")
    expect(lab.locator("#tip dd").first).to_have_text("1")
    lab.keyboard.press("End")
    expect(lab.locator("#tip dd").first).to_have_text("125")
    expect(lab.locator("#writes-rows tr[data-at]")).to_have_attribute("data-step", "125")
    lab.keyboard.press("Escape")
    expect(lab.locator("#tip")).to_be_hidden()


def test_a_zoom_is_kept_until_a_double_click(lab: Page) -> None:
    press_run(lab)
    finished(lab)
    plot = lab.locator("#plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    lab.mouse.move(box["x"] + 200, box["y"] + 100)
    lab.mouse.down()
    lab.mouse.move(box["x"] + 400, box["y"] + 100, steps=4)
    lab.mouse.up()
    expect(lab.locator("#held-still")).to_have_text("Zoomed; double click shows all")
    lab.mouse.dblclick(box["x"] + 300, box["y"] + 100)
    expect(lab.locator("#held-still")).to_have_text("")


def test_a_finished_model_writes_and_a_wrong_field_is_named(visitor: Visitor) -> None:
    page = visitor.open(expected=["422"])
    sign_in(page, "learner")
    page.goto(f"/labs/training/?{SMALL}&seed=4")
    press_run(page)
    finished(page)
    page.locator("#play-temperature").fill("hot")
    page.locator("#play-button").click()
    expect(page.locator("#play-temperature-error")).to_have_text("Choose a value from 0 to 5.")
    page.locator("#play-temperature").fill("0.4")
    page.locator("#play-prompt").fill("def ")
    page.locator("#play-button").click()
    expect(page.locator("#generations .written b")).to_have_text("def ", timeout=MINUTE)


def test_a_running_run_is_cancelled_and_the_focus_stays_with_the_words(lab: Page) -> None:
    lab.goto("/labs/training/?n_layers=4&d_model=128&tokens=2048000&seed=5")
    press_run(lab)
    expect(lab.locator("#s-step")).not_to_have_text("0", timeout=MINUTE)
    lab.locator("#cancel").press("Enter")
    expect(lab.locator("#run-page")).to_have_attribute("data-state", "cancelled")
    expect(lab.locator("#ending-title")).to_contain_text("Cancelled")
    expect(lab.locator("#run-status")).to_be_focused()


def test_a_lab_works_without_script(visitor: Visitor) -> None:
    page = visitor.open(javascript=False)
    sign_in(page, "learner")
    page.goto(f"/labs/training/?{SMALL}&seed=6")
    page.locator("#n_layers").fill("2")
    page.locator("#show-cost").click()
    expect(page.locator("#n_layers")).to_have_value("2")
    page.locator("#prediction").fill("2.5")
    page.locator("#run").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    for _ in range(100):
        if page.locator("#ending-title").count():
            break
        page.wait_for_timeout(300)
        page.reload()
    expect(page.locator("svg.drawing")).to_be_visible()


def test_a_run_that_ended_at_once_shows_its_ending(lab: Page) -> None:
    lab.goto(f"/labs/training/?{AT_ONCE}")
    press_run(lab)
    expect(lab.locator("#run-page")).to_have_attribute("data-state", "diverged", timeout=MINUTE)
    expect(lab.locator("#ending-title")).to_contain_text("Diverged")
    expect(lab.locator("#cancel")).to_have_count(0)
