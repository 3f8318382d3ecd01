"""Every page as the role that it is for: accessible, quiet, in its language, inside the window, large enough to press.

Each page is looked at in two of the eight combinations of language, width and scheme, in turn, so that all pages
together see all of them: once in each language, once narrow and once wide, once light and once dark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FilePayload, Page, expect

from courses.tests.chapter_reading import chapters, sections_of
from labs.datasets.tests.factories import reviews_csv
from portal import catalogue
from portal.testing.browser import Visitor, sign_in
from portal.testing.server import Portal

pytestmark = pytest.mark.slow

COURSE = "/learn/llm-foundations/"
STUDIO = "/studio/llm-foundations/training/"
SMALL = "n_layers=1&d_model=32&n_heads=2&context=32&batch=16&tokens=32000"
LONG = "n_layers=4&d_model=128&tokens=2048000"
PATIENCE = 180_000
"""For a run's end where other work goes on beside it, ms."""
TARGET = 24
"""Least width and height of what can be pressed with a mouse, CSS pixels."""
REFUSED = ("403", "404")
"""Chromium reports the answers of the error pages as errors."""
RUN_URL = re.compile(r"/runs/\d+/$")
ENDED = ("finished", "diverged", "cancelled")

Look = tuple[str, str, int]
LOOKS: list[tuple[Look, Look]] = [
    (("en", "light", 1360), ("zh-hans", "dark", 390)),
    (("en", "dark", 390), ("zh-hans", "light", 1360)),
    (("en", "dark", 1360), ("zh-hans", "light", 390)),
    (("en", "light", 390), ("zh-hans", "dark", 1360)),
]

SECTIONS = [f"{COURSE}{chapter}/{name}/" for chapter in chapters() for name in sections_of(chapter)]
ANYBODY = ("/account/login/", "/account/password/reset/", "/account/password/reset/done/", "/nowhere/")
LEARNER = (
    "/",
    COURSE,
    "/glossary/llm-foundations/",
    f"{COURSE}training/quiz/",
    "/labs/",
    "/labs/training/",
    "/labs/generation/",
    "/labs/training/board/",
    "/runs/",
    "/account/profile/",
    "/account/password/change/",
    "/team/",
    "/studio/",
    "/nowhere/",
)
AUTHOR = (
    "/studio/",
    *(f"{STUDIO}?text={name}" for name in ("en", "zh-hans", "quiz", "chapter")),
    f"{STUDIO}publish/",
    f"{STUDIO}versions/",
    "/lab-studio/",
    "/lab-studio/training/",
    "/teaching/",
    "/teaching/labs/training/",
)
ADMINISTRATOR = ("/control/",)
WALKS = [
    pytest.param(role, places, turn, id=f"{role or 'anybody'}-{turn}")
    for role, places in (("", ANYBODY), ("learner", LEARNER), ("author", AUTHOR), ("administrator", ADMINISTRATOR))
    for turn in range(min(len(LOOKS), len(places)))
]

SMALL_TARGETS = """least => [...document.querySelectorAll("button, summary, select, input, a.btn, nav a")]
  .filter(node => node.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
  .filter(node => !node.closest("label, .sr"))
  .map(node => [node, node.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.width < least || box.height < least))
  .map(([node, box]) => `${node.outerHTML.slice(0, 90)} ${box.width}×${box.height}`)"""
TEXTS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, lang = node.parentElement.closest("[lang]").lang;
    if (lang.startsWith("zh") && !node.parentElement.closest("script, pre, textarea")) texts.push(node.data.trim());
  }
  const named = [...document.querySelectorAll("[aria-label], [title], [placeholder]")];
  for (const node of named)
    if (node.closest("[lang]").lang.startsWith("zh"))
      texts.push(node.ariaLabel ?? "", node.title ?? "", node.placeholder ?? "");
  return texts.concat(document.title.split(" · ")).filter(Boolean);
}"""


@dataclass(frozen=True)
class Runs:
    """Addresses of one run in each state that a page shows differently, and of a table that waits for a choice."""

    finished: str
    diverged: str
    cancelled: str
    table: str

    @property
    def places(self) -> tuple[str, ...]:
        """Every page that they have."""
        shown = ",".join(address.rstrip("/").rpartition("/")[2] for address in (self.finished, self.diverged))
        tabs = (f"{self.finished}{tab}" for tab in ("inside/", "script/", "report/"))
        ends = (self.finished, self.diverged, self.cancelled, f"{self.finished}?log=1")
        return (*ends, *tabs, f"/runs/?lab=training&show={shown}", self.table)


def submit(page: Page, recipe: str) -> str:
    """Press Run; returns the run's address."""
    page.goto(f"/labs/training/?{recipe}")
    page.locator("#prediction").fill("2.1")
    page.locator("#run").click()
    page.wait_for_url(RUN_URL)
    return page.url


def state(page: Page, *names: str) -> None:
    """Wait until the run on this page is in one of these states."""
    expect(page.locator("#run-page")).to_have_attribute("data-state", re.compile("|".join(names)), timeout=PATIENCE)
    if set(names) <= set(ENDED):  # the words of the ending come with a fragment of their own
        expect(page.locator("#ending-title")).to_be_visible()


def send_table(page: Page) -> str:
    """Send a table of one's own; returns where its columns are chosen."""
    page.goto("/labs/sentiment/")
    page.locator("#uploads > summary").click()
    file = FilePayload(name="reviews.csv", mimeType="text/csv", buffer=reviews_csv())
    page.locator("#table-file").set_input_files(file)
    page.locator("#uploads form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/tables/\d+/$"))
    return page.url


@pytest.fixture(scope="module")
def runs(browser: Browser, portal_live: Portal) -> Iterator[Runs]:
    """Runs of the learner with each ending that a learner can bring about."""
    visitor = Visitor(browser, portal_live.url)
    page = visitor.open()
    sign_in(page, "learner")
    finished = submit(page, f"{SMALL}&seed=21")
    state(page, "finished")
    diverged = submit(page, f"{SMALL}&learning_rate=1&seed=5")
    state(page, "diverged")
    cancelled = submit(page, f"{LONG}&seed=23")
    state(page, "running")
    page.locator("#cancel").click()
    state(page, "cancelled")
    yield Runs(finished, diverged, cancelled, send_table(page))
    visitor.close()


@pytest.fixture(scope="module")
def english() -> set[str]:
    """English texts of the interface that Chinese pages say otherwise."""
    return {
        message.id
        for message in catalogue.read()
        if isinstance(message.id, str) and " " in message.id and "%" not in message.id and message.string != message.id
    }


def look(page: Page, language: str, english: set[str]) -> None:
    """All that is asked of a page."""
    where = f"{page.url} {language} {page.viewport_size}"
    expect(page.locator("html")).to_have_attribute("lang", {"en": "en", "zh-hans": "zh-Hans"}[language])
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found] == [], where
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, where
    assert page.evaluate(SMALL_TARGETS, TARGET) == [], where
    if language != "en":
        assert english.intersection(page.evaluate(TEXTS)) == set(), where


def walk(visitor: Visitor, english: set[str], role: str, places: tuple[str, ...], turn: int) -> None:
    """Look at each place in the two looks that its number and `turn` give."""
    for language, scheme, width in LOOKS[turn]:
        page = visitor.open(language=language, scheme=scheme, width=width, expected=REFUSED)
        if role:
            sign_in(page, role, language=language)
        for place in places[turn :: len(LOOKS)]:
            page.goto(place)
            if place.endswith("/inside/"):  # drawn from answers of a process of its own
                expect(page.locator("#attention [data-part=share] path").first).to_be_attached(timeout=PATIENCE)
            look(page, language, english)


@pytest.mark.parametrize(("role", "places", "turn"), WALKS)
def test_every_page_keeps_what_is_asked_of_it(
    visitor: Visitor, runs: Runs, english: set[str], role: str, places: tuple[str, ...], turn: int
) -> None:
    walk(visitor, english, role, places, turn)


@pytest.mark.parametrize("turn", range(2 * len(LOOKS)))
def test_every_section_does_in_one_look(visitor: Visitor, english: set[str], turn: int) -> None:
    language, scheme, width = LOOKS[turn // 2][turn % 2]
    page = visitor.open(language=language, scheme=scheme, width=width)
    sign_in(page, "learner", language=language)
    for section in SECTIONS[turn :: 2 * len(LOOKS)]:
        page.goto(section)
        look(page, language, english)


@pytest.mark.parametrize("turn", range(len(LOOKS)))
def test_the_runs_of_each_ending_and_their_tabs_do(visitor: Visitor, runs: Runs, english: set[str], turn: int) -> None:
    walk(visitor, english, "learner", runs.places, turn)


@pytest.mark.parametrize("turn", [0, 1])
def test_the_team_and_a_learner_do(visitor: Visitor, runs: Runs, english: set[str], turn: int) -> None:
    for language, scheme, width in LOOKS[turn]:
        page = visitor.open(language=language, scheme=scheme, width=width)
        sign_in(page, "manager", language=language)
        page.goto("/team/")
        look(page, language, english)
        page.locator("table.matrix tbody a").first.click()
        page.wait_for_url(re.compile(r"/team/learners/\d+/"))
        look(page, language, english)


KEY = """
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from portal.accounts.models import User
user = User.objects.get(email="author@gradus.example")
print(user_pk_to_url_str(user) + "-" + default_token_generator.make_token(user))
"""


@pytest.fixture(scope="module")
def password_link(portal_live: Portal) -> str:
    """What the mail to somebody who forgot their password leads to."""
    return f"/account/password/reset/key/{portal_live.manage('shell', '-v', '0', '-c', KEY).strip()}/"


@pytest.mark.parametrize("turn", [1, 2])
def test_the_page_for_a_new_password_does(visitor: Visitor, english: set[str], password_link: str, turn: int) -> None:
    for language, scheme, width in LOOKS[turn]:
        page = visitor.open(language=language, scheme=scheme, width=width, expected=["422"])
        page.goto(password_link)
        look(page, language, english)
        for name in ("password1", "password2"):
            page.locator(f"input[name={name}]").fill("short")
        page.locator("input[name=password2]").press("Enter")
        expect(page.locator("[aria-invalid=true]").first).to_be_visible()
        look(page, language, english)


@pytest.mark.parametrize("turn", [0, 3])
def test_an_empty_list_of_runs_does(visitor: Visitor, english: set[str], turn: int) -> None:
    for language, scheme, width in LOOKS[turn]:
        page = visitor.open(language=language, scheme=scheme, width=width)
        sign_in(page, "administrator", language=language)
        page.goto("/runs/")
        expect(page.locator("main .empty .btn-primary")).to_be_visible()
        look(page, language, english)


@pytest.fixture
def draft(visitor: Visitor) -> Iterator[None]:
    """A change of one language, saved but not published; gone afterwards."""
    page = visitor.open()
    sign_in(page, "author", to=STUDIO)
    page.locator("#text").press("Control+End")
    page.keyboard.type("\nOne sentence more.\n")
    expect(page.locator("#save-state")).to_contain_text("Draft saved", timeout=20_000)
    yield
    page.goto(f"{STUDIO}publish/")
    discard = page.locator("form[action$='discard/']")
    discard.locator("summary").click()
    discard.locator("button.btn-danger").click()
    expect(page.locator("#text")).not_to_contain_text("One sentence more.")


def test_the_page_that_publishes_changes_and_what_they_change_do(
    visitor: Visitor, english: set[str], draft: None
) -> None:
    for language, scheme, width in LOOKS[1]:
        page = visitor.open(language=language, scheme=scheme, width=width)
        sign_in(page, "author", language=language)
        for place in ("publish/", "versions/?old=1&new=draft"):
            page.goto(STUDIO + place)
            expect(page.locator(".lines-diff .added").first).to_be_visible()
            look(page, language, english)


def in_both(visitor: Visitor, turn: int, act: Callable[[Page, str], None]) -> None:
    """Do something as the learner in the two looks of a turn."""
    for language, scheme, width in LOOKS[turn]:
        page = visitor.open(language=language, scheme=scheme, width=width)
        sign_in(page, "learner", language=language)
        act(page, language)


def test_an_open_attempt_and_its_result_do(visitor: Visitor, english: set[str]) -> None:
    def attempt(page: Page, language: str) -> None:
        page.goto(f"{COURSE}attention/quiz/")
        page.locator("main form button.btn-primary").first.click()
        page.wait_for_url(re.compile(r"/attempts/\d+/"))
        look(page, language, english)
        page.locator("#submit").click()
        look(page, language, english)
        page.locator("#submit-dialog button[value=yes]").click()
        expect(page.locator("#submit")).to_have_count(0)
        look(page, language, english)

    in_both(visitor, 3, attempt)


def test_a_running_and_a_waiting_run_do(visitor: Visitor, english: set[str]) -> None:
    def run(page: Page, language: str) -> None:
        addresses = [submit(page, f"{LONG}&seed={seed}{len(language)}") for seed in (1, 2)]
        for address, expected in zip(addresses, ("running", "queued"), strict=True):
            page.goto(address)
            state(page, expected)
            look(page, language, english)
        for address in reversed(addresses):
            page.goto(address)
            page.locator("#cancel").click()
            state(page, *ENDED)

    in_both(visitor, 2, run)
