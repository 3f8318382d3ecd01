"""/healthz: what answers, what does not, and how long it waits."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import redis
from django.test import Client
from pytest_django import Settings

from portal import views

pytestmark = pytest.mark.django_db(transaction=True)

NOBODY = {"train": 0, "play": 0, "control": 0}


def test_everything_answers(client: Client, redis_empty: redis.Redis) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {
        "ok": True,
        "database": True,
        "redis": True,
        "workers": NOBODY,
    }
    assert "no-store" in response.headers["Cache-Control"]


def test_living_workers_are_counted_by_queue(client: Client, redis_empty: redis.Redis) -> None:
    for name in ("train:a", "train:b", "control:a"):
        redis_empty.set(f"worker:{name}", "1", ex=10)
    redis_empty.set("run:1", "not a worker")
    assert client.get("/healthz").json()["workers"] == {"train": 2, "play": 0, "control": 1}


def test_without_redis_it_answers_503_and_says_so(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json() == {
        "ok": False,
        "database": True,
        "redis": False,
        "workers": NOBODY,
    }


def test_without_database_it_answers_503(
    client: Client, redis_empty: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise OSError("gone")

    monkeypatch.setattr(views, "_database_answers", broken)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["database"] is False


def test_a_part_that_hangs_counts_as_gone(
    client: Client, redis_empty: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(views, "CHECK_S", 0.05)
    monkeypatch.setattr(views, "_database_answers", lambda: let_go.wait(20))
    assert client.get("/healthz").json()["database"] is False
    let_go.set()


def test_only_reading_is_allowed(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
