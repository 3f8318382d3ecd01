"""What was asked of a deployment is written once, counted once, and ended whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from labs import children, runner, writing
from labs.deploy import writer
from labs.deploy.models import Completion, Deployment, today
from labs.deploy.pieces import decode, key
from labs.deploy.states import Asked, Deployed
from labs.deploy.tests.factories import OPTIONS, make_deployment, make_request
from labs.models import LabRecord
from labs.tests.factories import make_finished, make_run
from portal.accounts.models import User

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def deployment(learner: User, tmp_path: Any, settings: Settings, redis_empty: redis.Redis) -> Iterator[Deployment]:
    """Of a model that a real process has trained."""
    settings.VAR_DIR = tmp_path
    run = make_run(learner)
    runner.work()
    run.refresh_from_db()
    yield make_deployment(run, used_on=today())
    children.nursery.stop()


@pytest.fixture
def bare(learner: User, redis_empty: redis.Redis) -> Deployment:
    """Of a run without files."""
    return make_deployment(make_finished(learner), used_on=today())


def said(client: redis.Redis, completion: Completion) -> list[dict[str, Any]]:
    entries: Any = client.xrange(key(completion.pk))
    return [decode(fields) for _, fields in entries]


def test_a_request_is_written_streamed_and_counted(deployment: Deployment, redis_empty: redis.Redis) -> None:
    completion = make_request(deployment)
    assert writer.work(deployment.pk) is False
    completion.refresh_from_db()
    deployment.refresh_from_db()
    assert (completion.state, completion.prompt_tokens, completion.tokens) == (Asked.DONE, 4, 20)
    assert completion.prompt == "", "nobody keeps what programs send"
    assert (deployment.tokens_today, deployment.tokens_total) == (24, 24)
    first, *pieces, last = said(redis_empty, completion)
    assert first == {"kind": "claimed"}
    assert len("".join(piece["text"] for piece in pieces)) == 20
    assert last == {"kind": "end", "finish": "length", "prompt_tokens": 4, "tokens": 20}
    left: Any = redis_empty.ttl(key(completion.pk))
    assert 0 < left <= 180


@pytest.mark.slow
@pytest.mark.parametrize("task", ["pairs", "stories-qa"])
def test_a_model_of_pairs_answers_its_source(learner: User, tmp_path: Any, settings: Settings, task: str) -> None:
    settings.VAR_DIR = tmp_path
    spec = {"tokenizer": "words", "tokens": 4000, "task": "sequence", "examples": 200, "context": 24}
    if task == "pairs":
        spec |= {"family": "seq2seq", "corpus": "translation"}
    else:
        spec |= {"corpus": "stories-qa", "context": 96, "tokens": 8000}
    run = make_run(learner, spec=spec)
    runner.work()
    run.refresh_from_db()
    deployment = make_deployment(run, used_on=today())
    prompt = "next monday" if task == "pairs" else "Mary went to the garden . Where is Mary ?"
    first = make_request(deployment, prompt=prompt, options=OPTIONS | {"temperature": 0.0, "top_p": 0.0})
    writer.work(deployment.pk)
    first.refresh_from_db()
    assert (first.state, first.error) == (Asked.DONE, "")
    assert 0 < first.tokens <= 20
    assert first.prompt_tokens > 0
    children.nursery.stop()


def test_a_model_file_that_is_not_ours_is_never_opened(deployment: Deployment, redis_empty: redis.Redis) -> None:
    assert deployment.run is not None
    weights = runner.run_dir(deployment.run) / "model" / "weights.safetensors"
    weights.write_bytes(b"\0" * 100)
    completion = make_request(deployment)
    writer.work(deployment.pk)
    completion.refresh_from_db()
    assert (completion.state, completion.error) == (Asked.FAILED, "changed_model")
    assert said(redis_empty, completion)[-1] == {"kind": "failed", "error": "changed_model"}


def test_one_is_written_a_message_and_the_rest_is_reported(deployment: Deployment) -> None:
    older, newer = make_request(deployment), make_request(deployment)
    assert writer.work(deployment.pk) is True
    older.refresh_from_db()
    newer.refresh_from_db()
    assert (older.state, newer.state) == (Asked.DONE, Asked.WAITING)
    assert writer.work(deployment.pk) is False
    assert writer.work(deployment.pk) is False, "a message too many does nothing"


def test_three_calls_are_recorded_for_the_labs_second_goal(deployment: Deployment, learner: User) -> None:
    LabRecord.objects.create(user=learner, lab="generation", best={"temperatures": 2})
    for _ in range(4):
        make_request(deployment)
        writer.work(deployment.pk)
    assert LabRecord.objects.get(lab="generation").best == {"temperatures": 2, "calls": 3}


def test_while_one_is_written_no_other_is_claimed(bare: Deployment) -> None:
    make_request(bare, state=Asked.WRITING, claimed_at=timezone.now())
    make_request(bare)
    assert writer.claim(bare.pk) is None


def test_a_request_nobody_wants_any_more_ends_early(
    deployment: Deployment, redis_empty: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "LOOK_S", 0.0)
    completion = make_request(deployment, cancel_requested_at=timezone.now())
    writer.work(deployment.pk)
    completion.refresh_from_db()
    assert completion.state in (Asked.CANCELLED, Asked.DONE), "it may have been done before anybody looked"
    Completion.objects.filter(pk=completion.pk).update(state=Asked.WRITING, claimed_at=timezone.now())
    completion.refresh_from_db()
    assert writer.finish(completion, writing.Outcome(error="cancelled", prompt_tokens=4, tokens=2))
    completion.refresh_from_db()
    assert (completion.state, completion.error) == (Asked.CANCELLED, "cancelled")


def test_only_the_worker_that_claimed_a_request_ends_it(bare: Deployment) -> None:
    make_request(bare)
    mine = writer.claim(bare.pk)
    assert mine is not None
    Completion.objects.update(claimed_at=timezone.now() + timedelta(seconds=1))
    assert not writer.finish(mine, writing.Outcome(tokens=9))
    bare.refresh_from_db()
    assert (Completion.objects.get().state, bare.tokens_total) == (Asked.WRITING, 0)


def test_a_text_that_met_its_time_limit_is_one_that_was_cut_short(bare: Deployment) -> None:
    make_request(bare)
    mine = writer.claim(bare.pk)
    assert mine is not None
    assert writer.finish(mine, writing.Outcome(error="out_of_time", prompt_tokens=1, tokens=9))
    assert Completion.objects.get().state == Asked.DONE


def test_a_model_whose_files_are_gone_ends_its_deployment_by_name(bare: Deployment, redis_empty: redis.Redis) -> None:
    completion = make_request(bare)
    writer.work(bare.pk)
    bare.refresh_from_db()
    assert bare.state == Deployed.GONE
    assert said(redis_empty, completion)[-1] == {"kind": "failed", "error": "model_gone"}


def test_what_nobody_will_end_is_ended(
    bare: Deployment, redis_empty: redis.Redis, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    lost = make_request(bare, state=Asked.WRITING, claimed_at=now - timedelta(seconds=60))
    late, fresh, old = make_request(bare), make_request(bare), make_request(bare, state=Asked.DONE)
    Completion.objects.filter(pk=late.pk).update(created_at=now - timedelta(seconds=200))
    Completion.objects.filter(pk=old.pk).update(ended_at=now - timedelta(days=2))
    Deployment.objects.update(expires_at=now)
    writer.expire()
    states = dict(Completion.objects.values_list("pk", "state"))
    assert states == {lost.pk: Asked.FAILED, late.pk: Asked.FAILED, fresh.pk: Asked.WAITING}
    assert said(redis_empty, lost) == [{"kind": "failed", "error": "worker_lost"}]
    bare.refresh_from_db()
    assert (bare.state, bare.ended_at) == (Deployed.EXPIRED, bare.expires_at)
    with django_assert_num_queries(6):  # four, BEGIN and COMMIT
        writer.expire()


def test_forgotten_requests_are_found_unless_one_is_being_written(bare: Deployment, learner: User) -> None:
    busy = make_deployment(make_finished(learner))
    for deployment in (bare, bare, busy):
        make_request(deployment)
    make_request(busy, state=Asked.WRITING, claimed_at=timezone.now())
    assert writer.forgotten() == []
    Completion.objects.update(created_at=timezone.now() - timedelta(seconds=30))
    assert writer.forgotten() == [bare.pk]
