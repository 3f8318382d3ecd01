"""Pages of questions that are typed or have parts: without script, saved one by one, graded, without the key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.loading.errors import Report
from courses.loading.quiz import compile_quiz
from courses.models import Answer, Attempt
from courses.quizzes import services
from courses.tests.question_files import KEYS, QUIZ
from courses.tests.quiz_factories import make_chapter
from portal.accounts.models import User

ClientFor = Callable[..., Client]
pytestmark = pytest.mark.django_db
RIGHT = {
    "value-name-typed": "bpe",
    "value-steps.split": "1",
    "value-steps.count": "2",
    "value-steps.merge": "3",
    "value-pairs.q": "asks",
    "value-pairs.k": "offers",
    "value-code.axis": "-1",
    "value-code.where": "later",
    "value-size-typed": "12 x 64",
    "value-read-typed": "3.2",
}


@pytest.fixture
def attempt(learner: User) -> Attempt:
    quiz = compile_quiz(QUIZ, report=Report("quiz.yaml"), sections={"first"})
    assert quiz is not None
    return services.attempt_start(user=learner, chapter=make_chapter(questions=quiz.questions))


def sequences(attempt: Attempt) -> dict[str, str]:
    return {f"sequence-{key}": "1" for key, _options in attempt.order}


def test_the_form_offers_every_part_and_nothing_of_the_key(client_for: ClientFor, attempt: Attempt) -> None:
    page = client_for(attempt.user, language="en").get(reverse("attempt", args=[attempt.pk])).content.decode()
    names = set(re.findall(r'name="(value-[^"]+)"', page))
    assert names == set(RIGHT)
    assert all(key not in page for key in KEYS)
    assert "Curve of loss over step" in page


def test_all_of_it_is_graded_without_script(client_for: ClientFor, attempt: Attempt) -> None:
    client = client_for(attempt.user, language="en")
    page = client.post(reverse("attempt-submit", args=[attempt.pk]), RIGHT | sequences(attempt), follow=True)
    text = page.content.decode()
    assert "Passed: 6 of 6 right" in text
    assert text.count("WHY") == 6


def test_a_partly_right_answer_shows_what_was_right(client_for: ClientFor, attempt: Attempt) -> None:
    client = client_for(attempt.user, language="en")
    form = {"value-pairs.q": "asks", "value-pairs.k": "asks", "value-size-typed": "?"} | sequences(attempt)
    text = client.post(reverse("attempt-submit", args=[attempt.pk]), form, follow=True).content.decode()
    assert "partly right" in text
    assert "Each right pair earns an equal share of the points." in text
    assert "not read as a shape" in text


@pytest.mark.parametrize(
    ("key", "form", "stored", "readable"),
    [
        ("pairs", {"value.q": "asks", "value.k": ""}, {"q": "asks"}, True),
        ("code", {"value.axis": " "}, None, True),
        ("size", {"value-typed": "?"}, "?", False),
        ("size", {"value-typed": "1, 2"}, "1, 2", True),
        ("name", {"value-typed": "?"}, "?", True),
    ],
)
def test_each_answer_is_saved_as_given(
    client_for: ClientFor, attempt: Attempt, key: str, form: dict[str, str], stored: Any, readable: bool
) -> None:
    url = reverse("attempt-save", args=[attempt.pk, key])
    reply = json.loads(client_for(attempt.user).post(url, form | {"sequence": "1"}).content)
    assert (reply["value"], reply["readable"]) == (stored, readable)
    assert Answer.objects.get().value == stored


def test_a_saved_ordering_comes_back_in_its_order(client_for: ClientFor, attempt: Attempt) -> None:
    client = client_for(attempt.user, language="en")
    form = {"value.merge": "1", "value.split": "2", "value.count": "3", "sequence": "1"}
    client.post(reverse("attempt-save", args=[attempt.pk, "steps"]), form)
    page = client.get(reverse("attempt", args=[attempt.pk])).content.decode()
    assert re.findall(r'data-part="(merge|split|count)"', page) == ["merge", "split", "count"]
