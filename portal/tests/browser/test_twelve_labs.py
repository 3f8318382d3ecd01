"""Labs whose task is no text, in Chromium with a real worker behind; and a lab cut down for a class."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from portal.testing.browser import sign_in

pytestmark = pytest.mark.slow

MINUTE = 60_000
REVERSE = "options.length=4&examples=400&tokens=30000&n_layers=1&d_model=32&n_heads=2"
BAG = "preset=bag&tokens=12000"


def run_of(page: Page, slug: str, query: str, *, said: str, language: str = "en") -> None:
    """Say a number, press Run, and wait for the end, on one page."""
    sign_in(page, "learner", language=language, to=f"/labs/{slug}/")
    page.goto(f"/labs/{slug}/?{query}")
    page.locator("#prediction").fill(said)
    page.locator("#run").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    expect(page.locator("#run-page")).to_have_attribute("data-state", "finished", timeout=MINUTE)
    expect(page.locator("#measures .headline")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_run_of_pairs_tells_exact_match_slices_and_what_would_be_right(page: Page, language: str) -> None:
    run_of(page, "block", REVERSE, said="60", language=language)
    expect(page.locator("#measures .headline .figure")).to_have_text(re.compile(r"^\d+\.\d %$"))
    expect(page.locator("#measures table").first.locator("tbody tr")).to_have_count(2)
    expect(page.locator("#answers-rows tr")).to_have_count(5)
    expect(page.locator("#answers-rows .tag")).to_have_count(5)
    expect(page.locator("#s-share")).to_have_text(re.compile(r"^\d+\.\d %$"))
    expect(page.locator("#run-status")).to_contain_text("60.0 %")
    before = page.locator("#answers-step").inner_text()
    page.locator("#plot").focus()
    page.keyboard.press("Home")
    expect(page.locator("#answers-step")).not_to_have_text(before)
    page.reload()
    expect(page.locator("#measures .headline")).to_be_visible()


def test_a_classifier_tells_accuracy_against_its_baseline_with_confusion_and_errors(page: Page) -> None:
    run_of(page, "sentiment", BAG, said="55")
    expect(page.locator("#measures .headline")).to_contain_text("naive Bayes on words")
    expect(page.locator(".confusion tbody tr")).to_have_count(2)
    page.locator("#errors summary").click()
    expect(page.locator("#errors tbody tr")).to_have_count(20)
    expect(page.locator("#play-form")).to_have_count(0)
    page.goto("/labs/")
    expect(page.locator("#lab-sentiment")).to_contain_text("Your best: Accuracy")


def test_ticks_make_a_cut_down_lab_whose_link_says_all(page: Page) -> None:
    sign_in(page, "learner", to="/labs/families/")
    page.goto("/labs/families/?n_layers=3&clip=1")
    page.locator("#class-link summary").click()
    for tick in page.locator("#class-link [name=show]").all():
        tick.uncheck()
    page.get_by_role("checkbox", name="Model", exact=True).check()
    page.get_by_role("checkbox", name="Layers", exact=True).check()
    link = page.locator("#class-url").input_value()
    asked = parse_qs(urlsplit(link).query)
    assert (asked["show"], asked["n_layers"], asked["clip"]) == (["family,n_layers"], ["3"], ["1"])
    page.goto(link)
    expect(page.locator("#recipe [data-knob]")).to_have_count(2)
    page.locator("#family").select_option("lstm")
    expect(page).to_have_url(re.compile("family=lstm"))
    expect(page).to_have_url(re.compile("clip=1"))


def test_what_a_family_does_not_have_goes_as_it_is_chosen(page: Page) -> None:
    sign_in(page, "learner", to="/labs/families/")
    expect(page.locator("[data-knob=lookback]")).to_be_visible()
    page.locator("#family").select_option("lstm")
    expect(page.locator("[data-knob=lookback]")).to_be_hidden()
    page.locator("#family").select_option("gpt")
    expect(page.locator("[data-knob=lookback]")).to_be_visible()
