"""Graded attempts: who may, how often, once only, and that nothing a browser sends decides a point."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.http import Http404

from labs.assessment import services
from labs.assessment.models import Submission
from labs.assessment.states import STANDING_MOVES, Standing
from labs.assessment.tests.factories import end, make_open, make_source, right_answers
from labs.models import LabRecord, Run
from labs.services import run_cancel
from labs.signals import lab_reached
from labs.states import State
from portal.accounts.models import User
from portal.lib.errors import UserError


def create(owner: Any, source: Run, key: str = "k") -> Submission:
    return services.submission_create(owner=owner, run_id=source.pk, idempotency_key=key)


def refused(act: Callable[[], object]) -> UserError:
    with pytest.raises(UserError) as caught:
        act()
    return caught.value


def test_a_submitted_recipe_is_trained_anew_with_the_servers_seed(learner: User) -> None:
    source = make_source(learner, spec={"seed": 7, "data_seed": 9})
    made = create(learner, source)
    run = made.run
    assert run is not None
    assert (made.attempt, made.state, run.state, run.graded) == (1, Standing.TRAINING, State.QUEUED, True)
    assert run.spec | {"seed": 0, "data_seed": 0} == source.spec | {"seed": 0, "data_seed": 0}
    assert run.spec["data_seed"] == 1
    assert (run.prediction, run.curve, run.replay_of_id) == (2.0, {}, None)
    assert len(made.secret) == 64


def test_the_same_key_again_is_the_same_attempt(learner: User) -> None:
    source = make_source(learner)
    assert create(learner, source) == create(learner, source)
    assert Run.objects.filter(graded=True).count() == 1


def test_somebody_elses_run_and_attempt_do_not_exist(learner: User, other_learner: User) -> None:
    source, attempt = make_source(learner), make_open(learner)
    with pytest.raises(Http404):
        create(other_learner, source)
    with pytest.raises(Http404):
        services.submission_answer(owner=other_learner, submission_id=attempt.pk, answers={})


def test_a_second_attempt_waits_for_the_first_ones_answers(learner: User) -> None:
    source = make_source(learner)
    create(learner, source, "a")
    assert refused(lambda: create(learner, source, "b")).code == "attempt_unfinished"


def test_attempts_are_limited_and_lost_workers_cost_none(learner: User) -> None:
    source = make_source(learner)
    for place, ending in enumerate([State.WORKER_LOST, State.DIVERGED, State.CANCELLED, State.OUT_OF_TIME]):
        made = create(learner, source, f"k{place}")
        assert made.run is not None
        end(made.run, ending)
        made.refresh_from_db()
        assert made.state == Standing.VOID
    error = refused(lambda: create(learner, source, "more"))
    assert (error.code, error.status) == ("no_attempts_left", 409)


def test_an_attempt_cancelled_while_it_waited_is_void_and_counts(learner: User, redis_empty: object) -> None:
    source = make_source(learner)
    made = create(learner, source, "a")
    assert made.run is not None
    run_cancel(owner=learner, run_id=made.run.pk)
    assert create(learner, source, "b").attempt == 2
    made.refresh_from_db()
    assert made.state == Standing.VOID


@pytest.mark.parametrize(
    "spec",
    [
        {"tokens": 1_100_000},
        {"task": "masked", "family": "encoder"},
        {"corpus": "sha256:" + "0" * 64},
    ],
)
def test_a_recipe_beyond_the_labs_conditions_is_refused(learner: User, spec: dict[str, Any]) -> None:
    source = make_source(learner, spec=spec)
    assert refused(lambda: create(learner, source)).code == "not_gradable"


@pytest.mark.parametrize("fields", [{"state": State.DIVERGED}, {"graded": True}])
def test_only_finished_runs_that_are_not_graded_lend_their_recipe(learner: User, fields: dict[str, Any]) -> None:
    source = make_source(learner, **fields)
    assert refused(lambda: create(learner, source)).code == "not_gradable"


def test_right_answers_near_guess_and_full_target_give_nearly_all_points_and_reach_the_lab(learner: User) -> None:
    heard: list[Any] = []

    def hear(**arguments: Any) -> None:
        heard.append(arguments)

    lab_reached.connect(hear)
    attempt = make_open(learner, value=0.5, prediction=3.0)
    done = services.submission_answer(owner=learner, submission_id=attempt.pk, answers=right_answers(attempt))
    lab_reached.disconnect(hear)
    assert done.scores["committed"] == 10
    assert done.scores["target"] == 50
    assert done.scores["questions"] == 30
    assert 0 < done.scores["closeness"] <= 10
    assert done.passed
    assert [(one["user_id"], one["lab"]) for one in heard] == [(learner.pk, "training")]
    record = LabRecord.objects.get(user=learner, lab="training")
    assert record.best["score"] == done.score
    assert record.reached_at


def test_an_attempt_without_prediction_or_right_answers_keeps_its_target(learner: User) -> None:
    attempt = make_open(learner, value=0.25, prediction=None)
    wrong = {str(place): question.get("choices", ["-99"])[0] for place, question in enumerate(attempt.questions)}
    done = services.submission_answer(owner=learner, submission_id=attempt.pk, answers=wrong)
    assert (done.scores["committed"], done.scores["closeness"], done.scores["target"]) == (0, 0, 25)
    assert not done.passed
    assert not LabRecord.objects.filter(user=learner, reached_at__isnull=False).exists()


def test_answers_count_once(learner: User) -> None:
    attempt = make_open(learner)
    first = services.submission_answer(
        owner=learner, submission_id=attempt.pk, answers=dict.fromkeys(right_answers(attempt), "-99")
    )
    again = services.submission_answer(owner=learner, submission_id=attempt.pk, answers=right_answers(attempt))
    assert again.score == first.score
    assert again.graded_at == first.graded_at


def test_missing_answers_name_their_fields_and_grade_nothing(learner: User) -> None:
    attempt = make_open(learner)
    error = refused(
        lambda: services.submission_answer(owner=learner, submission_id=attempt.pk, answers={"0": "much", "9": "1"})
    )
    assert set(error.fields) == {"answer-0", "answer-1", "answer-2"}
    attempt.refresh_from_db()
    assert attempt.state == Standing.OPEN


def test_answers_before_the_end_of_training_are_refused(learner: User) -> None:
    made = create(learner, make_source(learner))
    error = refused(lambda: services.submission_answer(owner=learner, submission_id=made.pk, answers={}))
    assert (error.code, error.status) == ("not_trained", 409)


def test_every_move_that_is_not_allowed_is_refused(learner: User) -> None:
    made = create(learner, make_source(learner))
    for state in Standing:
        for to in Standing:
            made.state = state
            Submission.objects.filter(pk=made.pk).update(state=state)
            if to in STANDING_MOVES[state]:
                assert made.move(to)
            else:
                with pytest.raises(ValueError, match="cannot go"):
                    made.move(to)


@pytest.mark.django_db(transaction=True)
def test_of_two_submissions_at_once_one_attempt_comes(learner: User) -> None:
    source = make_source(learner)

    def press(key: str) -> str:
        try:
            return str(create(learner, source, key).attempt)
        except UserError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(press, ["a", "b", "a", "b"]))
    assert found == ["1", "1", "attempt_unfinished", "attempt_unfinished"]
    assert Submission.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_answers_sent_twice_at_once_are_graded_once(learner: User) -> None:
    attempt = make_open(learner)
    answers = right_answers(attempt)

    def press(_place: int) -> float | None:
        try:
            return services.submission_answer(owner=learner, submission_id=attempt.pk, answers=answers).score
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(press, range(4)))) == 1
    assert LabRecord.objects.get(user=learner, lab="training").best["score"]
