"""Replays and branches in Chromium with a real worker: train, replay, train anew, fork; the chart under keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.testing.browser import Visitor, sign_in
from portal.testing.server import Portal

pytestmark = pytest.mark.slow

SMALL = "n_layers=1&d_model=32&n_heads=2&context=32&batch=16&tokens=20480&seed=21"
LONG = 120_000


@pytest.fixture(scope="module")
def replaying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal that replays; the shared one trains every run."""
    with Portal(tmp_path_factory.mktemp("replaying"), env={"LAB_REPLAY": "true"}) as portal:
        yield portal


@pytest.fixture
def visitor(browser: Browser, replaying: Portal) -> Iterator[Visitor]:
    found = Visitor(browser, replaying.url)
    yield found
    found.close()


def press_run(page: Page, prediction: str) -> None:
    page.goto(f"/labs/training/?{SMALL}")
    page.locator("#prediction").fill(prediction)
    page.locator("#run").click()
    page.wait_for_url(re.compile(r"/runs/\d+/(\?play=10)?$"))


def finished(page: Page) -> None:
    expect(page.locator("#run-page")).to_have_attribute("data-state", "finished", timeout=LONG)


def test_a_recipe_is_trained_once_replayed_for_others_and_forked(visitor: Visitor) -> None:
    page = visitor.open()
    sign_in(page, "learner")
    press_run(page, "2.5")
    finished(page)
    trained = page.url.removesuffix("/") + "/"

    other = visitor.open()
    sign_in(other, "manager")
    press_run(other, "2.2")
    expect(other).to_have_url(re.compile(r"\?play=10$"))
    expect(other.locator("#replay")).to_contain_text("trained before")
    expect(other.locator("[data-play='10']")).to_have_attribute("aria-current", "true")
    other.locator("[data-play='all']").click()
    expect(other.locator("#s-step")).to_have_text("40")
    expect(other.locator("#ending-title")).to_contain_text("held-out")
    expect(other).to_have_url(re.compile(r"\?play=all$"))
    mine = other.context.request.get(f"{other.url.partition('?')[0]}points.csv").text()
    assert mine == page.context.request.get(f"{trained}points.csv").text()
    other.locator("#replay").get_by_role("button", name="Train it anew").click()
    expect(other.locator("#replay")).to_have_count(0)
    finished(other)
    assert losses(other) == [line.split(",")[3] for line in mine.splitlines()]

    page.goto(trained)
    page.locator("#fork-step").select_option("20")
    page.locator("#fork-name").select_option("learning_rate")
    page.locator("#fork-value").fill("0.003")
    page.get_by_role("button", name="Fork", exact=True).click()
    expect(page.locator(".lab-main")).to_contain_text("Branches off at step 20")
    finished(page)
    forked, before = losses(page), [line.split(",")[3] for line in mine.splitlines()]
    assert forked[:22] == before[:22]  # the heading, 20 steps, and the first loss of the same weights
    assert forked[22:] != before[22:]

    plot = page.locator("#plot")
    plot.focus()
    page.keyboard.press("Home")
    page.keyboard.press("+")
    expect(page.locator("#held-still")).to_contain_text("Zoomed")
    page.keyboard.press("0")
    expect(page.locator("#held-still")).not_to_contain_text("Zoomed")


def losses(page: Page) -> list[str]:
    """The column of training losses of a run's points, its heading first."""
    text = page.context.request.get(f"{page.url.partition('?')[0]}points.csv").text()
    return [line.split(",")[3] for line in text.splitlines()]
