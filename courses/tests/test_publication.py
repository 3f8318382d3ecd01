"""What a new version means for those who began before it: minor, keep, redo. Nobody loses anything silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from courses.models import Chapter, ChapterProgress, ChapterVersion, Enrolment, Evidence
from courses.progress import services
from courses.progress.selectors import explain
from courses.tests.course_files import chapter, edit, load
from courses.tests.test_progress import complete, reach
from portal.accounts.models import User


def publish(
    folder: Path, change: str, old: str = "Text of the second part.", new: str = "Other text."
) -> ChapterVersion:
    """Change the second section of chapter one and publish."""
    edit(folder / "one" / "en.md", old, new)
    load(folder, change=change)
    current = chapter().current
    assert current is not None
    return current


def progress_of(user: User) -> ChapterProgress:
    return ChapterProgress.objects.select_related("version", "redo_of").get(user=user)


def test_minor_moves_a_started_learner_and_keeps_everything(one: Chapter, folder: Path, learner: User) -> None:
    before = reach(learner, one, "section", "second")
    reach(learner, one, "check", "scale", choice=1)
    version = publish(folder, "minor")
    progress = progress_of(learner)
    assert progress.version == version
    assert progress.rule == before.rule
    assert Evidence.objects.filter(progress=progress, retired_at=None).count() == 2
    assert progress.sections_read == 1


def test_minor_leaves_a_learner_whose_section_is_gone(one: Chapter, folder: Path, learner: User) -> None:
    reach(learner, one, "section", "second")
    for name in ("en.md", "zh-hans.md"):
        edit(folder / "one" / name, "{#second}", "{#renamed}")
    load(folder, change="minor")
    assert progress_of(learner).version.number == 1


def test_minor_leaves_a_completed_learner_where_they_completed(one: Chapter, folder: Path, learner: User) -> None:
    done = complete(learner, one)
    publish(folder, "minor")
    progress = progress_of(learner)
    assert progress.version.number == 1
    assert progress.completed_at == done.completed_at


def test_keep_leaves_everyone_and_newcomers_get_the_new_version(
    one: Chapter, folder: Path, learner: User, other_learner: User
) -> None:
    reach(learner, one, "section", "first")
    version = publish(folder, "keep")
    assert progress_of(learner).version.number == 1
    assert services.begin(user=other_learner, chapter=chapter()).version == version


def test_redo_asks_for_changed_sections_only_and_notes_the_completion(
    one: Chapter, folder: Path, learner: User
) -> None:
    done = complete(learner, one)
    version = publish(folder, "redo")
    progress = progress_of(learner)
    assert progress.version == version
    assert progress.completed_at is None
    assert progress.redo_of is not None
    assert progress.redo_of.number == 1
    assert progress.first_completed_at == done.first_completed_at
    retired = Evidence.objects.filter(progress=progress, retired_at__isnull=False).values_list("kind", "key")
    assert sorted(retired) == [("section", "second"), ("widget", "softmax")]
    assert [rule.kind for rule in explain(progress) if not rule.passed] == ["sections", "widget"]
    assert Enrolment.objects.get(user=learner).completed_chapters == 0


def test_after_the_redo_the_chapter_is_complete_again_and_the_first_day_stays(
    one: Chapter, folder: Path, learner: User
) -> None:
    first = complete(learner, one)
    publish(folder, "redo")
    reach(learner, chapter(), "section", "second")
    progress = reach(learner, chapter(), "widget", "softmax", value="91 %")
    assert progress.completed_at is not None
    assert progress.redo_of is None
    assert progress.first_completed_at == first.first_completed_at
    assert Enrolment.objects.get(user=learner).completed_chapters == 1


def test_redo_leaves_a_learner_for_whom_nothing_changed_complete(one: Chapter, folder: Path, learner: User) -> None:
    done = complete(learner, one)
    for name in ("chapter.yaml",):
        edit(folder / "one" / name, "A summary.", "Another summary.")
    load(folder, change="redo")
    progress = progress_of(learner)
    assert progress.completed_at == done.completed_at
    assert progress.redo_of is None


def test_redo_retires_the_quiz_only_when_the_quiz_changed(one: Chapter, folder: Path, learner: User) -> None:
    complete(learner, one)
    edit(folder / "one" / "quiz.yaml", "answer: 2.31", "answer: 2.4")
    load(folder, change="redo")
    progress = progress_of(learner)
    assert [rule.kind for rule in explain(progress) if not rule.passed] == ["quiz"]
    assert progress.quiz_percent is None
    assert Evidence.objects.filter(progress=progress, kind="section", retired_at=None).count() == 2


def test_a_completed_course_stays_completed_through_a_redo(one: Chapter, folder: Path, learner: User) -> None:
    complete(learner, one)
    complete(learner, chapter("two"))
    day = Enrolment.objects.get(user=learner).completed_at
    publish(folder, "redo")
    assert Enrolment.objects.get(user=learner).completed_at == day


def test_moving_on_takes_the_new_version_and_its_rule(one: Chapter, folder: Path, learner: User) -> None:
    reach(learner, one, "section", "first")
    edit(folder / "one" / "chapter.yaml", "guesses: 1", "guesses: 0")
    publish(folder, "keep")
    progress = services.move_on(user=learner, chapter=chapter())
    assert progress.version.number == 2
    assert progress.rule["guesses"] == 0
    assert progress.sections_read == 1


def test_moving_on_keeps_a_completion(one: Chapter, folder: Path, learner: User) -> None:
    done = complete(learner, one)
    publish(folder, "keep")
    progress = services.move_on(user=learner, chapter=chapter())
    assert (progress.version.number, progress.completed_at) == (2, done.completed_at)


@pytest.mark.parametrize("change", ["minor", "keep", "redo"])
def test_a_published_version_never_changes(one: Chapter, folder: Path, change: str) -> None:
    before = ChapterVersion.objects.filter(chapter=one, number=1).values().get()
    publish(folder, change)
    assert ChapterVersion.objects.filter(chapter=one, number=1).values().get() == before
