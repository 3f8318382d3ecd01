"""Loading a course: idempotent, all problems named at once, nothing changed when one is there."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.utils import translation

from courses.loading.errors import ContentError
from courses.loading.folder import read_course
from courses.models import Chapter, ChapterVersion, Course, Quiz
from courses.tests.course_files import chapter, edit, load

CONTENT = Path(__file__).parent.parent / "content" / "llm-foundations"


def problems_of(folder: Path) -> list[str]:
    """What reading the files complains about, in English."""
    with translation.override("en"), pytest.raises(ContentError) as caught:
        read_course(folder)
    return [str(problem) for problem in caught.value.problems]


def test_a_course_is_loaded_in_both_languages(one: Chapter) -> None:
    version = one.current
    assert version is not None
    assert version.title == {"en": "Chapter one", "zh-hans": "章节 one"}
    assert [section["id"] for section in version.body["zh-hans"]] == ["first", "second"]
    assert [section["title"] for section in version.body["en"]] == ["First part", "Second part"]
    assert one.labs == ["training"]
    assert version.quiz is not None
    assert version.quiz.questions[0]["prompt"] == {"en": "How many?", "zh-hans": "多少？"}


def test_the_lede_is_the_first_two_sentences_with_their_maths(one: Chapter) -> None:
    assert one.current is not None
    lede = one.current.outline[0]["lede"]
    assert lede["en"] == (
        'The first sentence has <span class="math" data-tex="x^2">x^2</span>. The second one ends here.'
    )
    assert lede["zh-hans"].endswith("第二句到此为止。")


def test_the_outline_names_sections_and_blocks_without_their_text(one: Chapter) -> None:
    assert one.current is not None
    first, second = one.current.outline
    assert [block["id"] for block in first["blocks"]] == ["opening", "scale"]
    assert [block["kind"] for block in second["blocks"]] == ["widget", "lab"]
    assert second["blocks"][0]["title"] == {"en": "Shares of scores", "zh-hans": "分数的份额"}
    assert "SECRET" not in str(one.current.outline)
    assert first["weight"] + second["weight"] == pytest.approx(1, abs=0.001)


def test_a_second_run_writes_nothing(one: Chapter, folder: Path, django_assert_num_queries: Callable[..., Any]) -> None:
    before = list(ChapterVersion.objects.values_list("pk", "saved_at"))
    with django_assert_num_queries(7):  # a savepoint's two, the course, two chapters with their versions
        assert [loaded.outcome for loaded in load(folder)] == ["unchanged", "unchanged"]
    assert list(ChapterVersion.objects.values_list("pk", "saved_at")) == before


def test_a_changed_chapter_gets_a_new_version_and_the_others_do_not(one: Chapter, folder: Path) -> None:
    edit(folder / "one" / "en.md", "A second paragraph.", "Another paragraph.")
    assert [(loaded.slug, loaded.outcome, loaded.number) for loaded in load(folder)] == [
        ("one", "published", 2),
        ("two", "unchanged", 1),
    ]
    old, new = ChapterVersion.objects.filter(chapter=one).order_by("number")
    assert "A second paragraph." in str(old.body)
    assert chapter().current == new
    assert new.quiz == old.quiz


def test_a_changed_quiz_is_a_new_quiz_and_the_old_one_stays(one: Chapter, folder: Path) -> None:
    edit(folder / "one" / "quiz.yaml", "pass_percent: 80", "pass_percent: 90")
    load(folder)
    assert list(Quiz.objects.filter(chapter=one).order_by("number").values_list("pass_percent", flat=True)) == [80, 90]


def test_a_chapter_that_the_studio_published_is_left_alone(one: Chapter, folder: Path) -> None:
    Chapter.objects.filter(pk=one.pk).update(owner="studio")
    edit(folder / "one" / "en.md", "A second paragraph.", "Another paragraph.")
    out = StringIO()
    call_command("load_course", folder, stdout=out)
    assert "small/one: left alone, version 1 was published in the studio" in out.getvalue()
    assert ChapterVersion.objects.filter(chapter=one).count() == 1


def test_number_and_minutes_change_without_a_new_version(one: Chapter, folder: Path) -> None:
    edit(folder / "one" / "chapter.yaml", "minutes: 20", "minutes: 25")
    assert [loaded.outcome for loaded in load(folder)] == ["unchanged", "unchanged"]
    assert chapter().minutes == 25


BROKEN: list[tuple[str, str, str, str]] = [
    ("one/en.md", "{#first}", "", "one/en.md:5: the heading has no id: write “Title {#id}”"),
    ("one/en.md", "{#first}", "{#Not ok}", "one/en.md:5: the heading has no id: write “Title {#id}”"),
    ("one/en.md", "{#first}", "{#quiz}", "one/en.md:5: “quiz” is not an id: use a-z, 0-9 and hyphens"),
    ("one/en.md", "{#second}", "{#first}", "one/en.md:31: section id “first” stands here twice"),
    ("one/en.md", "id: scale", "id: opening", "one/en.md:22: block id “opening” stands here twice"),
    ("one/en.md", "answer: 66.5", "answer: many", "one/en.md:13: “answer” must be a number"),
    ("one/en.md", "close: 5", "close: 5\nclsoe: 6", "one/en.md:15: “clsoe” is not a field here"),
    ("one/en.md", ", right: true", "", "one/en.md:25: exactly one option must be right, here it is 0"),
    ("one/en.md", "name: softmax", "name: hardmax", "one/en.md:36: there is no widget “hardmax”"),
    ("one/en.md", "src: plan.svg", "src: gone.svg", "one/en.md:44: there is no file figures/gone.svg"),
    ("one/en.md", "slug: training", "slug: cooking", "one/en.md:50: there is no lab “cooking”"),
    ("one/en.md", "::: key", "::: nonsense", "one/en.md:53: unknown callout: use note, tip, warning, key or where"),
    ("one/en.md", "unit: '%'", "unit: *x", "one/en.md:12: not valid YAML: aliases are not allowed"),
    ("one/en.md", "unit: '%'", "unit: [", "one/en.md:14: not valid YAML: did not find expected ',' or ']'"),
    ("one/en.md", "A second", "![x](y.png)", "one/en.md:20: images are figures: use a “figure” block"),
    (
        "one/en.md",
        "---\n\n",
        "---\n\nToo early.\n\n",
        "one/en.md:5: text before the first section: begin with “## Title {#id}”",
    ),
    ("one/en.md", "## First", "# First", "one/en.md:5: “# ” is the chapter’s title: sections begin with “## ”"),
    ("one/zh-hans.md", "answer: 66.5", "answer: 66", "one/zh-hans.md:9: the answer of “opening” differs from en.md"),
    ("one/zh-hans.md", "{#heading}", "{#other}", "one/zh-hans.md:5: other sub-heading ids than in en.md"),
    (
        "one/zh-hans.md",
        "id: scale",
        "id: size",
        "one/zh-hans.md:5: other blocks than en.md: opening, size instead of opening, scale",
    ),
    (
        "one/zh-hans.md",
        "{#second}",
        "{#zweite}",
        "one/zh-hans.md: other sections than en.md: first, zweite instead of first, second",
    ),
    ("one/zh-hans.md", "title: 章节 one", "title: 别的", "one/zh-hans.md:2: another title than in chapter.yaml"),
    (
        "one/quiz.yaml",
        "section: first",
        "section: ninth",
        "one/quiz.yaml:8: there is no section “ninth” in this chapter",
    ),
    (
        "one/quiz.yaml",
        "kind: number",
        "kind: essay",
        (
            "one/quiz.yaml:7: “essay” is unknown: use one of single, multiple, number, text, order, match, "
            "cloze, shape, curve"
        ),
    ),
    ("one/quiz.yaml", ", zh-hans: '因为。'", "", "one/quiz.yaml:13: “zh-hans” is missing"),
    ("one/quiz.yaml", "tolerance: 0.02", "tolerance: -1", "one/quiz.yaml:10: “tolerance” must lie between 0 and 1e+12"),
    ("one/chapter.yaml", "checks: 1", "checks: 5", "one/chapter.yaml:8: “checks” asks for 5, the chapter has 1"),
    (
        "one/chapter.yaml",
        "widgets: [softmax]",
        "widgets: [other]",
        "one/chapter.yaml:8: the chapter has no widget “other”",
    ),
    ("one/chapter.yaml", "minutes: 20", "minutes: soon", "one/chapter.yaml:4: “minutes” must be a number"),
    ("one/chapter.yaml", "id: one", "id: uno", "one/chapter.yaml:2: the id must be the folder’s name, “one”"),
    (
        "one/figures/plan.svg",
        'stroke="currentColor"',
        'stroke="red"',
        "one/figures/plan.svg:1: stroke must be currentColor or none: classes give colour",
    ),
    (
        "course.yaml",
        "chapters: [one, two]",
        "chapters: [one, three]",
        "three/chapter.yaml: cannot be read: No such file or directory",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "problem"), BROKEN)
def test_a_problem_is_named_with_file_line_and_reason(
    folder: Path, file: str, old: str, new: str, problem: str
) -> None:
    edit(folder / file, old, new)
    assert problem in problems_of(folder)


def test_all_problems_of_all_files_are_named_at_once_and_nothing_is_changed(one: Chapter, folder: Path) -> None:
    edit(folder / "one" / "en.md", "answer: 66.5", "answer: many")
    edit(folder / "two" / "quiz.yaml", "section: first", "section: ninth")
    edit(folder / "course.yaml", "Small course", "Renamed course")
    with pytest.raises(CommandError) as caught:
        call_command("load_course", folder)
    assert str(caught.value).startswith("Nothing was changed.\n")
    assert "one/en.md:13:" in str(caught.value)
    assert "two/quiz.yaml:8:" in str(caught.value)
    assert Course.objects.get().title["en"] == "Small course"
    assert ChapterVersion.objects.count() == 2


def test_a_missing_or_binary_file_is_a_problem(folder: Path) -> None:
    (folder / "one" / "zh-hans.md").unlink()
    (folder / "two" / "en.md").write_bytes(b"---\ntitle: \xff\xfe\n---\n")
    problems = problems_of(folder)
    assert "one/zh-hans.md: cannot be read: No such file or directory" in problems
    assert "two/en.md:2: not UTF-8" in problems


@pytest.mark.django_db
def test_the_curriculum_in_git_is_valid_and_loads() -> None:
    call_command("load_course", CONTENT, stdout=StringIO())
    listed = yaml.safe_load((CONTENT / "course.yaml").read_text(encoding="utf-8"))["chapters"]
    assert list(Chapter.objects.order_by("number").values_list("slug", flat=True)) == listed
    for version in ChapterVersion.objects.all():
        assert version.quiz is not None
        assert len(version.quiz.questions) >= 8
        assert any(block["kind"] == "widget" for section in version.outline for block in section["blocks"])
