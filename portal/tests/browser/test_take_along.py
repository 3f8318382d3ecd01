"""What leaves a run's pages, in Chromium with real workers behind: a script that repeats it, an address for programs;
and a table of one's own that comes in.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from labs.datasets.tests.factories import reviews_csv
from portal.testing.browser import Visitor, sign_in

pytestmark = pytest.mark.slow

MINUTE = 60_000
TINY = "n_layers=1&d_model=16&n_heads=1&context=16&batch=4&tokens=2560"


def test_a_run_is_taken_along_checked_and_deployed_without_leaving_its_pages(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open(expected=["422"])  # of the form that is refused
    sign_in(page, "learner", to="/labs/training/")
    page.goto(f"/labs/training/?{TINY}")
    page.locator("#prediction").fill("2.5")
    page.locator("#run").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    expect(page.locator("#run-page")).to_have_attribute("data-state", "finished", timeout=MINUTE)
    page.locator("body").evaluate("body => body.dataset.same = 'page'")
    form = page.locator(".deploy-form")
    form.locator("[name=deploy-days]").fill("0")
    form.get_by_role("button", name="Deploy").click()
    expect(page.locator("#deploy")).to_contain_text("Choose a value from 1 to 90.")
    form.locator("[name=deploy-days]").fill("7")
    form.get_by_role("button", name="Deploy").click()
    expect(page.locator("#deployments")).to_contain_text(re.compile(r"grd-[\w-]{40,}"))
    expect(page.locator("body")).to_have_attribute("data-same", "page")

    page.get_by_role("link", name="Script").click()
    page.locator("#script").get_by_role("button").click()
    download = page.locator("#script a[download]")
    expect(download).to_be_visible(timeout=MINUTE)
    with page.expect_download() as coming:
        download.click()
    coming.value.save_as(tmp_path / "train.py")
    assert "import torch" in (tmp_path / "train.py").read_text(encoding="utf-8")
    page.locator("#check").get_by_role("button").click()
    expect(page.locator("#check .note")).to_contain_text("Identical: 40 of 40 losses", timeout=2 * MINUTE)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_table_of_ones_own_becomes_the_recipes_text(visitor: Visitor, javascript: bool) -> None:
    page = visitor.open(javascript=javascript)
    sign_in(page, "learner", to="/labs/sentiment/")
    page.goto("/labs/sentiment/")
    page.locator("#uploads summary").first.click()
    data = reviews_csv(60 if javascript else 80)
    page.locator("#table-file").set_input_files({"name": "opinions.csv", "mimeType": "text/csv", "buffer": data})
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("cell", name="The film number 0 was poor, I think")).to_be_visible()
    page.get_by_label("Column of the labels").select_option("mood")
    page.get_by_role("button", name="Keep it").click()
    page.wait_for_url(re.compile(r"/labs/sentiment/\?"))
    assert re.search("corpus=sha256", page.url)
    expect(page.locator("#corpus option:checked")).to_have_text("opinions.csv")
