"""Pages for browser tests: language, colour scheme and width by argument; no error may appear on any console."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect

from portal.accounts.cast import CAST
from portal.testing.server import PASSWORD

LOCALES = {"en": "en-GB", "zh-hans": "zh-CN"}
EMAILS = {person.role: person.email for person in CAST}
HEIGHT = 900


@dataclass
class Visitor:
    """Opens pages of one portal and remembers everything that a console complained about."""

    browser: Browser
    url: str
    errors: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(
        self,
        *,
        language: str = "en",
        scheme: str = "light",
        width: int = 1360,
        height: int = HEIGHT,
        javascript: bool = True,
        expected: Collection[str] = (),
    ) -> Page:
        """A page of a fresh context at `about:blank`. Console errors that match a pattern of `expected` are fine."""
        context = self.browser.new_context(
            base_url=self.url,
            locale=LOCALES[language],
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
        )
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self._console(message, expected))
        page.on("pageerror", lambda error: self._error(error, page))
        return page

    def close(self) -> None:
        """Close every context. Raises AssertionError when a console complained."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()
        errors, self.errors = self.errors, []
        if errors:
            raise AssertionError("the browser complained:\n" + "\n".join(errors))

    def _console(self, message: ConsoleMessage, expected: Collection[str]) -> None:
        # Chromium reports a violated Content-Security-Policy as a console error too.
        if message.type == "error" and not any(re.search(pattern, message.text) for pattern in expected):
            self.errors.append(f"{message.location.get('url', '')}: {message.text}")

    def _error(self, error: Error, page: Page) -> None:
        self.errors.append(f"{page.url}: {error}")


def sign_in(page: Page, role: str, *, language: str = "en", to: str = "/") -> None:
    """Sign in as the person of CAST with this role, and have the pages in `language`."""
    page.goto(f"/account/login/?next={to}")
    page.locator("input[name=login]").fill(EMAILS[role])
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    expect(page.locator("input[name=password]")).to_have_count(0)
    if (page.locator("html").get_attribute("lang") or "").lower() != language:
        switch_language(page, language)


def switch_language(page: Page, language: str) -> None:
    """Press the switch in the bar (or in the menu, where the bar is narrow)."""
    button = page.locator(f"[data-language-switch] button[value={language}]").first
    if button.is_visible():
        button.click()
    else:  # the same form, from inside the closed menu
        button.evaluate("button => button.form.requestSubmit(button)")
    expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}$", re.IGNORECASE))
