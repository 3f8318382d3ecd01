"""Questions: made from the run alone, the same by the same secret, graded by what was typed."""

from __future__ import annotations

import math
from typing import Any

import pytest

from labs.assessment.questions import ASKED, TEMPLATES, drawn, public, read_answer, right
from labs.assessment.tests.factories import INFO, make_source
from labs.models import Run
from portal.accounts.models import User

LABELS = ["a", "b", "c"]


def make_classifier(owner: User) -> Run:
    """A run with a confusion matrix and slices."""
    measures = {"accuracy": {"value": 0.7, "low": 0.6, "high": 0.8, "n": 30}}
    slices = {
        "held_out": {"step": 40, "measures": measures, "detail": {"labels": LABELS, "confusion": MATRIX}},
        "easy": {"step": 40, "measures": {"accuracy": measures["accuracy"] | {"value": 0.9}}, "detail": {}},
        "hidden": {"step": 40, "measures": {"accuracy": measures["accuracy"] | {"value": 0.1}}, "detail": {}},
    }
    baseline = {"name": "naive_bayes", "order": 1, "loss": 1.0, "measures": {"accuracy": 0.5}}
    spec = {"task": "classify", "corpus": "reviews", "tokenizer": "words"}
    return make_source(owner, spec=spec, info=INFO | {"evaluations": slices, "baseline": baseline})


MATRIX = [[8, 2, 0], [1, 5, 4], [0, 1, 9]]


def asked(run: Run, key: str) -> dict[str, Any]:
    question = TEMPLATES[key](run)
    assert question is not None, key
    return question


def test_answers_of_a_text_run_come_from_its_curve_and_facts(learner: User) -> None:
    run = make_source(learner)
    held = run.curve["held_out"]
    assert asked(run, "best_step")["answer"] == 40
    assert asked(run, "first_loss")["answer"] == run.curve["loss"][0]
    assert asked(run, "fall")["answer"] == held["loss"][0] - held["loss"][-1]
    assert asked(run, "guessing")["answer"] == math.log(96)
    assert asked(run, "perplexity")["answer"] == math.exp(2.1)
    assert asked(run, "margin")["answer"] == pytest.approx(0.4)
    assert asked(run, "steps")["answer"] == 40
    assert asked(run, "embedding")["answer"] == 96 * 16
    assert asked(run, "tokens_a_weight")["answer"] == 2560 / 5000
    assert TEMPLATES["confused"](run) is None


def test_answers_of_a_classifier_come_from_its_confusion_and_slices(learner: User) -> None:
    run = make_classifier(learner)
    assert asked(run, "confused")["answer"] == "b → c"
    assert asked(run, "hardest_class")["answer"] == "b"
    assert asked(run, "wrong")["answer"] == 9
    assert asked(run, "sure")["answer"] == "yes"
    assert asked(run, "class_guessing")["answer"] == math.log(3)
    weakest = asked(run, "weakest_slice")
    assert (weakest["answer"], weakest["choices"]) == ("held_out", ["easy", "held_out"])


def test_ties_and_single_classes_are_not_asked_about(learner: User) -> None:
    run = make_classifier(learner)
    detail = run.info["evaluations"]["held_out"]["detail"]
    detail["confusion"] = [[9, 1, 0], [1, 9, 0], [0, 0, 10]]
    assert TEMPLATES["confused"](run) is None
    detail["confusion"] = [[9, 1, 0], [0, 9, 1], [1, 0, 9]]
    assert TEMPLATES["hardest_class"](run) is None


def test_a_run_without_curve_or_facts_is_asked_nothing_impossible(learner: User) -> None:
    run = make_source(learner, curve={}, info={}, held_out=None, bits_per_byte=None)
    for question in drawn(run, "s"):
        assert question["key"] in {"steps", "tokens_a_weight"}


def test_the_secret_draws_different_questions_the_same_at_every_call(learner: User) -> None:
    run = make_source(learner)
    one = drawn(run, "a")
    assert one == drawn(run, "a")
    assert len({question["key"] for question in one}) == ASKED
    assert len({tuple(question["key"] for question in drawn(run, str(n))) for n in range(20)}) > 5


def test_what_may_leave_the_server_holds_no_answer(learner: User) -> None:
    for run in (make_source(learner), make_classifier(learner)):
        for template in TEMPLATES.values():
            if question := template(run):
                assert not {"answer", "tolerance"} & set(public({"key": "k", **question}))


@pytest.mark.parametrize(
    ("typed", "value"),
    [("1,024", 1024), (" 2 000 ", 2000), ("−0.3", -0.3), ("1e3", 1000), ("much", None), ("nan", None), ("", None)],
)
def test_numbers_are_read_as_people_type_them(typed: str, value: float | None) -> None:
    assert read_answer(typed) == value


def test_an_answer_within_its_tolerance_is_right() -> None:
    question = {"answer": 2.0, "tolerance": 0.02}
    assert [right(question, text) for text in ("2", "2.02", "1.98", "2.021", "two", "")] == [True] * 3 + [False] * 3
    choice = {"answer": "a", "choices": ["a", "b"]}
    assert [right(choice, text) for text in ("a", "b", "A", "")] == [True, False, False, False]
