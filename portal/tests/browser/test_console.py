"""No page makes the browser complain: no script error, no missing file, no violation of the policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from portal.testing.browser import Visitor, sign_in

pytestmark = pytest.mark.slow

PLACES = {
    "learner": ["/", "/labs/", "/labs/training/", "/labs/generation/", "/runs/", "/account/profile/"],
    "manager": ["/team/", "/teaching/", "/account/profile/"],
    "author": ["/studio/", "/lab-studio/", "/account/profile/"],
    "administrator": ["/admin/", "/control/", "/account/profile/"],
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("role", PLACES)
def test_the_pages_of_each_role_are_quiet(visitor: Visitor, role: str, language: str, scheme: str) -> None:
    page = visitor.open(language=language, scheme=scheme)
    sign_in(page, role, language=language)
    for place in PLACES[role]:
        answer = page.goto(place, wait_until="load")
        assert answer
        assert answer.status == 200, place


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_narrow_page_can_be_signed_in_to_and_switched(visitor: Visitor, language: str) -> None:
    page = visitor.open(language=language, width=390, height=844)
    other = "zh-hans" if language == "en" else "en"
    sign_in(page, "learner", language=other)
    expect(page.locator("main")).to_be_visible()


def test_signing_in_works_without_scripts(visitor: Visitor) -> None:
    page = visitor.open(javascript=False)
    sign_in(page, "learner")
    expect(page.locator("main")).to_be_visible()
