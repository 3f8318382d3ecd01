"""The life of a quiz attempt: started once, saved as given, graded once, with the clock on the server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import Http404
from django.utils import timezone

from courses.models import Answer, Attempt, Chapter, ChapterProgress, Evidence
from courses.quizzes import services
from courses.quizzes.services import Given
from courses.tests.quiz_factories import RIGHT, WRONG, make_chapter, make_quiz, questions
from portal.accounts.models import User
from portal.lib.errors import UserError

pytestmark = pytest.mark.django_db


@pytest.fixture
def chapter(db: None) -> Chapter:
    return make_chapter()


def start(user: User, chapter: Chapter) -> Attempt:
    return services.attempt_start(user=user, chapter=chapter)


def save(attempt: Attempt, question: str, value: Any, sequence: int = 1, *, flagged: bool = False) -> Answer:
    given = Given(value=value, flagged=flagged, sequence=sequence)
    answer, _kept = services.answer_save(user=attempt.user, attempt_id=attempt.pk, question=question, given=given)
    return answer


def submit(attempt: Attempt, answers: dict[str, Any] | None = None, sequence: int = 10) -> Attempt:
    given = {key: Given(value=value, flagged=False, sequence=sequence) for key, value in (answers or {}).items()}
    return services.attempt_submit(user=attempt.user, attempt_id=attempt.pk, answers=given)


def pass_time(attempt: Attempt, seconds: float) -> None:
    """As if `seconds` had passed since the start."""
    for name in ("started_at", "deadline_at"):
        setattr(attempt, name, getattr(attempt, name) - timedelta(seconds=seconds))
    attempt.save()


def test_starting_freezes_questions_order_and_deadline(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    assert sorted(key for key, _ids in attempt.order) == ["many", "one", "sum"]
    assert {key: sorted(ids) for key, ids in attempt.order}["many"] == ["many-a", "many-b", "many-c"]
    assert attempt.deadline_at == attempt.started_at + timedelta(seconds=600)


def test_orders_differ_between_attempts() -> None:
    many = [question | {"id": f"q{place}"} for place, question in enumerate(questions() * 3)]
    assert len({str(services.shuffled(many)) for _ in range(5)}) > 1


def test_starting_again_resumes_the_open_attempt(learner: User, chapter: Chapter) -> None:
    assert start(learner, chapter) == start(learner, chapter)


def test_a_quiz_without_limits_has_no_deadline_and_no_last_attempt(learner: User, db: None) -> None:
    chapter = make_chapter(time_limit_s=0, max_attempts=0)
    for number in range(1, 6):
        attempt = start(learner, chapter)
        assert (attempt.number, attempt.deadline_at) == (number, None)
        submit(attempt)


def test_no_more_attempts_than_allowed_unless_a_manager_adds_one(learner: User, chapter: Chapter) -> None:
    for _ in range(3):
        submit(start(learner, chapter))
    with pytest.raises(UserError) as refused:
        start(learner, chapter)
    assert refused.value.code == "no_attempt_left"
    ChapterProgress.objects.update(extra_attempts=1)
    assert start(learner, chapter).number == 4


def test_a_chapter_without_quiz_says_so(learner: User, chapter: Chapter) -> None:
    assert chapter.current
    chapter.current.quiz = None
    chapter.current.save()
    with pytest.raises(UserError) as refused:
        start(learner, chapter)
    assert refused.value.code == "no_quiz"


def test_a_started_learner_gets_the_quiz_of_their_own_version(learner: User, chapter: Chapter) -> None:
    first = submit(start(learner, chapter)).quiz
    current = chapter.current
    assert current
    current.pk, current.number, current.quiz = None, 2, make_quiz(chapter)
    current.save()
    chapter.current = current
    chapter.save()
    assert start(learner, chapter).quiz == first


def test_an_answer_is_kept_and_saving_it_again_changes_nothing(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    first = save(attempt, "one", ["one-yes"], 5, flagged=True)
    again = save(attempt, "one", ["one-yes"], 5, flagged=True)
    assert (again.pk, again.saved_at, again.value, again.flagged) == (first.pk, first.saved_at, ["one-yes"], True)


def test_an_older_answer_never_overwrites_a_newer_one(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    save(attempt, "one", ["one-yes"], 7)
    given = Given(value=["one-no"], flagged=False, sequence=6)
    answer, kept = services.answer_save(user=learner, attempt_id=attempt.pk, question="one", given=given)
    assert (answer.value, kept) == (["one-yes"], False)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("one", ["many-a"]),
        ("one", ["one-yes", "one-no"]),
        ("one", "one-yes"),
        ("many", ["many-a", "?"]),
        ("sum", ["3"]),
        ("sum", "9" * 41),
        ("sum", "1\x002"),
    ],
)
def test_what_is_no_answer_to_the_question_is_refused(
    learner: User, chapter: Chapter, question: str, value: Any
) -> None:
    with pytest.raises(UserError) as refused:
        save(start(learner, chapter), question, value)
    assert refused.value.code == "bad_answer"
    assert not Answer.objects.exists()


def test_a_cleared_answer_is_a_blank(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    save(attempt, "one", ["one-yes"], 1)
    assert save(attempt, "one", [], 2).value is None
    assert save(attempt, "sum", "  ", 1).value is None


def test_an_unknown_question_is_not_found(learner: User, chapter: Chapter) -> None:
    with pytest.raises(Http404):
        save(start(learner, chapter), "nothing", ["one-yes"])


def test_a_stranger_can_neither_save_nor_submit(learner: User, other_learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    with pytest.raises(Http404):
        services.answer_save(
            user=other_learner, attempt_id=attempt.pk, question="one", given=Given(["one-yes"], False, 1)
        )
    with pytest.raises(Http404):
        services.attempt_submit(user=other_learner, attempt_id=attempt.pk, answers={})


def test_submitting_grades_and_records_evidence(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    save(attempt, "one", RIGHT["one"])
    attempt = submit(attempt, {"many": ["many-a"], "sum": "4217,5 bits"})
    assert (attempt.state, attempt.points, attempt.points_max, attempt.percent) == ("graded", 2.5, 3.0, 83)
    assert attempt.passed
    assert attempt.results == {"one": 1.0, "many": 0.5, "sum": 1.0}
    evidence = Evidence.objects.get(kind="quiz")
    assert evidence.value == {"percent": 83, "attempt": 1, "points": 2.5, "points_max": 3.0}
    progress = ChapterProgress.objects.get()
    assert (progress.quiz_percent, progress.quiz_attempts) == (83, 1)


def test_a_worse_attempt_never_lowers_the_result(learner: User, chapter: Chapter) -> None:
    submit(start(learner, chapter), dict(RIGHT))
    submit(start(learner, chapter), dict(WRONG))
    progress = ChapterProgress.objects.get()
    assert (progress.quiz_percent, progress.quiz_attempts) == (100, 2)


def test_submitting_twice_is_one_submission(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    first = submit(attempt, dict(RIGHT))
    again = submit(attempt, dict(WRONG))
    assert (again.percent, again.submitted_at) == (100, first.submitted_at)
    assert Evidence.objects.filter(kind="quiz").count() == 1


def test_a_form_from_an_old_window_does_not_overwrite_a_newer_answer(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    save(attempt, "one", RIGHT["one"], 20)
    assert submit(attempt, {"one": WRONG["one"]}, sequence=10).results["one"] == 1.0


def test_a_submitted_form_may_take_an_answer_back(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    save(attempt, "one", RIGHT["one"], 20)
    assert submit(attempt, {"one": []}, sequence=20).results["one"] == 0


def test_nothing_is_saved_after_grading(learner: User, chapter: Chapter) -> None:
    attempt = submit(start(learner, chapter))
    with pytest.raises(UserError) as refused:
        save(attempt, "one", RIGHT["one"])
    assert (refused.value.code, refused.value.status) == ("attempt_closed", 409)


def test_an_answer_under_way_at_the_deadline_still_counts(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    pass_time(attempt, 603)
    save(attempt, "one", RIGHT["one"])
    attempt = submit(attempt, {"sum": RIGHT["sum"]})
    assert attempt.results == {"one": 1.0, "many": 0.0, "sum": 1.0}
    assert attempt.submitted_at == attempt.deadline_at


def test_after_the_deadline_only_what_was_saved_counts(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    save(attempt, "one", RIGHT["one"])
    pass_time(attempt, 606)
    with pytest.raises(UserError):
        save(attempt, "many", RIGHT["many"])
    attempt = submit(attempt, dict(RIGHT))
    assert attempt.results == {"one": 1.0, "many": 0.0, "sum": 0.0}
    assert attempt.submitted_at == attempt.deadline_at


def test_an_expired_attempt_is_graded_when_another_is_started(learner: User, chapter: Chapter) -> None:
    old = start(learner, chapter)
    pass_time(old, 700)
    new = start(learner, chapter)
    old.refresh_from_db()
    assert (old.state, new.number) == ("graded", 2)


def test_expired_attempts_are_graded_without_anybody_looking(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    assert services.attempts_close_expired() == 0
    pass_time(attempt, 700)
    assert services.attempts_close_expired() == 1
    attempt.refresh_from_db()
    assert (attempt.state, attempt.percent) == ("graded", 0)


def test_closing_leaves_a_running_attempt_open(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    assert services.attempt_close(attempt_id=attempt.pk).state == "open"


def race(*calls: Callable[[], object]) -> list[BaseException]:
    """Run all at once in threads with connections of their own; what they raised."""
    barrier, errors = threading.Barrier(len(calls)), list[BaseException]()

    def run(call: Callable[[], object]) -> None:
        try:
            barrier.wait()
            call()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.django_db(transaction=True)
def test_two_submissions_at_once_are_one(learner: User) -> None:
    attempt = start(learner, make_chapter())
    errors = race(lambda: submit(attempt, dict(RIGHT)), lambda: submit(attempt, dict(WRONG)))
    assert errors == []
    attempt.refresh_from_db()
    assert attempt.percent in (0, 100)
    assert Evidence.objects.get(kind="quiz").value["percent"] == attempt.percent
    assert ChapterProgress.objects.get().quiz_attempts == 1


@pytest.mark.django_db(transaction=True)
def test_starting_twice_at_once_makes_one_attempt(learner: User) -> None:
    chapter = make_chapter()
    assert race(*[lambda: start(learner, chapter)] * 3) == []
    assert Attempt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_save_and_a_submission_at_once_agree(learner: User) -> None:
    attempt = start(learner, make_chapter())
    errors = race(lambda: save(attempt, "one", RIGHT["one"]), lambda: submit(attempt))
    attempt.refresh_from_db()
    saved = Answer.objects.filter(attempt=attempt, question="one").exists()
    assert attempt.results["one"] == (1.0 if saved else 0.0)
    assert [type(error) for error in errors] == ([] if saved else [UserError])


def test_times_are_the_servers(learner: User, chapter: Chapter) -> None:
    before = timezone.now()
    answer = save(start(learner, chapter), "one", RIGHT["one"], 1)
    assert before <= answer.saved_at <= timezone.now()
