"""Evidence, summaries and completion as the database keeps them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone, translation

from courses.models import Chapter, ChapterProgress, Enrolment, Evidence
from courses.progress import services
from courses.progress.selectors import explain
from courses.tests.course_files import chapter, load, write_course
from labs.models import LabRecord
from labs.signals import lab_reached
from portal.accounts.models import User
from portal.lib.errors import UserError


def reach(user: User, where: Chapter, kind: str, key: str, *, passed: bool = True, **value: Any) -> ChapterProgress:
    return services.record(user=user, chapter=where, kind=kind, key=key, value=value, passed=passed)


def complete(user: User, where: Chapter) -> ChapterProgress:
    """Meet every rule of a chapter of the small course."""
    for section in ("first", "second"):
        reach(user, where, "section", section)
    reach(user, where, "guess", "opening", value=60)
    reach(user, where, "check", "scale", choice=1)
    reach(user, where, "widget", "softmax", value="90 %")
    return reach(user, where, "quiz", "quiz", percent=88, attempt=1)


def test_beginning_enrols_and_fixes_version_and_rule(one: Chapter, learner: User) -> None:
    progress = services.begin(user=learner, chapter=one)
    assert progress.version == one.current
    assert progress.rule["sections"] == ["first", "second"]
    assert Enrolment.objects.get(user=learner).course == one.course
    assert services.begin(user=learner, chapter=one) == progress


def test_a_chapter_without_a_version_cannot_be_begun(one: Chapter, learner: User) -> None:
    Chapter.objects.filter(pk=one.pk).update(current=None)
    with pytest.raises(UserError, match="not_published"):
        services.begin(user=learner, chapter=Chapter.objects.get(pk=one.pk))
    assert not Enrolment.objects.exists()


def test_each_record_brings_the_summary_up_to_date(one: Chapter, learner: User) -> None:
    progress = reach(learner, one, "section", "first")
    assert (progress.sections_read, progress.percent, progress.completed_at) == (1, 12, None)
    progress = reach(learner, one, "quiz", "quiz", passed=False, percent=70, attempt=1)
    assert (progress.quiz_percent, progress.quiz_attempts) == (70, 1)
    enrolment = Enrolment.objects.get(user=learner)
    assert (enrolment.last_chapter, enrolment.last_section) == (one, "first")


def test_recording_the_same_twice_changes_nothing(one: Chapter, learner: User) -> None:
    first = reach(learner, one, "section", "first")
    second = reach(learner, one, "section", "first")
    assert Evidence.objects.count() == 1
    assert (first.percent, first.sections_read) == (second.percent, second.sections_read)


def test_the_first_guess_stays(one: Chapter, learner: User) -> None:
    reach(learner, one, "guess", "opening", value=60)
    reach(learner, one, "guess", "opening", value=66.5)
    assert Evidence.objects.get(kind="guess").value == {"value": 60}


def test_a_right_answer_replaces_a_wrong_one_and_then_stays(one: Chapter, learner: User) -> None:
    reach(learner, one, "check", "scale", passed=False, choice=0)
    reach(learner, one, "check", "scale", passed=False, choice=2)
    assert Evidence.objects.get(kind="check").value == {"choice": 2}
    reach(learner, one, "check", "scale", choice=1)
    reach(learner, one, "check", "scale", passed=False, choice=0)
    fact = Evidence.objects.get(kind="check")
    assert (fact.value, fact.passed) == ({"choice": 1}, True)


def test_the_best_quiz_counts(one: Chapter, learner: User) -> None:
    reach(learner, one, "quiz", "quiz", percent=88, attempt=1)
    progress = reach(learner, one, "quiz", "quiz", passed=False, percent=40, attempt=2)
    assert (progress.quiz_percent, progress.quiz_attempts) == (88, 2)


def test_meeting_every_rule_completes_the_chapter_and_all_chapters_the_course(one: Chapter, learner: User) -> None:
    progress = complete(learner, one)
    assert progress.completed_at is not None
    assert progress.first_completed_at == progress.completed_at
    enrolment = Enrolment.objects.get(user=learner)
    assert (enrolment.completed_chapters, enrolment.completed_at) == (1, None)
    complete(learner, chapter("two"))
    enrolment.refresh_from_db()
    assert enrolment.completed_chapters == 2
    assert enrolment.completed_at is not None


def test_a_completion_stays_when_more_is_recorded(one: Chapter, learner: User) -> None:
    first = complete(learner, one)
    again = reach(learner, one, "check", "scale", passed=False, choice=0)
    assert again.completed_at == first.completed_at


@pytest.mark.django_db
class TestLabs:
    """A lab's goal becomes evidence in every chapter whose rule names it."""

    @pytest.fixture
    def named(self, tmp_path: Path) -> Chapter:
        """A chapter whose rule names the lab "training"."""
        load(write_course(tmp_path / "labs", labs="training"))
        return chapter()

    def test_a_goal_reached_counts_where_the_learner_has_begun(self, named: Chapter, learner: User) -> None:
        services.begin(user=learner, chapter=named)
        value = {"held_out": 1.7, "baseline": 1.9}
        lab_reached.send(sender=LabRecord, user_id=learner.pk, lab="training", value=value, run_id=7)
        fact = Evidence.objects.get()
        assert (fact.kind, fact.key, fact.passed) == ("lab", "training", True)
        assert fact.value == value | {"run": 7}
        assert fact.progress.chapter == named

    def test_another_lab_or_another_learner_does_not_count(
        self, named: Chapter, learner: User, other_learner: User
    ) -> None:
        services.begin(user=learner, chapter=named)
        lab_reached.send(sender=LabRecord, user_id=learner.pk, lab="generation", value={}, run_id=7)
        lab_reached.send(sender=LabRecord, user_id=other_learner.pk, lab="training", value={}, run_id=8)
        assert not Evidence.objects.exists()

    def test_a_goal_reached_earlier_counts_on_beginning(self, named: Chapter, learner: User) -> None:
        LabRecord.objects.create(user=learner, lab="training", best={"held_out": 1.7}, reached_at=timezone.now())
        progress = services.begin(user=learner, chapter=named)
        assert Evidence.objects.get(progress=progress).value["held_out"] == 1.7
        progress.refresh_from_db()
        assert progress.percent > 0


def test_explain_names_each_rule_with_value_and_place(one: Chapter, learner: User) -> None:
    reach(learner, one, "section", "first")
    progress = reach(learner, one, "quiz", "quiz", passed=False, percent=70, attempt=2)
    with translation.override("en"):
        found = {rule.kind: rule for rule in explain(progress)}
    assert (found["sections"].label, found["sections"].detail) == ("Read all 2 sections", "1 of 2")
    assert found["sections"].url == "/learn/small/one/second/"
    assert found["sections"].when is not None
    assert (found["guesses"].label, found["guesses"].detail) == ("Commit 1 guess", "none yet")
    assert found["guesses"].url == "/learn/small/one/first/#block-opening"
    assert found["widget"].label == "Reach the goal of “Shares of scores”"
    assert found["widget"].url == "/learn/small/one/second/#block-softmax"
    assert (found["quiz"].label, found["quiz"].detail) == ("Quiz 1: 80 % or more", "best 70 %, attempt 2")
    assert found["quiz"].url == "/learn/small/one/quiz/"


def test_explain_speaks_the_readers_language_of_titles(one: Chapter, learner: User) -> None:
    progress = services.begin(user=learner, chapter=one)
    with translation.override("zh-hans"):
        assert any("分数的份额" in rule.label for rule in explain(progress))


def test_explain_takes_one_query(one: Chapter, learner: User, django_assert_num_queries: Callable[..., Any]) -> None:
    progress = ChapterProgress.objects.select_related("user", "version", "chapter__course").get(
        pk=services.begin(user=learner, chapter=one).pk
    )
    with django_assert_num_queries(1):
        assert len(explain(progress)) == 5


@pytest.mark.django_db(transaction=True)
def test_two_reports_at_the_same_time_both_count(folder: Path, learner: User) -> None:
    load(folder)
    where = chapter()
    barrier = threading.Barrier(2)

    def report(key: str) -> None:
        barrier.wait()
        reach(learner, where, "section", key)
        connection.close()

    threads = [threading.Thread(target=report, args=(key,)) for key in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ChapterProgress.objects.get(user=learner).sections_read == 2
    assert Enrolment.objects.count() == 1
