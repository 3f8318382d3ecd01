"""Requests to deployments: who may ask, how it is counted, and the limits, each enforced in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from labs.deploy.models import Completion, Deployment, today
from labs.deploy.services import (
    QUEUE,
    RefusedError,
    completion_cancel,
    completion_create,
    deployment_open,
    deployment_revoke,
)
from labs.deploy.states import DEPLOYMENT_MOVES, OPEN, REQUEST_MOVES, Asked, Deployed
from labs.deploy.tests.factories import OPTIONS, key_of, make_deployment, make_request
from labs.tests.factories import make_finished
from portal.accounts.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_empty")]


@pytest.fixture
def deployment(learner: User) -> Deployment:
    return make_deployment(make_finished(learner))


def ask(deployment: Deployment) -> Completion:
    return completion_create(deployment=deployment, prompt="The ", options=OPTIONS)


def refused(call: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(RefusedError) as caught:
        call()
    return caught.value.status, caught.value.code


def end_all(state: Asked = Asked.DONE) -> None:
    Completion.objects.update(state=state, ended_at=timezone.now())


def test_a_key_opens_its_deployment(deployment: Deployment, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        assert deployment_open(key=key_of(deployment)) == deployment


@pytest.mark.parametrize("key", ["", "grd-nothing", "\udce4", "x" * 100_000])
def test_a_wrong_key_opens_nothing(deployment: Deployment, key: str) -> None:
    assert refused(lambda: deployment_open(key=key)) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"state": Deployed.REVOKED}, (403, "key_revoked")),
        ({"state": Deployed.EXPIRED}, (403, "key_expired")),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, (403, "key_expired")),
        ({"state": Deployed.GONE}, (404, "model_gone")),
        ({"state": Deployed.ACTIVE, "run": None}, (404, "model_gone")),
    ],
)
def test_what_has_ended_is_refused_by_name_also_between_opening_and_asking(
    deployment: Deployment, changes: dict[str, Any], answer: tuple[int, str]
) -> None:
    opened = deployment_open(key=key_of(deployment))
    Deployment.objects.update(**changes)
    assert refused(lambda: deployment_open(key=key_of(deployment))) == answer
    if "run" not in changes:
        assert refused(lambda: ask(opened)) == answer
        assert not Completion.objects.exists()


def test_a_key_dies_with_its_owners_account(deployment: Deployment, learner: User) -> None:
    User.objects.filter(pk=learner.pk).update(is_active=False)
    assert refused(lambda: deployment_open(key=key_of(deployment))) == (403, "key_revoked")


def test_deleting_the_run_ends_its_deployments_by_name(deployment: Deployment) -> None:
    assert deployment.run is not None
    deployment.run.delete()
    deployment.refresh_from_db()
    assert (deployment.state, deployment.run_id) == (Deployed.GONE, None)
    assert deployment.ended_at is not None
    assert refused(lambda: deployment_open(key=key_of(deployment))) == (404, "model_gone")


def test_a_request_is_counted_with_its_row(
    deployment: Deployment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(6):  # four, BEGIN and COMMIT
        completion = ask(deployment)
    deployment.refresh_from_db()
    assert (completion.state, completion.prompt) == (Asked.WAITING, "The ")
    assert (deployment.requests_today, deployment.requests_total, deployment.used_on) == (1, 1, today())
    assert deployment.last_used_at is not None


def test_a_new_day_counts_anew(deployment: Deployment) -> None:
    Deployment.objects.update(
        used_on=today() - timedelta(days=1), requests_today=100, tokens_today=10_000, requests_total=100
    )
    ask(deployment)
    deployment.refresh_from_db()
    assert (deployment.requests_today, deployment.tokens_today, deployment.requests_total) == (1, 0, 101)


@pytest.mark.parametrize(
    ("used", "code"), [({"requests_today": 100}, "requests_used_up"), ({"tokens_today": 10_000}, "tokens_used_up")]
)
def test_a_used_up_day_says_when_the_next_begins(deployment: Deployment, used: dict[str, int], code: str) -> None:
    Deployment.objects.update(used_on=today(), **used)
    with pytest.raises(RefusedError) as caught:
        ask(deployment)
    assert (caught.value.status, caught.value.code) == (429, code)
    assert 0 < (caught.value.retry_after_s or 0) <= 86_400
    deployment.refresh_from_db()
    assert deployment.requests_total == 0, "what is refused does not count"


def test_a_short_queue_and_no_more(deployment: Deployment) -> None:
    for _ in range(QUEUE + 1):
        ask(deployment)
    assert refused(lambda: ask(deployment)) == (429, "queue_full")
    deployment.refresh_from_db()
    assert deployment.requests_total == QUEUE + 1
    end_all()
    ask(deployment)


def test_of_two_requests_at_once_one_gets_the_last_place(deployment: Deployment) -> None:
    Deployment.objects.update(requests_per_day=1)
    deployment.refresh_from_db()
    results: list[str] = []
    ready = threading.Barrier(4)

    def call() -> None:
        ready.wait()
        try:
            ask(deployment)
            results.append("taken")
        except RefusedError as error:
            results.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["requests_used_up"] * 3 + ["taken"]
    assert Completion.objects.count() == 1


def test_a_waiting_request_whose_client_left_ends_and_still_counts(deployment: Deployment) -> None:
    completion = ask(deployment)
    completion_cancel(completion_id=completion.pk)
    completion_cancel(completion_id=completion.pk, refund=True)
    completion.refresh_from_db()
    deployment.refresh_from_db()
    assert (completion.state, completion.prompt) == (Asked.CANCELLED, "")
    assert deployment.requests_today == 1


def test_a_request_that_no_worker_took_does_not_count(deployment: Deployment) -> None:
    completion = ask(deployment)
    completion_cancel(completion_id=completion.pk, refund=True)
    deployment.refresh_from_db()
    assert (deployment.requests_today, deployment.requests_total) == (0, 0)


def test_a_request_that_is_being_written_is_asked_to_end(deployment: Deployment) -> None:
    completion = make_request(deployment, state=Asked.WRITING, claimed_at=timezone.now())
    completion_cancel(completion_id=completion.pk)
    completion.refresh_from_db()
    assert (completion.state, completion.cancel_requested_at is None) == (Asked.WRITING, False)


def test_revoking_takes_all_requests_along(deployment: Deployment) -> None:
    writing = make_request(deployment, state=Asked.WRITING, claimed_at=timezone.now())
    waiting, done = make_request(deployment), make_request(deployment, state=Asked.DONE)
    deployment_revoke(owner=deployment.owner, deployment_id=deployment.pk)
    for row in (writing, waiting, done):
        row.refresh_from_db()
    assert writing.cancel_requested_at is not None
    assert (waiting.state, done.state) == (Asked.CANCELLED, Asked.DONE)


def test_every_move_is_allowed_by_the_table_or_refused(deployment: Deployment) -> None:
    for state in Deployed:
        for to in Deployed:
            Deployment.objects.update(state=state)
            deployment.refresh_from_db()
            if to in DEPLOYMENT_MOVES[state]:
                assert deployment.move(to)
            else:
                with pytest.raises(ValueError, match="cannot go"):
                    deployment.move(to)
    completion = make_request(deployment)
    for state_of_request in Asked:
        for next_state in Asked:
            Completion.objects.update(state=state_of_request)
            completion.refresh_from_db()
            if next_state in REQUEST_MOVES[state_of_request]:
                assert completion.move(next_state)
            else:
                with pytest.raises(ValueError, match="cannot go"):
                    completion.move(next_state)
    assert {state for state in Asked if REQUEST_MOVES[state]} == set(OPEN)


def test_a_move_from_a_state_that_was_left_changes_nothing(deployment: Deployment) -> None:
    Deployment.objects.update(state=Deployed.REVOKED)
    assert not deployment.move(Deployed.EXPIRED)
    deployment.refresh_from_db()
    assert deployment.state == Deployed.REVOKED


def test_the_database_allows_one_writing_request_a_deployment(deployment: Deployment) -> None:
    make_request(deployment, state=Asked.WRITING)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_request(deployment).move(Asked.WRITING, claimed_at=timezone.now())
