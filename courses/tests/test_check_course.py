"""`manage.py check_course`: the shipped course has no finding, and each kind of fault is found where it stands."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from courses.loading.checking import links, maths, quiz_statistics
from courses.tests.chapter_reading import COURSE

READING = "### What to read next {#reading}\n"


def test_the_shipped_course_has_no_finding(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_course")
    assert capsys.readouterr().out == "No finding.\n"


FAULTS = [
    ("practice/chapter.yaml", "minutes: 40", "minutes: 90", "practice/chapter.yaml: 90 minutes are stated"),
    ("practice/quiz.yaml", "review: true", "review: false", "practice/quiz.yaml: 0 questions for review"),
    ("glossary.yaml", "en: 'ablation'", "en: 'ablutions'", "“ablutions” does not stand in scale/inside (en)"),
    ("COVERAGE.md", "scale#modes", "scale#moods", "there is no scale#moods"),
    ("COVERAGE.md", "| 9.5 |", "| – |", "9.5 of the article is missing"),
    ("practice/en.md", "A month has", "A [month](#nowhere) has", "no heading here has the id “nowhere”"),
    ("practice/zh-hans.md", "\\frac{1{,}440}{0.00135}", "\\frac{1{,}440}{0.00135", "“{” and “}” do not match"),
    ("practice/en.md", "## Your project", "Word " * 2_000 + "\n\n## Your project", "words of prose, expected"),
]


def test_each_fault_is_found_where_it_stands(tmp_path: Path) -> None:
    folder = tmp_path / "course"
    shutil.copytree(COURSE, folder)
    for file, old, new, _ in FAULTS:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CommandError) as raised:
        call_command("check_course", str(folder))
    assert [finding for *_, finding in FAULTS if finding not in str(raised.value)] == []


def test_links_out_of_the_house_stand_in_the_reading_list_only() -> None:
    outside = "See [this](https://example.org/).\n"
    assert [line for line, _ in links(outside + READING)] == [1]
    assert list(links(READING + outside)) == []
    assert len(list(links("[here](notes.md)"))) == 1


def test_formulas_in_code_are_left_alone() -> None:
    assert list(maths("```bash\necho ${HOME\n```\n")) == []
    assert len(list(maths(r"$\left( x$"))) == 1
    assert list(maths(r"$\{x\}$ and $a_{i}$")) == []


def test_a_quiz_whose_longest_choice_is_always_right_is_named() -> None:
    options = [{"text": {"en": "long " * n, "zh-hans": "长" * n}, "right": n == 3} for n in (1, 2, 3)]
    found = list(quiz_statistics([{"kind": "single", "options": options, "review": n < 3} for n in range(8)]))
    assert sum("longest choice" in reason for reason in found) == 2
