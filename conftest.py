"""Fixtures of every test: one fixed cast, a real Redis, a whole portal, a real browser.

`redis_server` and the database belong to this process (each of xdist's is one); `portal_live` is a separate set of
processes with its own database, so tests that use it look at it through its pages, its API or `portal_live.manage`.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.test import Client
from django.utils import timezone, translation
from playwright.sync_api import Browser, Page, sync_playwright

from portal import orphans
from portal import redis_server as embedded
from portal.accounts.demo import create_cast
from portal.accounts.models import User
from portal.testing import chromium
from portal.testing.browser import Visitor
from portal.testing.server import PASSWORD, Portal


def pytest_configure() -> None:
    """Make this process's data folder (see portal.settings.testing)."""
    Path(settings.VAR_DIR).mkdir(parents=True, exist_ok=True)


def pytest_unconfigure() -> None:
    """Remove it."""
    shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_language() -> None:
    """Each test starts in the site's language and time zone: requests of the one before may have changed both."""
    translation.activate(settings.LANGUAGE_CODE)
    timezone.deactivate()


@pytest.fixture
def cast(db: None) -> dict[str, User]:
    """The people of `portal.accounts.cast`, by role; the manager leads the team that the learner is in."""
    return create_cast(lambda person: PASSWORD)


@pytest.fixture
def learner(cast: dict[str, User]) -> User:
    """A learner in the manager's team."""
    return cast["learner"]


@pytest.fixture
def other_learner(db: None) -> User:
    """A learner in no team: whose things nobody else may see."""
    return User.objects.create_user("other@gradus.example", PASSWORD, display_name="Sam Rivera")


@pytest.fixture
def manager(cast: dict[str, User]) -> User:
    """Manager of the learner's team, and nothing else."""
    return cast["manager"]


@pytest.fixture
def author(cast: dict[str, User]) -> User:
    """An author, and nothing else."""
    return cast["author"]


@pytest.fixture
def administrator(cast: dict[str, User]) -> User:
    """An administrator, and nothing else."""
    return cast["administrator"]


@pytest.fixture
def client_for() -> Callable[..., Client]:
    """`client_for(user)`: a client that is signed in; `client_for(user, language="en")` also chooses the language."""

    def make(user: User, *, language: str = "") -> Client:
        if language:
            user.language = language
            user.save(update_fields=["language"])
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A Redis of this process, at settings.REDIS_URL. `redis_empty` gives a clean one."""
    path = Path(settings.VAR_DIR) / "redis.sock"
    command = embedded.command(path, Path(settings.VAR_DIR) / "redis")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=orphans.ask_kernel)
    assert embedded.wait(path, process), "Redis did not start"
    yield settings.REDIS_URL
    process.terminate()
    process.wait()


@pytest.fixture
def redis_empty(redis_server: str) -> Iterator[redis.Redis]:
    """A client of this process's Redis, emptied."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
        yield client


@pytest.fixture(scope="session")
def portal_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A whole portal with the cast (PASSWORD) and the course, shared by the tests of a session."""
    with Portal(tmp_path_factory.mktemp("portal")) as portal:
        yield portal


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Of a module, not of the session: while it is open, Django sees a running event loop and refuses its
    database, so modules with browser tests do without one of their own."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Browser, portal_live: Portal) -> Iterator[Visitor]:
    """`visitor.open(language=…, scheme=…, width=…)` opens pages; an error on a console fails the test at its end."""
    visitor = Visitor(browser, portal_live.url)
    yield visitor
    visitor.close()


@pytest.fixture
def page(visitor: Visitor) -> Page:
    """A page in English, light, 1360 wide."""
    return visitor.open()
