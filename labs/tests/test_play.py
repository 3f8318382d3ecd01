"""A finished model writes, in a real process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from labs import children, play, runner, writing
from labs.models import Generation, LabRecord, Run
from labs.tests.factories import make_finished, make_run
from portal.accounts.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_empty")]


@pytest.fixture
def trained(learner: User, tmp_path: Any, settings: Settings) -> Iterator[Run]:
    settings.VAR_DIR = tmp_path
    run = make_run(learner)
    runner.work()
    yield run
    children.nursery.stop()


def write(run: Run, **values: Any) -> Generation:
    item = Generation.objects.create(run=run, **{"prompt": "The ", "temperature": 0.8, "max_tokens": 30} | values)
    play.generate(item.pk)
    item.refresh_from_db()
    return item


def test_a_text_is_written_and_the_same_request_gives_the_same(trained: Run) -> None:
    first, second, other = write(trained), write(trained), write(trained, seed=2)
    assert (first.state, first.error) == ("done", "")
    assert len(first.text) == 30
    assert first.text == second.text != other.text
    assert first.seconds is not None


def test_three_temperatures_reach_the_labs_goal(trained: Run) -> None:
    for temperature in (0.0, 1.0):
        write(trained, temperature=temperature)
    assert not LabRecord.objects.filter(lab="generation", reached_at__isnull=False).exists()
    write(trained, temperature=2.0)
    record = LabRecord.objects.get(lab="generation")
    assert record.best == {"temperatures": 3}
    assert record.reached_at is not None


def test_a_second_message_writes_nothing_anew(trained: Run) -> None:
    item = write(trained)
    play.generate(item.pk)
    assert Generation.objects.get(pk=item.pk).finished_at == item.finished_at


def test_a_text_that_is_being_written_is_not_claimed_again(learner: User) -> None:
    now = timezone.now()
    item = Generation.objects.create(
        run=make_finished(learner), prompt="a", temperature=1, state="writing", claimed_at=now
    )
    play.generate(item.pk)
    item.refresh_from_db()
    assert (item.state, item.claimed_at) == ("writing", now)


def test_only_the_worker_that_claimed_a_text_ends_it(learner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    item = Generation.objects.create(run=make_finished(learner), prompt="a", temperature=1)

    def slow(*_: Any) -> writing.Outcome:
        Generation.objects.update(claimed_at=timezone.now() + timedelta(seconds=1))  # another worker has it by now
        return writing.Outcome(text="late")

    monkeypatch.setattr(writing, "write", slow)
    play.generate(item.pk)
    item.refresh_from_db()
    assert (item.state, item.text) == ("writing", "")


def test_a_worker_that_is_being_stopped_gives_its_text_back(learner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    item = Generation.objects.create(run=make_finished(learner), prompt="a", temperature=1)
    monkeypatch.setattr(writing, "write", lambda *_: writing.Outcome(text="half", error="interrupted"))
    play.generate(item.pk)
    item.refresh_from_db()
    assert (item.state, item.claimed_at, item.text) == ("waiting", None, "")


def test_a_model_that_is_not_there_fails_by_name(learner: User, tmp_path: Any, settings: Settings) -> None:
    settings.VAR_DIR = tmp_path
    item = write(make_finished(learner))
    children.nursery.stop()
    assert (item.state, item.error) == ("failed", "failed")


def test_texts_of_lost_workers_are_asked_for_again_and_then_given_up(learner: User) -> None:
    run = make_finished(learner)
    fresh, waiting, lost = (Generation.objects.create(run=run, prompt="a", temperature=1) for _ in range(3))
    Generation.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(seconds=30))
    Generation.objects.filter(pk=lost.pk).update(created_at=timezone.now() - timedelta(seconds=300))
    play.expire()
    assert play.forgotten() == [waiting.pk]
    Generation.objects.filter(pk=waiting.pk).update(state="writing", claimed_at=timezone.now())
    assert play.forgotten() == [], "one that is being written is not asked for again"
    Generation.objects.filter(pk=waiting.pk).update(claimed_at=timezone.now() - timedelta(seconds=40))
    play.expire()
    assert play.forgotten() == [waiting.pk], "its worker is gone"
    assert Generation.objects.get(pk=lost.pk).error == "worker_lost"
    assert Generation.objects.get(pk=fresh.pk).state == "waiting"
