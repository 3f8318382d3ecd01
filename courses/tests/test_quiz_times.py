"""When a quiz can be taken and for how long: extra time, the wait between attempts, a redo that comes between."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from courses.models import Allowance, Attempt, Chapter, ChapterProgress, ChapterVersion, Evidence
from courses.progress import services as progress_services
from courses.quizzes import selectors, services
from courses.reports import services as grants
from courses.tests.quiz_factories import RIGHT, make_chapter, make_quiz
from courses.tests.test_attempts import submit
from portal.accounts.models import User
from portal.lib.errors import UserError

pytestmark = pytest.mark.django_db


@pytest.fixture
def chapter() -> Chapter:
    return make_chapter(time_limit_s=600)


def start(user: User, chapter: Chapter) -> Attempt:
    return services.attempt_start(user=user, chapter=chapter)


def test_extra_time_holds_for_attempts_begun_later_and_the_latest_grant_counts(
    manager: User, learner: User, chapter: Chapter
) -> None:
    for token, percent in (("a", 50), ("b", 100), ("b", 25)):
        grants.time_allow(manager=manager, learner_id=learner.pk, percent=percent, reason="Slow reader", token=token)
    attempt = start(learner, chapter)
    assert attempt.deadline_at == attempt.started_at + timedelta(seconds=1200)
    assert Allowance.objects.count() == 2
    with pytest.raises(UserError) as refused:
        grants.time_allow(manager=manager, learner_id=learner.pk, percent=99, reason="More", token="c")
    assert refused.value.code == "bad_percent"


def test_the_next_attempt_waits_until_the_cool_down_is_over(learner: User) -> None:
    chapter = make_chapter(cool_down_s=3600)
    attempt = submit(start(learner, chapter))
    with pytest.raises(UserError) as refused:
        start(learner, chapter)
    assert (refused.value.code, refused.value.status) == ("cool_down", 409)
    assert selectors.quiz_overview(learner, selectors.chapter_get("course", "chapter-1")).next_at
    Attempt.objects.filter(pk=attempt.pk).update(submitted_at=timezone.now() - timedelta(seconds=3601))
    assert start(learner, chapter).number == 2


def redo(chapter: Chapter) -> ChapterVersion:
    """A new version with a new quiz that everyone takes again."""
    old = chapter.current
    assert old is not None
    fields = {name: getattr(old, name) for name in ("title", "summary", "body", "outline", "rule")}
    version = ChapterVersion.objects.create(
        chapter=chapter, number=2, quiz=make_quiz(chapter), content_hash="v2", published_at=timezone.now(), **fields
    )
    chapter.current = version
    chapter.save()
    progress_services.apply_publication(version=version, change="redo")
    return version


def test_an_attempt_opened_before_a_redo_does_not_count_for_it(learner: User, chapter: Chapter) -> None:
    attempt = start(learner, chapter)
    version = redo(chapter)
    assert submit(attempt, RIGHT).passed
    assert not Evidence.objects.filter(kind="quiz", retired_at=None).exists()
    assert ChapterProgress.objects.get(user=learner).quiz_percent is None
    overview = selectors.quiz_overview(learner, selectors.chapter_get("course", "chapter-1"))
    assert (overview.passed, overview.best, overview.quiz) == (False, None, version.quiz)
    assert submit(start(learner, chapter), RIGHT).quiz == version.quiz
    assert ChapterProgress.objects.get(user=learner).quiz_percent == 100


def test_starting_after_a_redo_closes_the_old_attempt(learner: User, chapter: Chapter) -> None:
    old = start(learner, chapter)
    version = redo(chapter)
    new = start(learner, chapter)
    old.refresh_from_db()
    assert (old.state, new.quiz, new.state) == ("graded", version.quiz, "open")
    assert not Evidence.objects.filter(kind="quiz").exists()
