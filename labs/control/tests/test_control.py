"""The control page: what administrators see of the queue, and pausing, draining and resuming it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import redis
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from labs import queue, selectors
from labs.control import workers
from labs.control.models import ControlAction, Mode, mode_now
from labs.control.services import queue_set
from labs.models import Run
from labs.states import State
from labs.tests.factories import make_run
from portal.accounts.models import User
from portal.lib.errors import UserError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_empty")]

ClientFor = Callable[..., Client]


def heard(broker: redis.Redis, name: str, *, ago_s: float = 0.0, slots: int = 2) -> None:
    worker = workers.Worker(
        name=name,
        queues=["train"],
        slots=slots,
        version="1.0.0",
        python="3.12",
        machine="here",
        pid=1,
        started_at=time.time() - 60,
        at=time.time() - ago_s,
    )
    broker.hset(workers.KEY, name, json.dumps({**{field: getattr(worker, field) for field in worker.__annotations__}}))


def set_mode(client: Client, mode: str) -> int:
    return client.post(reverse("control-set"), {"mode": mode}).status_code


def test_the_page_shows_who_trains_who_waits_and_what_carries_them(
    client_for: ClientFor,
    administrator: User,
    learner: User,
    other_learner: User,
    redis_empty: redis.Redis,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    heard(redis_empty, "train@one")
    heard(redis_empty, "train@two", ago_s=60)
    now = timezone.now()
    make_run(learner, state=State.RUNNING, started_at=now, claimed_at=now, step=20, steps=40, trained_s=2.0)
    make_run(other_learner)
    make_run(learner, state=State.DIVERGED, finished_at=now, started_at=now, queued_at=now - timedelta(seconds=7))
    client = client_for(administrator, language="en")
    with django_assert_max_num_queries(15):
        text = client.get(reverse("control")).content.decode()
    for words in ("train@one", "train@two", "silent", "of 2 slots", "Sam Rivera", "diverged", "10.0", "7.0 s"):
        assert words in text, words


def test_only_administrators_see_it_and_give_orders(client_for: ClientFor, learner: User, author: User) -> None:
    for user in (learner, author):
        client = client_for(user)
        assert client.get(reverse("control")).status_code == 403
        assert client.get(reverse("control-status")).status_code == 403
        assert set_mode(client, Mode.PAUSED) == 403
    assert Client().get(reverse("control")).status_code == 302
    assert not ControlAction.objects.exists()


def test_a_paused_queue_gives_nothing_until_it_is_opened(
    client_for: ClientFor, administrator: User, learner: User
) -> None:
    run = make_run(learner)
    client = client_for(administrator)
    assert set_mode(client, Mode.PAUSED) == 302
    assert queue.claim() is None
    assert Run.objects.get(pk=run.pk).state == State.QUEUED
    assert set_mode(client, Mode.OPEN) == 302
    assert queue.claim() is not None


def test_each_order_is_kept_once_with_who_gave_it(administrator: User) -> None:
    assert [queue_set(by=administrator, mode=mode) for mode in ("open", "drained", "drained", "open")] == [
        False,
        True,
        False,
        True,
    ]
    kept = list(ControlAction.objects.values_list("mode", "by"))
    assert kept == [("open", administrator.pk), ("drained", administrator.pk)]
    assert mode_now() == Mode.OPEN
    with pytest.raises(UserError):
        queue_set(by=administrator, mode="closed")


def test_learners_read_that_the_queue_is_paused_in_place_of_a_time(
    client_for: ClientFor, administrator: User, learner: User
) -> None:
    run = make_run(learner)
    client = client_for(learner, language="en")
    assert "is done in about" in client.get(reverse("run-status", args=[run.pk])).content.decode()
    queue_set(by=administrator, mode=Mode.PAUSED)
    assert selectors.queue_place(run) == {"ahead": 0, "wait_seconds": None, "done_seconds": None, "paused": True}
    assert "paused by an administrator" in client.get(reverse("run-status", args=[run.pk])).content.decode()
    assert "paused by an administrator" in client.get(reverse("lab", args=["training"])).content.decode()


def test_slots_are_those_of_living_training_workers(redis_empty: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "READ_S", 0.0)
    assert workers.training_slots() >= 1, "what is set, before a worker has been heard"
    heard(redis_empty, "train@one", slots=3)
    heard(redis_empty, "train@two", slots=4)
    heard(redis_empty, "train@three", slots=5, ago_s=60)
    assert workers.training_slots() == 7
