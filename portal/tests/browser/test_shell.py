"""The shell in a real browser: switches that keep the place, menus, pages without script, accessibility."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from portal.testing.browser import Visitor, sign_in, switch_language

pytestmark = pytest.mark.slow
PROFILE = "/account/profile/"


def top_of(page: Page, selector: str) -> float:
    """Distance of an element from the upper edge of the window, pixels."""
    return float(page.locator(selector).evaluate("node => node.getBoundingClientRect().top"))


def test_the_language_switch_keeps_place_text_and_focus(visitor: Visitor) -> None:
    page = visitor.open(width=390, height=420)
    sign_in(page, "learner", to=PROFILE)
    page.locator("[name=display_name]").fill("Half a na")
    page.locator("[name=time_zone]").select_option("Europe/Berlin")
    page.locator("#password").evaluate("node => node.scrollIntoView()")
    before = top_of(page, "#password")
    page.locator("#language-zh").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("[name=display_name]")).to_have_value("Half a na")
    expect(page.locator("[name=time_zone]")).to_have_value("Europe/Berlin")
    expect(page.locator("#language-zh")).to_be_focused()
    page.wait_for_function(
        "before => Math.abs(document.querySelector('#password').getBoundingClientRect().top - before) < 24", arg=before
    )


def test_the_language_switch_adds_nothing_to_the_history_and_keeps_the_fragment(visitor: Visitor) -> None:
    page = visitor.open()
    sign_in(page, "learner", to=PROFILE)
    page.goto(f"{PROFILE}?view=1#token")
    length = page.evaluate("history.length")
    switch_language(page, "zh-hans")
    page.wait_for_url(f"**{PROFILE}?view=1#token")
    assert page.evaluate("history.length") == length


def test_a_password_is_never_kept_by_the_switch(visitor: Visitor) -> None:
    page = visitor.open()
    page.goto("/account/login/")
    page.locator("[name=login]").fill("mei@example.com")
    page.locator("[name=password]").fill("secret")
    switch_language(page, "zh-hans")
    expect(page.locator("[name=login]")).to_have_value("mei@example.com")
    expect(page.locator("[name=password]")).to_have_value("")
    assert "secret" not in page.evaluate("JSON.stringify(sessionStorage)")


def test_the_appearance_changes_at_once_and_stays(visitor: Visitor) -> None:
    page = visitor.open()
    sign_in(page, "learner", to=PROFILE)
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.locator(".avatar").click()
    with page.expect_response("**/account/theme/"):
        page.locator("[data-theme-switch] [value=dark]").click()
    assert page.evaluate(ground) != light
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_switches_and_sign_in_work_without_script(visitor: Visitor) -> None:
    page = visitor.open(javascript=False)
    page.goto(f"/account/login/?next={PROFILE}")
    page.locator("#language-zh").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.locator("[data-theme-switch] [value=dark]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    sign_in(page, "learner", language="zh-hans", to=PROFILE)
    expect(page.locator("h1")).to_have_text("个人资料")


def test_a_failed_submit_puts_the_focus_where_the_error_is(visitor: Visitor) -> None:
    page = visitor.open(expected=["422"])
    sign_in(page, "learner", to=PROFILE)
    page.locator("[name=display_name]").fill(" ")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[name=display_name]")).to_be_focused()
    expect(page.locator("#id_display_name_error")).to_be_visible()


def test_the_narrow_menu_opens_by_keyboard_and_closes_with_escape(visitor: Visitor) -> None:
    page = visitor.open(width=390)
    sign_in(page, "manager", to=PROFILE)
    page.locator(".bar-menu").press("Enter")
    expect(page.locator("#menu").get_by_role("link", name="Team")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).to_be_hidden()


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1360), ("zh-hans", "dark", 390)])
def test_account_and_error_pages_pass_axe_and_fit_the_window(
    visitor: Visitor, language: str, scheme: str, width: int
) -> None:
    page = visitor.open(language=language, scheme=scheme, width=width, expected=["404"])
    for address in ("/account/login/", "/account/password/reset/", "/account/inactive/", "/nowhere/"):
        page.goto(address)
        check(page)
    sign_in(page, "learner", language=language, to=PROFILE)
    check(page)
    page.locator(".avatar").click()
    check(page)
    for address in ("/account/password/change/", "/account/logout/", "/nowhere/"):
        page.goto(address)
        check(page)


def check(page: Page) -> None:
    """No accessibility violation, and nothing wider than the window."""
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
