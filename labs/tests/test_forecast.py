"""When a run is said to be taken up and done, against rules and against a real queue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from labs import children, costs, forecast, line, runner
from labs.forecast import Job, Place, play_forward
from labs.line import Entry
from labs.models import Run
from labs.tests.factories import make_run
from portal.accounts.models import User
from trainer.spec import RunSpec

NOW = 1000.0
C = forecast.CHANGE_S


def waiting(pk: int, rest_s: float, *, owner: int = 0, start_s: float = 0.0, turn_at: float | None = None) -> Job:
    entry = Entry(pk=pk, owner=owner or pk, running=False, queued_at=NOW - 100 + pk, turn_at=turn_at)
    return Job(entry=entry, rest_s=rest_s, start_s=start_s)


def running(pk: int, rest_s: float, *, used_s: float = 0.0) -> Job:
    entry = Entry(pk=pk, owner=pk, running=True, queued_at=NOW - 100, turn_at=NOW - 50, claimed_at=NOW - 50)
    return Job(entry=entry, rest_s=rest_s, start_s=0.0, used_s=used_s, points_at=NOW)


def played(*jobs: Job, slots: int = 1) -> dict[int, Place]:
    return play_forward(jobs, slots=slots, limit=1, turn_s=20.0, now=NOW, last_turns={})


def test_a_lone_run_starts_now_and_takes_its_time() -> None:
    place = played(waiting(1, 10.0, start_s=2.0))[1]
    assert (place.ahead, place.next_s) == (0, 0.0)
    assert place.done_s == pytest.approx(12.0 + C)


def test_newcomers_have_a_slice_each_and_then_end_one_after_the_other() -> None:
    places = played(*(waiting(pk, 10.0) for pk in (1, 2, 3)))
    assert [places[pk].ahead for pk in (1, 2, 3)] == [0, 1, 2]
    slice_s = line.FIRST_SLICE_S + C
    assert [places[pk].next_s for pk in (1, 2, 3)] == pytest.approx([0.0, slice_s, 2 * slice_s])
    assert places[1].done_s < places[2].done_s < places[3].done_s
    assert places[3].done_s == pytest.approx(30.0 + 6 * C)


def test_a_long_run_gives_way_after_its_turn_and_ends_last() -> None:
    places = played(running(1, 60.0), waiting(2, 10.0, turn_at=NOW - 10))
    assert places[2].next_s == pytest.approx(20.0)
    assert places[2].done_s == pytest.approx(30.0 + C)
    assert places[1].done_s == pytest.approx(70.0 + 2 * C)


def test_a_run_near_its_end_is_not_interrupted() -> None:
    assert played(running(1, 25.0), waiting(2, 10.0, turn_at=NOW - 10))[2].next_s == pytest.approx(25.0)


def test_two_slots_halve_the_wait() -> None:
    runs = [waiting(pk, 10.0) for pk in range(1, 9)]
    assert max(place.done_s for place in played(*runs, slots=2).values()) == pytest.approx(40.0, rel=0.1)


def test_a_thousand_runs_are_played_within_a_second() -> None:
    began = time.perf_counter()
    places = played(*(waiting(pk, 10.0) for pk in range(1, 1001)), slots=4)
    assert len(places) == 1000
    assert time.perf_counter() - began < 10, "quadratic"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_empty")
class TestReal:
    """A queue that is carried out."""

    @pytest.fixture(autouse=True)
    def own_folder(self, tmp_path: Any, settings: Settings) -> Iterator[None]:
        settings.VAR_DIR = tmp_path
        settings.LAB_SLOTS = 1
        yield
        children.nursery.stop()

    def test_the_wait_that_is_told_is_the_wait_that_comes(
        self, learner: User, other_learner: User, manager: User
    ) -> None:
        spec = RunSpec.parse({"tokens": 102_400, "d_model": 32, "n_layers": 1})
        expected = costs.load(spec, costs.vocabulary(spec))
        for _ in range(2):  # the pace of this machine in this hour
            make_run(learner, spec=spec.to_dict(), **expected)
            runner.work()
        runs = [make_run(owner, spec=spec.to_dict(), **expected) for owner in (learner, other_learner, manager)]
        told, began = forecast.forecast(), time.time()
        runner.work()
        ends = []
        for run in runs:
            stored = Run.objects.get(pk=run.pk)
            assert stored.finished_at is not None
            ends.append(stored.finished_at.timestamp() - began)
        said = [told[run.pk].done_s for run in runs]
        assert sorted(range(3), key=said.__getitem__) == sorted(range(3), key=ends.__getitem__)
        assert max(said) == pytest.approx(max(ends), rel=0.5), "`./run bench class` measures it on a calm machine"
