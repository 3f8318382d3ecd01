"""docker-compose.yml starts the same commands as the supervisor, with settings that exist."""

from __future__ import annotations

import re
import shlex
import sys
from typing import Any

import pytest
import yaml

from portal import supervisor
from portal.tests.source import ROOT
from portal.tests.test_readme import settings_read

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def command_of(service: str) -> list[str]:
    """The command with the defaults of its variables."""
    text = re.sub(r"\$\{\w+:-(\w*)\}", r"\1", SERVICES[service]["command"])
    return shlex.split(text)


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("web", supervisor.web("--host", "0.0.0.0", "--port", "8000")),
        ("train", supervisor.training_worker(1)),
        ("play", supervisor.writing_worker()),
        ("control", supervisor.control_worker()),
    ],
)
def test_services_run_what_the_supervisor_runs(service: str, command: list[str]) -> None:
    assert command_of(service) == ["python" if part == sys.executable else part for part in command]


def test_the_image_serves_as_the_web_service_does() -> None:
    default = re.search(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.M)
    assert default
    assert yaml.safe_load(default[1]) == command_of("web")


def test_every_variable_is_a_setting() -> None:
    assert set(COMPOSE["x-gradus"]["environment"]) <= set(settings_read())


def test_every_service_says_whether_it_is_healthy() -> None:
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == {"prepare"}
