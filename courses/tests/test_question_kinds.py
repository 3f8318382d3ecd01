"""Questions that are typed or have parts: what an answer earns, for every answer that can be given."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from courses.loading.errors import Report
from courses.loading.quiz import compile_quiz
from courses.quizzes import answering, grading, parts, plot, presenting, spelling
from courses.quizzes.services import shuffled
from courses.tests.question_files import KEYS, QUIZ
from portal.lib.errors import UserError


def compiled(text: str = QUIZ) -> tuple[list[dict[str, Any]], list[str]]:
    report = Report("quiz.yaml")
    with translation.override("en"):
        quiz = compile_quiz(text, report=report, sections={"first"})
    assert quiz is not None
    return quiz.questions, [str(problem) for problem in report.problems]


QUESTIONS = {question["id"]: question for question in compiled()[0]}
RIGHT: dict[str, grading.Answer] = {
    "name": "Byte-pair  ENCODING",
    "steps": {"split": "1", "count": "2", "merge": "3"},
    "pairs": {"q": "asks", "k": "offers"},
    "code": {"axis": "-1", "where": "later"},
    "size": "(12 × 64)",
    "read": "３．２",
}
ANY = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.lists(st.sampled_from(["split", "asks", "a"])),
    st.dictionaries(
        st.sampled_from(["split", "count", "merge", "q", "k", "axis", "where", "x"]),
        st.one_of(st.text(max_size=5), st.sampled_from(["1", "2", "3", "asks", "offers", "later", "-1"])),
    ),
)


def test_the_quiz_of_these_tests_is_valid() -> None:
    assert compiled()[1] == []
    assert set(QUESTIONS) == set(RIGHT)


@pytest.mark.parametrize("key", RIGHT)
def test_the_right_answer_earns_everything_and_a_blank_nothing(key: str) -> None:
    question = QUESTIONS[key]
    stored = answering.checked(question, RIGHT[key])
    assert grading.grade(question, stored).right
    blanks: list[grading.Answer] = [None, "", [], {}, "  ", {"split": " ", "q": ""}]
    for blank in blanks:
        assert grading.grade(question, blank) == grading.Mark(0.0, 2.0, answered=False)
        assert answering.checked(question, blank) is None


@given(st.sampled_from(sorted(RIGHT)), ANY)
def test_no_answer_earns_more_than_everything_or_less_than_nothing(key: str, answer: grading.Answer) -> None:
    mark = grading.grade(QUESTIONS[key], answer)
    assert 0 <= mark.points <= mark.maximum
    assert mark.answered or mark.points == 0


@given(st.sampled_from(sorted(RIGHT)), ANY)
def test_what_is_stored_earns_what_was_given_and_is_stored_again_unchanged(key: str, answer: grading.Answer) -> None:
    question = QUESTIONS[key]
    try:
        stored = answering.checked(question, answer)
    except UserError:
        return
    assert answering.checked(question, stored) == stored
    assert grading.grade(question, stored).points == grading.grade(question, answer).points


@given(st.permutations(sorted({"split": "1", "count": "3", "merge": "2"}.items())))
def test_the_order_in_which_parts_are_sent_never_matters(items: list[tuple[str, str]]) -> None:
    assert grading.grade(QUESTIONS["steps"], dict(items)).points == pytest.approx(2 / 3, abs=1e-6)


@pytest.mark.parametrize(
    ("key", "answer", "points"),
    [
        ("name", "ｂｐｅ", 2),
        ("name", "字节对编码。", 2),  # a term may be known in one language only
        ("name", "byte pair", 0),
        ("pairs", {"q": "asks", "k": "asks"}, 1),
        ("pairs", {"q": "asks"}, 1),
        ("steps", {"split": "1", "count": "1", "merge": "1"}, 2 / 3),
        ("code", {"axis": "- 1", "where": "earlier"}, 1),
        ("code", {"axis": "1"}, 0),
        ("size", "12x64", 2),
        ("size", "12*64", 2),
        ("size", "[12, 64]", 2),
        ("size", "torch.Size([12, 64])", 2),
        ("size", "64, 12", 0),
        ("size", "768", 0),
        ("read", "3.3", 2),
        ("read", "3.4", 0),
    ],
)
def test_points_by_kind(key: str, answer: grading.Answer, points: float) -> None:
    assert grading.grade(QUESTIONS[key], answer).points == pytest.approx(points, abs=1e-6)


@pytest.mark.parametrize(
    ("typed", "sizes"),
    [
        ("B, T, C", ("b", "t", "c")),
        ("b×t×c", ("b", "t", "c")),
        ("B T 4C", ("b", "t", "4c")),
        ("(012,)", ("12",)),
        ("twelve!", ()),
        ("", ()),
        ("-1, 3", ()),
    ],
)
def test_a_shape_is_read_as_people_write_it(typed: str, sizes: tuple[str, ...]) -> None:
    assert spelling.shape(typed) == sizes


def test_signs_and_points_of_numbers_are_no_punctuation() -> None:
    assert spelling.words("-1") != spelling.words("1")
    assert spelling.words("3.5") == spelling.words("3,5") != spelling.words("35")
    assert spelling.words("self-attention") == spelling.words("Self Attention")


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("steps", {"split": "4"}),
        ("steps", {"other": "1"}),
        ("pairs", {"q": "nothing"}),
        ("code", {"axis": "x" * 201}),
        ("code", ["axis"]),
        ("name", "x" * 201),
        ("size", {"axis": "1"}),
    ],
)
def test_what_is_no_answer_is_refused(key: str, answer: grading.Answer) -> None:
    with pytest.raises(UserError) as refused:
        answering.checked(QUESTIONS[key], answer)
    assert refused.value.code == "bad_answer"


def test_a_shuffled_ordering_never_starts_solved() -> None:
    assert all(shuffled([QUESTIONS["steps"]])[0][1] != ["split", "count", "merge"] for _turn in range(50))


@pytest.mark.parametrize("key", RIGHT)
def test_an_open_question_holds_nothing_of_its_key(key: str) -> None:
    shown = presenting.keyed(QUESTIONS[key])
    order = answering.choosable(QUESTIONS[key])
    hidden = repr(parts.parts_of(QUESTIONS[key], order, None, reveal=False)) + repr(shown.html)
    assert all(secret not in hidden for secret in KEYS)
    assert shown.result["why"]


def test_a_curve_is_enclosed_by_round_steps() -> None:
    assert plot.steps(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert plot.steps(2.05, 4)[0] <= 2.05
    shown = plot.plot_of(QUESTIONS["read"])
    assert shown is not None
    assert len(shown.rows) == len(shown.line.split()) == 3


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "accept: {en: [BPE",
            "accept: {en: ['.'",
            "quiz.yaml:10: “accept” must list the accepted answers, in each language",
        ),
        ("- {id: split", "- {id: all", "quiz.yaml:17: the ids stand in alphabetical order"),
        ("choice: offers", "choice: gives", "quiz.yaml:32: there is no choice “gives”"),
        ("dim={{axis}}", "dim=-1", "quiz.yaml:39: each gap must stand in the text once as {{id}}, and no other"),
        ("right: true, text: later", "text: later", "quiz.yaml:45: exactly one option must be right, here it is 0"),
        ("answer: 12, 64", "answer: '?'", "quiz.yaml:53: “?” is not a shape: write it like 12, 64 or B, T, C"),
        ("[2, 3.2]", "[0, 3.2]", "“points” must be 3 to 200 pairs of numbers with rising x, not all at one height"),
    ],
)
def test_a_mistake_is_named_with_its_line(old: str, new: str, problem: str) -> None:
    assert old in QUIZ
    found = compiled(QUIZ.replace(old, new))[1]
    assert any(problem in one for one in found), found
