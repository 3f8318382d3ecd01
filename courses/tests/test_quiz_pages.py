"""Quiz pages: who may see them, what they show, and that nothing of the key leaves the server before submission."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Answer, Attempt, Chapter
from courses.quizzes import services
from courses.tests.quiz_factories import RIGHT, WRONG, make_chapter
from portal.accounts.models import User

pytestmark = pytest.mark.django_db
ClientFor = Callable[..., Client]
PLACE = ("course", "chapter-1")


@pytest.fixture
def chapter(db: None) -> Chapter:
    return make_chapter()


@pytest.fixture
def attempt(learner: User, chapter: Chapter) -> Attempt:
    return services.attempt_start(user=learner, chapter=chapter)


def save_url(attempt: Attempt, question: str = "one") -> str:
    return reverse("attempt-save", args=[attempt.pk, question])


def form_of(answers: dict[str, Any], sequence: int = 5) -> dict[str, Any]:
    """What the page's form posts."""
    form: dict[str, Any] = {}
    for key, value in answers.items():
        form[f"sequence-{key}"] = sequence
        form[f"value-{key}-typed" if isinstance(value, str) else f"value-{key}"] = value
    return form


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_start_page_says_the_rules(client_for: ClientFor, learner: User, chapter: Chapter, language: str) -> None:
    page = client_for(learner, language=language).get(reverse("quiz", args=PLACE)).content.decode()
    assert ("Chapter 1 (en)" if language == "en" else "Chapter 1（中）") in page
    assert "10:00" in page
    assert reverse("quiz-start", args=PLACE) in page


def test_a_chapter_without_quiz_has_no_quiz_page(client_for: ClientFor, learner: User, chapter: Chapter) -> None:
    assert chapter.current
    chapter.current.quiz = None
    chapter.current.save()
    assert client_for(learner).get(reverse("quiz", args=PLACE)).status_code == 404
    assert client_for(learner).get(reverse("quiz", args=("course", "nothing"))).status_code == 404


def test_starting_leads_to_the_attempt_and_again_to_the_same(
    client_for: ClientFor, learner: User, chapter: Chapter
) -> None:
    client = client_for(learner)
    first = client.post(reverse("quiz-start", args=PLACE))
    again = client.post(reverse("quiz-start", args=PLACE))
    assert first.status_code == 302
    assert first.headers["Location"] == again.headers["Location"]
    assert first.headers["Location"] in client.get(reverse("quiz", args=PLACE)).content.decode()


def test_only_learners_take_quizzes(client_for: ClientFor, manager: User, chapter: Chapter) -> None:
    assert client_for(manager).post(reverse("quiz-start", args=PLACE)).status_code == 403


def test_without_attempts_left_the_page_says_whom_to_ask(
    client_for: ClientFor, learner: User, chapter: Chapter
) -> None:
    for _ in range(3):
        one = services.attempt_start(user=learner, chapter=chapter)
        services.attempt_submit(user=learner, attempt_id=one.pk, answers={})
    client = client_for(learner, language="en")
    assert "manager can add another" in client.get(reverse("quiz", args=PLACE)).content.decode()
    assert client.post(reverse("quiz-start", args=PLACE)).status_code == 409


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_attempt_shows_every_question_in_the_frozen_order(
    client_for: ClientFor, attempt: Attempt, language: str
) -> None:
    page = client_for(attempt.user, language=language).get(reverse("attempt", args=[attempt.pk])).content.decode()
    places = [page.index(f'data-question="{key}"') for key, _options in attempt.order]
    assert places == sorted(places)
    assert ("Option many-a (en)" if language == "en" else "Option many-a（中）") in page
    assert "no-store" in client_for(attempt.user).get(reverse("attempt", args=[attempt.pk])).headers["Cache-Control"]


def test_saving_answers_json(client_for: ClientFor, attempt: Attempt) -> None:
    response = client_for(attempt.user).post(save_url(attempt), {"value": ["one-yes"], "sequence": 3, "flagged": "1"})
    answer = Answer.objects.get()
    assert (answer.value, answer.flagged, answer.sequence) == (["one-yes"], True, 3)
    shown = json.loads(response.content)
    assert shown.pop("saved_at")
    assert shown == {"kept": True, "value": ["one-yes"], "flagged": True, "sequence": 3, "readable": True}


def test_saving_says_whether_a_number_can_be_read_but_not_whether_it_is_right(
    client_for: ClientFor, attempt: Attempt
) -> None:
    client = client_for(attempt.user)
    replies = [
        json.loads(client.post(save_url(attempt, "sum"), {"value-typed": typed, "sequence": sequence}).content)
        for sequence, typed in enumerate(["4217.5", "1", "many"], start=1)
    ]
    assert [reply["readable"] for reply in replies] == [True, True, False]
    assert set(replies[0]) == set(replies[1]) == {"kept", "value", "flagged", "sequence", "saved_at", "readable"}


def test_a_refused_answer_is_json_too(client_for: ClientFor, attempt: Attempt) -> None:
    client = client_for(attempt.user, language="en")
    wrong = client.post(save_url(attempt), {"value": ["?"], "sequence": 1})
    assert (wrong.status_code, json.loads(wrong.content)["code"]) == (422, "bad_answer")
    services.attempt_submit(user=attempt.user, attempt_id=attempt.pk, answers={})
    late = client.post(save_url(attempt), {"value": ["one-yes"], "sequence": 1})
    assert (late.status_code, json.loads(late.content)["code"]) == (409, "attempt_closed")


@pytest.mark.parametrize("sequence", ["", "-1", "x", "1.5", "9" * 400, "²"])
def test_a_strange_sequence_does_no_harm(client_for: ClientFor, attempt: Attempt, sequence: str) -> None:
    response = client_for(attempt.user).post(save_url(attempt), {"value": ["one-yes"], "sequence": sequence})
    assert response.status_code == 200


def test_the_whole_form_can_be_submitted_without_script(client_for: ClientFor, attempt: Attempt) -> None:
    client = client_for(attempt.user, language="en")
    response = client.post(reverse("attempt-submit", args=[attempt.pk]), form_of(RIGHT), follow=True)
    assert response.redirect_chain == [(reverse("attempt", args=[attempt.pk]), 302)]
    assert "Passed: 3 of 3 right" in response.content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_result_explains_every_answer_and_leads_on(client_for: ClientFor, attempt: Attempt, language: str) -> None:
    client = client_for(attempt.user, language=language)
    answers = WRONG | {"sum": "about 7"}
    page = client.post(reverse("attempt-submit", args=[attempt.pk]), form_of(answers), follow=True).content.decode()
    for key in ("one-yes", "one-no", "one-not", "many-a", "many-b", "many-c", "sum"):
        assert (f"WHY-{key} (en)" if language == "en" else f"WHY-{key}（中）") in page
    assert "4,217.5" in page
    assert "about 7" in page
    assert reverse("section", args=[*PLACE, "first"]) in page
    assert reverse("quiz-start", args=PLACE) in page


def test_the_log_tells_each_change_in_its_order(client_for: ClientFor, attempt: Attempt) -> None:
    client = client_for(attempt.user, language="en")
    for sequence, form in enumerate(
        [{"value-typed": "1"}, {"value-typed": "1"}, {"value-typed": "2.5"}, {"value-typed": ""}], start=1
    ):
        client.post(save_url(attempt, "sum"), form | {"sequence": sequence})
    client.post(save_url(attempt, "sum"), {"value-typed": "late", "sequence": 1})  # older than what is kept
    client.post(save_url(attempt, "sum"), {"value-typed": "", "flagged": "1", "sequence": 9})
    page = client.post(reverse("attempt-submit", args=[attempt.pk]), follow=True).content.decode()
    place = 1 + [key for key, _options in attempt.order].index("sum")
    log = page[page.index('id="log"') :]
    said = [f"Question {place}, {words}" for words in ("saved: 1", "saved: 2.5", "cleared", "flagged")]
    assert [log.count(line) for line in said] == [1, 1, 1, 1]
    assert [log.index(line) for line in said] == sorted(log.index(line) for line in said)
    assert "late" not in log


def test_an_expired_attempt_is_graded_when_it_is_looked_at(client_for: ClientFor, attempt: Attempt) -> None:
    assert attempt.deadline_at
    attempt.started_at -= timedelta(seconds=700)
    attempt.deadline_at -= timedelta(seconds=700)
    attempt.save()
    page = client_for(attempt.user, language="en").get(reverse("attempt", args=[attempt.pk])).content.decode()
    assert "Time ran out" in page
    attempt.refresh_from_db()
    assert attempt.state == "graded"


def test_the_key_never_leaves_the_server_before_submission(
    client_for: ClientFor, learner: User, chapter: Chapter
) -> None:
    """Walks every page and answer that a learner can get while the attempt is open, in both languages."""
    for language in ("en", "zh-hans"):
        client = client_for(learner, language=language)
        seen = [client.get(reverse("quiz", args=PLACE)), client.post(reverse("quiz-start", args=PLACE), follow=True)]
        attempt = Attempt.objects.get(state="open")
        seen += [client.get(reverse("attempt", args=[attempt.pk]))]
        for key, answers in (("one", ["one-yes", "one-no"]), ("many", ["many-a", "many-c"])):
            seen += [client.post(save_url(attempt, key), {"value": [one], "sequence": 1}) for one in answers]
        seen += [client.post(save_url(attempt, "sum"), {"value-typed": "1", "sequence": 1})]
        seen += [client.get(reverse(name, args=PLACE)) for name in ("quiz", "progress-rules")]
        seen += [client.get(reverse("home")), client.get(reverse("course", args=PLACE[:1]))]
        seen += [
            client.get(reverse("section", args=[*PLACE, "first"])),
            client.get(reverse("learner", args=[learner.pk])),
        ]
        seen += [client.get(path) for path in ("/api/courses/", "/api/courses/course/", "/api/me/progress/")]
        for response in seen:
            assert response.status_code == 200, response.request["PATH_INFO"]
            text = response.content.decode()
            for secret in ("WHY-", "4217.5", "tolerance", "&quot;right&quot;", '"right"'):
                assert secret not in text, (response.request["PATH_INFO"], secret)


@pytest.mark.parametrize(
    ("method", "name"),
    [("get", "attempt"), ("post", "attempt-submit"), ("post", "attempt-save")],
)
def test_somebody_elses_attempt_is_not_found(
    client_for: ClientFor,
    other_learner: User,
    manager: User,
    administrator: User,
    attempt: Attempt,
    method: str,
    name: str,
) -> None:
    url = save_url(attempt) if name == "attempt-save" else reverse(name, args=[attempt.pk])
    for person in (other_learner, manager, administrator):
        assert getattr(client_for(person), method)(url, {"value": "one-yes", "sequence": 1}).status_code == 404
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("post", "quiz"),
        ("get", "quiz-start"),
        ("post", "attempt"),
        ("get", "attempt-submit"),
        ("get", "attempt-save"),
    ],
)
def test_wrong_methods_are_refused(client_for: ClientFor, attempt: Attempt, method: str, name: str) -> None:
    args = {"quiz": PLACE, "quiz-start": PLACE, "attempt-save": (attempt.pk, "one")}.get(name, (attempt.pk,))
    assert getattr(client_for(attempt.user), method)(reverse(name, args=args)).status_code == 405


@pytest.mark.parametrize("name", ["quiz", "attempt"])
def test_pages_need_a_sign_in(client: Client, attempt: Attempt, name: str) -> None:
    response = client.get(reverse(name, args=PLACE if name == "quiz" else [attempt.pk]))
    assert response.status_code == 302
    assert reverse("account_login") in response.headers["Location"]


@pytest.mark.parametrize("name", ["quiz-start", "attempt-submit", "attempt-save"])
def test_posts_need_a_sign_in(client: Client, attempt: Attempt, name: str) -> None:
    args = {"quiz-start": PLACE, "attempt-save": (attempt.pk, "one")}.get(name, (attempt.pk,))
    assert reverse("account_login") in client.post(reverse(name, args=args)).headers["Location"]


def test_pages_take_few_queries(client_for: ClientFor, attempt: Attempt, django_assert_max_num_queries: Any) -> None:
    client = client_for(attempt.user)
    with django_assert_max_num_queries(6):
        client.get(reverse("quiz", args=PLACE))
    with django_assert_max_num_queries(5):
        client.get(reverse("attempt", args=[attempt.pk]))
    client.post(reverse("attempt-submit", args=[attempt.pk]))
    with django_assert_max_num_queries(8):
        client.get(reverse("attempt", args=[attempt.pk]))
