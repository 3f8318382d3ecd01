"""Submit, cancel, upload: checked whole, idempotent, within quotas, one's own only."""

from __future__ import annotations

import math
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.http import Http404
from django.utils import translation
from pytest_django.fixtures import Settings

from labs import services, tasks, uploads
from labs.models import Generation, Run, Upload
from labs.states import State
from labs.tests.factories import make_finished, make_run
from portal.accounts.models import User
from portal.lib.errors import UserError

pytestmark = pytest.mark.django_db

TEXT = ("The quick brown fox jumps over the lazy dog. " * 40).encode()


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Any, settings: Settings) -> None:
    settings.VAR_DIR = tmp_path


def submit(owner: User, key: str = "k", **values: Any) -> Run:
    return services.run_submit(owner=owner, lab="training", values=values, idempotency_key=key)


def refused(call: Any, *args: Any, **values: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        call(*args, **values)
    return caught.value


def test_a_submitted_run_waits_with_its_whole_recipe(learner: User) -> None:
    run = submit(learner, n_layers="3")
    assert run.state == State.QUEUED
    assert run.spec["n_layers"] == 3
    assert run.spec["d_model"] == 64
    assert run.params > 0
    assert len(run.data_hash) == 64


def test_a_run_wakes_a_worker_after_the_commit(
    learner: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    woken: list[Any] = []
    monkeypatch.setattr(tasks.work, "apply_async", lambda *args, **kwargs: woken.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        submit(learner)
        assert woken == []
    assert len(woken) == 1


def test_without_redis_the_run_is_queued_all_the_same(
    learner: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(tasks.work, "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        submit(learner)
    assert Run.objects.queued().count() == 1


def test_every_wrong_field_is_named_and_nothing_is_queued(learner: User) -> None:
    wrong = {
        "corpus": "nowhere",
        "tokenizer": "letters",
        "vocab_size": 7,
        "n_layers": "many",
        "d_model": 1000,
        "n_heads": 0,
        "context": 1.5,
        "batch": -1,
        "optimizer": "hope",
        "learning_rate": "nan",
        "schedule": "",
        "warmup": 10**9,
        "clip": -1,
        "weight_decay": 2,
        "dropout": 1,
        "tokens": "1e99",
        "seed": -5,
        "prompts": [],
        "colour": "red",
    }
    error = refused(submit, learner, **wrong)
    assert error.status == 422
    assert set(error.fields) == set(wrong)
    assert all(str(text) for text in error.fields.values())
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("options", {"options": {"depth": 1}}),
        ("options", {"corpus": "copy", "task": "sequence", "options": {"length": 10**6}}),
        ("tied", {"corpus": "reviews", "task": "classify", "tied": True}),
        ("base", {"base": "sha256:" + 64 * "0"}),
        ("base", {"tuning": "full"}),
        ("tied", {"tuning": "frozen", "tied": True, "base": "sha256:" + 64 * "0"}),
        ("tuning", {"tuning": "lora", "task": "embed", "family": "skipgram", "base": "sha256:" + 64 * "0"}),
    ],
)
def test_what_does_not_suit_the_rest_of_the_recipe_is_told_in_words(
    learner: User, field: str, wrong: dict[str, Any]
) -> None:
    assert refused(submit, learner, **wrong).fields[field]


@pytest.mark.parametrize("corpus", ["nowhere", "sha256:0", "", "../../etc/passwd"])
def test_an_unknown_text_is_named(learner: User, corpus: str) -> None:
    assert set(refused(submit, learner, corpus=corpus).fields) == {"corpus"}


def test_somebody_elses_upload_is_unknown(learner: User, other_learner: User) -> None:
    upload = services.upload_create(owner=other_learner, name="a.txt", data=TEXT)
    assert set(refused(submit, learner, corpus=upload.corpus).fields) == {"corpus"}
    assert submit(other_learner, corpus=upload.corpus).spec["corpus"] == upload.corpus


def test_threads_are_the_portals_and_not_the_learners(learner: User, settings: Settings) -> None:
    settings.LAB_THREADS = 2
    assert submit(learner, threads=64).spec["threads"] == 2


def test_an_unknown_lab_is_not_found(learner: User) -> None:
    with pytest.raises(Http404):
        services.run_submit(owner=learner, lab="none", values={}, idempotency_key="k")


@pytest.mark.parametrize("prediction", [math.nan, math.inf, -1.0, 0.0, 1000.0])
def test_a_prediction_must_be_a_loss(learner: User, prediction: float) -> None:
    error = refused(
        services.run_submit, owner=learner, lab="training", values={}, prediction=prediction, idempotency_key="k"
    )
    assert set(error.fields) == {"prediction"}


def test_the_same_key_again_is_the_same_run(learner: User, other_learner: User) -> None:
    assert submit(learner, "one").pk == submit(learner, "one").pk
    assert submit(other_learner, "one").owner_id == other_learner.pk
    assert Run.objects.count() == 2


def test_a_key_is_needed(learner: User) -> None:
    assert refused(submit, learner, " ").code == "no_key"


def test_five_runs_may_wait_and_no_sixth(learner: User, other_learner: User) -> None:
    for number in range(5):
        submit(learner, str(number))
    error = refused(submit, learner, "6")
    assert (error.code, error.status) == ("too_many_queued", 429)
    submit(other_learner, "6")


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_cannot_pass_the_quota_together(learner: User, settings: Settings) -> None:
    settings.LAB_MAX_QUEUED = 1
    barrier, outcomes = Barrier(4), list[int | str]()

    def press(number: int) -> None:
        barrier.wait()
        try:
            outcomes.append(submit(learner, str(number)).pk)
        except UserError as error:
            outcomes.append(error.code)
        connection.close()

    threads = [Thread(target=press, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("too_many_queued") == 3
    assert Run.objects.count() == 1


def test_a_waiting_run_is_cancelled_at_once(learner: User) -> None:
    run = services.run_cancel(owner=learner, run_id=make_run(learner).pk)
    assert Run.objects.get(pk=run.pk).state == State.CANCELLED
    assert run.finished_at is not None


def test_a_running_run_is_asked_to_end(learner: User) -> None:
    run = services.run_cancel(owner=learner, run_id=make_run(learner, state=State.RUNNING).pk)
    assert run.state == State.RUNNING
    assert run.cancel_requested_at is not None
    again = services.run_cancel(owner=learner, run_id=run.pk)
    assert again.cancel_requested_at == run.cancel_requested_at


def test_an_ended_run_stays_as_it_is(learner: User) -> None:
    run = make_finished(learner)
    assert services.run_cancel(owner=learner, run_id=run.pk).state == State.FINISHED


def test_somebody_elses_run_is_not_found(learner: User, other_learner: User) -> None:
    run = make_run(other_learner)
    with pytest.raises(Http404):
        services.run_cancel(owner=learner, run_id=run.pk)
    assert Run.objects.get(pk=run.pk).state == State.QUEUED


def test_an_upload_is_kept_under_its_hash_once(learner: User) -> None:
    first = services.upload_create(owner=learner, name="fox.txt", data=b"\xef\xbb\xbf" + TEXT.replace(b". ", b".\r\n"))
    second = services.upload_create(owner=learner, name="copy.txt", data=TEXT.replace(b". ", b".\n"))
    assert first.pk == second.pk
    assert uploads.path_of(first.corpus).read_text() == TEXT.replace(b". ", b".\n").decode()


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"short", "5 bytes"),
        (b"x" * (5 * 2**20 + 1), "at most"),
        (TEXT + b"\0", "zero byte"),
        (TEXT + b"\xff\xfe", "UTF-8"),
        (b"ab" * 2000, "different characters"),
    ],
)
def test_an_upload_that_cannot_be_used_is_refused_with_the_reason(learner: User, data: bytes, word: str) -> None:
    with translation.override("en"):
        error = refused(services.upload_create, owner=learner, name="a.txt", data=data)
        assert word in str(error.fields["file"])
    assert error.code == "upload_refused"
    assert not Upload.objects.exists()


def test_a_missing_csv_column_names_those_that_are_there(learner: User) -> None:
    data = b"title,body\n" + b"\n".join(b"%d,%s" % (n, TEXT[:45]) for n in range(60))
    error = refused(services.upload_create, owner=learner, name="a.csv", data=data, column="text")
    assert "title, body" in str(error.fields["column"])
    assert services.upload_create(owner=learner, name="a.csv", data=data, column="body").characters > 1000


def test_uploads_have_a_quota(learner: User, settings: Settings) -> None:
    settings.LAB_UPLOADS_PER_PERSON = 1
    services.upload_create(owner=learner, name="a.txt", data=TEXT)
    error = refused(services.upload_create, owner=learner, name="b.txt", data=TEXT + b"more")
    assert error.code == "too_many_uploads"


def test_a_deleted_upload_takes_its_file_along_when_nobody_else_has_it(learner: User, other_learner: User) -> None:
    mine = services.upload_create(owner=learner, name="a.txt", data=TEXT)
    theirs = services.upload_create(owner=other_learner, name="a.txt", data=TEXT)
    with pytest.raises(Http404):
        services.upload_delete(owner=learner, upload_id=theirs.pk)
    services.upload_delete(owner=learner, upload_id=mine.pk)
    assert uploads.path_of(theirs.corpus).exists()
    services.upload_delete(owner=other_learner, upload_id=theirs.pk)
    assert not uploads.path_of(theirs.corpus).exists()


def test_a_text_in_use_by_a_waiting_run_stays(learner: User) -> None:
    upload = services.upload_create(owner=learner, name="a.txt", data=TEXT)
    submit(learner, corpus=upload.corpus)
    assert refused(services.upload_delete, owner=learner, upload_id=upload.pk).code == "upload_in_use"


def generation(owner: User, run: Run, **values: Any) -> Generation:
    return services.generation_create(owner=owner, run_id=run.pk, values={"prompt": "The "} | values)


def test_only_a_finished_run_can_be_played_with(learner: User) -> None:
    assert refused(generation, learner, make_run(learner)).code == "no_model"


def test_only_ones_own_model_can_be_played_with(learner: User, other_learner: User) -> None:
    with pytest.raises(Http404):
        generation(learner, make_finished(other_learner))


def test_every_wrong_value_of_a_request_is_named(learner: User) -> None:
    wrong = {"prompt": "", "temperature": "hot", "top_k": 1.5, "top_p": 0, "max_tokens": 10_000, "seed": "inf"}
    error = refused(generation, learner, make_finished(learner), **wrong)
    assert set(error.fields) == set(wrong)
    assert not Generation.objects.exists()


def test_a_request_for_a_text_waits(learner: User) -> None:
    item = generation(learner, make_finished(learner), temperature="0", top_k="40")
    assert (item.state, item.temperature, item.top_k, item.max_tokens) == ("waiting", 0.0, 40, 200)
