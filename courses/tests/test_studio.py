"""The studio: nothing typed is lost, nothing broken is published, and learners keep what they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Chapter, ChapterProgress, ChapterVersion, Quiz
from courses.progress.services import begin, record
from courses.studio import selectors, services
from courses.studio.services import ConflictError
from courses.studio.texts import FILES, check, section_lines
from courses.tests.course_files import load
from courses.tests.studio_steps import publish, save, texts_of, url
from portal.accounts.models import User
from portal.lib import diffs
from portal.lib.errors import UserError

pytestmark = pytest.mark.django_db
ClientFor = Callable[..., Client]


@pytest.fixture
def place(one: Chapter) -> dict[str, str]:
    return {"course": one.course.slug, "chapter": one.slug}


# Drafts


def test_opening_the_editor_writes_nothing(client_for: ClientFor, author: User, place: dict[str, str]) -> None:
    for name in FILES:
        page = client_for(author, language="en").get(url("studio-chapter", place), {"text": name})
        assert page.status_code == 200
        assert "No mistakes" in page.content.decode()
    assert ChapterVersion.objects.filter(published_at=None).count() == 0


def test_the_first_change_begins_a_draft_and_readers_see_nothing_of_it(
    client_for: ClientFor, author: User, learner: User, one: Chapter, place: dict[str, str]
) -> None:
    save(author, place, add="\nDRAFT-WORDS\n")
    draft = ChapterVersion.objects.get(published_at=None)
    assert (draft.number, draft.author, draft.edits["base"]) == (0, author, 1)
    section = reverse("section", args=[place["course"], place["chapter"], "second"])
    assert "DRAFT-WORDS" not in client_for(learner, language="en").get(section).content.decode()
    one.refresh_from_db()
    assert (one.current and one.current.number, one.owner) == (1, "files")


def test_saving_what_is_there_already_writes_nothing(author: User, place: dict[str, str]) -> None:
    assert save(author, place, add="") is None
    text = texts_of(author, place)["en"].replace("\n", "\r\n")
    assert services.draft_save(author=author, **place, name="en", text=text, lock="v1") is None


def test_a_conflict_says_who_and_keeps_both_texts(author: User, administrator: User, place: dict[str, str]) -> None:
    save(administrator, place, add="\nTheirs.\n")
    mine = texts_of(author, place)["en"] + "\nMine.\n"
    with pytest.raises(ConflictError) as conflict:
        services.draft_save(author=author, **place, name="en", text=mine, lock="v1")
    assert administrator.display_name in str(conflict.value.message)
    assert conflict.value.theirs.endswith("Theirs.\n")
    services.draft_save(author=author, **place, name="en", text=mine, lock=conflict.value.lock)
    assert texts_of(author, place)["en"].endswith("Mine.\n")


def test_two_authors_on_two_texts_do_not_collide(author: User, administrator: User, place: dict[str, str]) -> None:
    save(administrator, place, "zh-hans")
    save(author, place, "en")
    assert selectors.editing(author, **place).changed == ["en", "zh-hans"]


def test_a_version_published_meanwhile_is_a_conflict_too(
    author: User, administrator: User, place: dict[str, str]
) -> None:
    mine = texts_of(author, place)["en"] + "\nMine.\n"
    save(administrator, place)
    publish(administrator, place)
    with pytest.raises(ConflictError) as conflict:
        services.draft_save(author=author, **place, name="en", text=mine, lock="v1")
    assert conflict.value.lock == "v2"


def test_a_character_that_no_database_keeps_is_left_out(author: User, place: dict[str, str]) -> None:
    save(author, place, add="\x00\nWords.\n")
    assert texts_of(author, place)["en"].endswith("\nWords.\n")
    assert "\x00" not in texts_of(author, place)["en"]


def test_a_text_that_is_too_long_is_refused(author: User, place: dict[str, str]) -> None:
    with pytest.raises(UserError) as refused:
        save(author, place, add="x" * 300_000)
    assert refused.value.code == "too_long"


def test_a_broken_draft_is_kept_but_not_published(author: User, place: dict[str, str]) -> None:
    save(author, place, "quiz", add="\n  broken: [")
    with pytest.raises(UserError) as refused:
        publish(author, place)
    assert refused.value.code == "problems"
    assert ChapterVersion.objects.exclude(published_at=None).filter(chapter__slug=place["chapter"]).count() == 1


def test_discarding_a_draft_brings_the_published_texts_back(
    client_for: ClientFor, author: User, place: dict[str, str]
) -> None:
    before = texts_of(author, place)
    save(author, place)
    assert client_for(author).post(url("studio-discard", place)).status_code == 302
    assert texts_of(author, place) == before
    assert client_for(author).post(url("studio-discard", place)).status_code == 302


# Publishing


def test_publishing_makes_an_immutable_next_version(author: User, one: Chapter, place: dict[str, str]) -> None:
    first = one.current
    save(author, place)
    version = publish(author, place, note="  More. ")
    one.refresh_from_db()
    assert (version.number, version.author, version.note, version.change) == (2, author, "More.", "minor")
    assert (one.current, one.owner) == (version, "studio")
    assert first
    first.refresh_from_db()
    assert "One more." not in first.source["en"]
    assert not ChapterVersion.objects.filter(published_at=None).exists()


def test_files_leave_a_published_chapter_alone(author: User, place: dict[str, str], folder: Any) -> None:
    save(author, place)
    publish(author, place)
    outcomes = {loaded.slug: loaded.outcome for loaded in load(folder)}
    assert outcomes[place["chapter"]] == "left"


def test_the_quiz_gets_a_version_of_its_own_only_when_it_changes(
    author: User, one: Chapter, place: dict[str, str]
) -> None:
    save(author, place)
    publish(author, place)
    assert Quiz.objects.filter(chapter=one).count() == 1
    quiz = texts_of(author, place)["quiz"].replace("pass_percent: 80", "pass_percent: 90")
    services.draft_save(author=author, **place, name="quiz", text=quiz, lock="v2")
    version = publish(author, place)
    assert version.quiz
    assert (version.quiz.number, version.quiz.pass_percent) == (2, 90)


def test_settings_and_rule_are_published_too(author: User, one: Chapter, place: dict[str, str]) -> None:
    text = texts_of(author, place)["chapter"].replace("minutes: 20", "minutes: 25").replace("quiz: 80", "quiz: 70")
    services.draft_save(author=author, **place, name="chapter", text=text, lock="v1")
    version = publish(author, place)
    one.refresh_from_db()
    assert (one.minutes, version.rule["quiz"]) == (25, 70)


@pytest.mark.parametrize("fields", [{"lock": "2020-01-01T00:00:00+00:00"}, {"change": "nonsense"}])
def test_publishing_asks_again_when_something_is_off(
    author: User, place: dict[str, str], fields: dict[str, Any]
) -> None:
    save(author, place)
    with pytest.raises(UserError) as refused:
        publish(author, place, **fields)
    assert refused.value.code in {"draft_changed", "bad_change"}


def test_nothing_to_publish_is_said(author: User, place: dict[str, str]) -> None:
    with pytest.raises(UserError) as refused:
        services.draft_publish(author=author, **place, change="minor", note="", lock="", translated=False)
    assert refused.value.code == "no_draft"


@pytest.mark.parametrize(("change", "version"), [("minor", 2), ("keep", 1), ("redo", 2)])
def test_a_learner_in_mid_chapter_loses_nothing(
    author: User, learner: User, one: Chapter, place: dict[str, str], change: str, version: int
) -> None:
    begin(user=learner, chapter=one)
    record(user=learner, chapter=one, kind="section", key="first", value={})
    before = ChapterProgress.objects.get()
    save(author, place)  # at the end of the second section
    publish(author, place, change)
    after = ChapterProgress.objects.select_related("version").get()
    assert after.version.number == version
    assert (after.sections_read, after.percent) == (before.sections_read, before.percent)
    assert after.evidence.filter(kind="section", key="first", retired_at=None).exists()


def test_the_gate_counts_whom_each_choice_reaches(
    client_for: ClientFor, author: User, learner: User, other_learner: User, one: Chapter, place: dict[str, str]
) -> None:
    for person in (learner, other_learner):
        begin(user=person, chapter=one)
    ChapterProgress.objects.filter(user=other_learner).update(completed_at="2026-01-01T00:00:00Z")
    save(author, place)
    found = selectors.editing(author, **place)
    compiled = selectors.check(found).compiled
    assert compiled
    effect = selectors.effect(found.chapter, compiled)
    assert (effect.begun, effect.complete, effect.moved, effect.redone, effect.quiz) == (1, 1, 1, 2, False)
    assert len(effect.sections) == 1
    page = client_for(author, language="en").get(url("studio-publish", place)).content.decode()
    assert "1 of 1 under way see it at once, 1 finished are untouched" in page
    assert "2 are asked" in page
    assert "+<span" in page


def test_a_translation_falls_behind_and_catches_up(author: User, place: dict[str, str]) -> None:
    save(author, place, "en")
    assert selectors.behind(publish(author, place)) == ["zh-hans"]
    quiz = texts_of(author, place)["quiz"].replace("pass_percent: 80", "pass_percent: 90")
    services.draft_save(author=author, **place, name="quiz", text=quiz, lock="v2")
    assert selectors.behind(publish(author, place)) == ["zh-hans"]
    save(author, place, "zh-hans", lock="v3")
    assert selectors.behind(publish(author, place)) == []


def test_an_author_can_say_that_the_other_language_needs_no_change(author: User, place: dict[str, str]) -> None:
    save(author, place, "zh-hans")
    assert selectors.behind(publish(author, place, translated=True)) == []
    save(author, place, "zh-hans", lock="v2")
    assert selectors.behind(publish(author, place)) == ["en"]


def test_an_older_version_comes_back_as_a_draft(client_for: ClientFor, author: User, place: dict[str, str]) -> None:
    before = texts_of(author, place)
    save(author, place)
    publish(author, place)
    client = client_for(author)
    assert client.post(url("studio-restore", place), {"number": "1"}).status_code == 302
    assert texts_of(author, place) == before
    assert client.post(url("studio-restore", place), {"number": "2"}).status_code == 409
    assert client.post(url("studio-restore", place), {"number": "x"}).status_code == 404
    assert publish(author, place).number == 3


# Texts


def test_every_mistake_of_every_text_is_named_at_once(author: User, place: dict[str, str]) -> None:
    found = selectors.editing(author, **place)
    texts = found.texts | {
        "en": found.texts["en"] + "\n## No id\n\nText.\n",
        "quiz": "pass_percent: 800\nquestions: []\n",
        "chapter": "minutes: 0\n",
    }
    checked = check(texts, found.figures)
    assert checked.compiled is None
    files = {problem.file for problem in checked.problems}
    assert {"en.md", "quiz.yaml", "chapter.yaml"} <= files
    assert any(problem.file == "quiz.yaml" and problem.line == 1 for problem in checked.problems)


def test_settings_written_down_read_back_the_same(author: User, one: Chapter, place: dict[str, str]) -> None:
    found = selectors.editing(author, **place)
    checked = check(found.texts, found.figures)
    assert checked.compiled
    assert checked.settings
    assert checked.compiled.rule == found.current.rule
    assert (checked.settings.minutes, checked.settings.summary) == (one.minutes, found.current.summary)


def test_headings_in_code_begin_no_section() -> None:
    assert section_lines("---\n## One {#a}\n```\n## no\n```\n### no\n## Two {#b}\n") == [2, 7]


def test_a_difference_shows_changed_lines_with_their_numbers() -> None:
    before = "\n".join("abcdefgh")
    lines = diffs.diff(before, before.replace("f", "F"))
    shown = [(line.kind, line.old, line.new, line.text) for line in lines]
    assert shown[0] == ("gap", None, None, "")
    assert ("removed", 6, None, "f") in shown
    assert ("added", None, 6, "F") in shown
    assert ("same", 5, 5, "e") in shown
    assert diffs.diff(before, before) == []
