"""Runs side by side in a real browser: eyes, settings, groups; a view shared with a team; a teacher's look."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from portal.testing.browser import Visitor, sign_in
from portal.testing.server import Portal

pytestmark = pytest.mark.slow

MAKE = """
from labs.tests.factories import make_finished
from portal.accounts.models import User
learner = User.objects.get(email="learner@gradus.example")
print("ids", *(make_finished(learner, lab="scaling", spec={"learning_rate": rate, "seed": seed}).pk
               for rate, seed in ((0.01, 1), (0.01, 2), (0.003, 1))))
"""


@pytest.fixture(scope="module")
def runs(portal_live: Portal) -> list[int]:
    """Two runs that differ in their seed, and one with another rate."""
    out = portal_live.manage("shell", "-v", "0", "-c", MAKE)
    line = next(line for line in out.splitlines() if line.startswith("ids "))
    return [int(part) for part in line.split()[1:]]


def axe(page: Page) -> None:
    """No finding."""
    found = Axe().run(page).response["violations"]
    assert found == [], [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]


def test_eyes_decide_what_is_drawn_and_the_view_is_a_link(visitor: Visitor, runs: list[int]) -> None:
    page = visitor.open()
    sign_in(page, "learner", to="/runs/")
    page.goto("/runs/?lab=scaling")
    expect(page.locator("#compare-plot canvas")).to_be_visible()
    expect(page.locator("#diff tbody tr")).to_have_count(2)
    axe(page)
    page.locator(f"#eye-{runs[2]}").press("Enter")
    expect(page.locator(f"#eye-{runs[2]}")).to_have_attribute("aria-pressed", "false")
    expect(page.locator(f"#eye-{runs[2]}")).to_be_focused()
    expect(page.locator("#diff tbody tr")).to_have_count(1)
    expect(page.locator("#compare-plot canvas")).to_be_visible()
    page.locator("#b-whole").click()
    expect(page.locator("#b-whole")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#diff tbody tr.differs")).to_have_count(1)
    assert page.locator("#diff tbody tr").count() > 20
    page.locator("#b-group").click()
    expect(page.locator("#runs tbody tr")).to_have_count(2)
    expect(page.locator("#b-group")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("#b-group")).to_have_attribute("aria-pressed", "true")
    assert "whole=1" in page.url


def test_without_script_every_press_is_a_page(visitor: Visitor, runs: list[int]) -> None:
    page = visitor.open(javascript=False, width=390)
    sign_in(page, "learner", to="/runs/")
    page.goto("/runs/?lab=scaling")
    expect(page.locator("#compare-plot svg path")).to_have_count(3)
    page.locator(f"#eye-{runs[2]}").click()
    expect(page.locator(f"#eye-{runs[2]}")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#compare-plot svg path")).to_have_count(2)


def test_a_shared_view_opens_for_the_team_until_it_is_taken_back(visitor: Visitor, runs: list[int]) -> None:
    page = visitor.open(scheme="dark")
    sign_in(page, "learner", to="/runs/")
    page.goto("/runs/?lab=scaling")
    page.locator(f"#eye-{runs[0]}").click()
    expect(page.locator("#share-view input[name=show]")).to_have_value(f"{runs[2]},{runs[1]}")
    page.get_by_label("Title").fill("Two rates")
    page.get_by_role("button", name="Share with my team").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Two rates")
    link = page.url
    manager, author = visitor.open(), visitor.open(expected=("404",))
    sign_in(manager, "manager")
    manager.goto(link)
    expect(manager.locator("#runs tbody tr")).to_have_count(2)
    expect(manager.locator("#compare-plot canvas")).to_be_visible()
    axe(manager)
    sign_in(author, "author")
    refused = author.goto(link)
    assert refused is not None
    assert refused.status == 404
    page.get_by_role("button", name="Take back").click()
    ended = page.request.get(link)
    assert ended.status == 404


def test_a_manager_looks_at_a_run_and_its_learner_reads_that(visitor: Visitor, runs: list[int]) -> None:
    manager, learner = visitor.open(), visitor.open()
    sign_in(manager, "manager")
    manager.goto("/teaching/")
    manager.locator("#labs a[href$='/scaling/']").click()
    expect(manager.locator("#learners tbody tr")).to_have_count(1)
    axe(manager)
    manager.locator("#learners a.num").click()
    expect(manager.locator("#compare-plot canvas")).to_be_visible()
    axe(manager)
    sign_in(learner, "learner", to=f"/runs/{runs[2]}/")
    expect(learner.locator("[data-look]")).to_contain_text("looked at this run")
