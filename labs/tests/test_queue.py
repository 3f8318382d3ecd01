"""Claims are fair and fenced; runs of lost workers come back."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from labs import queue, selectors, services
from labs.models import Run
from labs.states import State
from labs.tests.factories import make_run
from portal.accounts.models import User


def claim_all() -> list[int]:
    """Owners in the order in which their runs are claimed, each run ending at once."""
    owners = []
    while run := queue.claim():
        owners.append(run.owner_id)
        run.move(State.FINISHED)
    return owners


@pytest.mark.django_db
def test_an_empty_queue_gives_nothing() -> None:
    assert queue.claim() is None


@pytest.mark.django_db
def test_a_claim_raises_fence_and_attempt_and_takes_a_lease(learner: User) -> None:
    run = make_run(learner, fence=3, attempt=1)
    claimed = queue.claim()
    assert claimed is not None
    stored = Run.objects.get(pk=run.pk)
    assert (stored.state, stored.fence, stored.attempt) == (State.RUNNING, 4, 2)
    assert stored.lease_until is not None
    assert stored.lease_until > timezone.now()


@pytest.mark.django_db
def test_people_take_turns_however_many_runs_one_has_queued(learner: User, other_learner: User) -> None:
    for _ in range(4):
        make_run(learner)
    make_run(other_learner)
    a, b = learner.pk, other_learner.pk
    assert claim_all() == [a, b, a, a, a]


@pytest.mark.django_db
def test_nobody_gets_more_than_their_share_at_once(learner: User, other_learner: User, settings: Settings) -> None:
    settings.LAB_MAX_RUNNING = 1
    make_run(learner)
    make_run(learner)
    assert queue.claim() is not None
    assert queue.claim() is None
    make_run(other_learner)
    claimed = queue.claim()
    assert claimed is not None
    assert claimed.owner_id == other_learner.pk


@pytest.mark.django_db
def test_of_ones_own_runs_the_oldest_comes_first(learner: User) -> None:
    first, second = make_run(learner), make_run(learner)
    claimed = queue.claim()
    assert claimed is not None
    assert claimed.pk == first.pk < second.pk


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_claim_the_same_run(learner: User, other_learner: User, settings: Settings) -> None:
    settings.LAB_MAX_RUNNING = 10
    for _ in range(6):
        make_run(learner)
        make_run(other_learner)
    barrier, claimed = Barrier(4), []

    def worker() -> None:
        barrier.wait()
        while run := queue.claim():
            claimed.append(run.pk)
        connection.close()

    threads = [Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 12


@pytest.mark.django_db
def test_a_lease_is_renewed_only_by_its_holder(learner: User) -> None:
    make_run(learner)
    run = queue.claim()
    assert run is not None
    assert queue.renew(run)
    Run.objects.update(fence=run.fence + 1)
    assert not queue.renew(run)


@pytest.mark.django_db
def test_an_expired_lease_returns_the_run_to_its_old_place(learner: User) -> None:
    run = make_run(learner, state=State.RUNNING, fence=1, attempt=1, lease_until=timezone.now() - timedelta(seconds=1))
    assert queue.reap() == []
    stored = Run.objects.get(pk=run.pk)
    assert (stored.state, stored.attempt, stored.queued_at) == (State.QUEUED, 1, run.queued_at)
    assert queue.reap() == []


@pytest.mark.django_db
def test_a_live_lease_is_left_alone(learner: User) -> None:
    make_run(learner, state=State.RUNNING, fence=1, attempt=1, lease_until=timezone.now() + timedelta(seconds=9))
    queue.reap()
    assert Run.objects.running().count() == 1


@pytest.mark.django_db
def test_after_four_attempts_the_run_ends_as_worker_lost(learner: User) -> None:
    make_run(learner, state=State.RUNNING, fence=4, attempt=4, lease_until=timezone.now() - timedelta(seconds=1))
    (ended,) = queue.reap()
    assert Run.objects.get(pk=ended.pk).state == State.WORKER_LOST
    assert ended.finished_at is not None


@pytest.mark.django_db
def test_a_cancelled_run_whose_worker_was_lost_ends_as_cancelled(learner: User) -> None:
    now = timezone.now()
    make_run(learner, state=State.RUNNING, attempt=1, lease_until=now - timedelta(seconds=1), cancel_requested_at=now)
    (ended,) = queue.reap()
    assert ended.state == State.CANCELLED


@pytest.mark.django_db
def test_a_drained_run_keeps_its_attempts(learner: User) -> None:
    make_run(learner)
    run = queue.claim()
    assert run is not None
    assert queue.give_back(run, counted=False)
    assert Run.objects.get(pk=run.pk).attempt == 0


@pytest.mark.django_db
def test_a_cancel_is_kept_when_the_run_goes_back_to_the_queue_meanwhile(
    learner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(learner)
    claimed = queue.claim()
    assert claimed is not None
    seen = Run.objects.get(pk=claimed.pk)
    assert queue.give_back(claimed, counted=False)
    monkeypatch.setattr(selectors, "run_get", lambda user, run_id: seen)  # what the page saw before
    services.run_cancel(owner=learner, run_id=claimed.pk)
    assert Run.objects.get(pk=claimed.pk).state == State.CANCELLED


@pytest.mark.django_db
def test_a_run_given_back_after_a_cancel_is_never_claimed_and_ends(learner: User) -> None:
    run = make_run(learner, cancel_requested_at=timezone.now())
    assert queue.claim() is None
    assert [ended.pk for ended in queue.reap()] == [run.pk]
    assert Run.objects.get(pk=run.pk).state == State.CANCELLED
    assert queue.reap() == []
