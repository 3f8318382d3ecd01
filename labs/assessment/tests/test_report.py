"""Report cards and the forms on them: who sees them, what is on them, and what is not before the answers are in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from labs.assessment.models import Submission
from labs.assessment.tests.factories import make_open, make_source, right_answers
from labs.models import Run
from labs.tests.factories import make_run
from portal.accounts.models import User

ClientFor = Callable[..., Client]
BAND = {"value": 0.75, "low": 0.7, "high": 0.8, "n": 100}


def report(client: Client, run: Run | None) -> Any:
    assert run is not None
    return client.get(reverse("run-report", args=[run.pk]))


@pytest.mark.parametrize("name", ["run-report", "run-report-markdown"])
def test_a_card_is_its_owners(client_for: ClientFor, learner: User, other_learner: User, name: str) -> None:
    url = reverse(name, args=[make_source(learner).pk])
    assert client_for(learner).get(url).status_code == 200
    assert client_for(other_learner).get(url).status_code == 404
    assert Client().get(url).status_code == 302
    assert client_for(learner).post(url).status_code == 405


def test_forms_are_their_owners_and_posted(client_for: ClientFor, learner: User, other_learner: User) -> None:
    source, attempt = make_source(learner), make_open(learner)
    for url in (
        reverse("submission-create", args=[source.pk]),
        reverse("submission-answer", args=[attempt.pk]),
    ):
        assert client_for(other_learner).post(url, {"token": "t"}).status_code == 404
        assert client_for(learner).get(url).status_code == 405
        assert Client().post(url).status_code == 302


def test_a_card_holds_recipe_facts_curve_measures_samples_and_prediction(client_for: ClientFor, learner: User) -> None:
    run = make_source(learner, data_hash="d" * 64)
    text = report(client_for(learner, language="en"), run).content.decode()
    for part in ("Loss 2.000", "Closeness", "d" * 64, "2.13", "<path", "cat", "Submit this recipe"):
        assert part in text


def test_a_card_of_a_run_that_has_not_begun_says_so_and_offers_no_grade(client_for: ClientFor, learner: User) -> None:
    text = report(client_for(learner, language="en"), make_run(learner)).content.decode()
    assert "Only the recipe of a finished run can be submitted." in text
    assert "Submit this recipe" not in text


def test_a_card_takes_few_queries(
    client_for: ClientFor, learner: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    attempt = make_open(learner)
    client = client_for(learner)
    with django_assert_max_num_queries(15):
        report(client, attempt.run)


def test_a_recipe_is_handed_in_by_one_press(client_for: ClientFor, learner: User) -> None:
    client, source = client_for(learner), make_source(learner)
    url = reverse("submission-create", args=[source.pk])
    first, second = (client.post(url, {"token": "t"})["Location"] for _ in range(2))
    assert first == second == reverse("run", args=[Submission.objects.get().run_id])
    refused = client.post(url, {"token": "u"})
    assert refused.status_code == 409
    assert refused.context["problem"].code == "attempt_unfinished"


def test_nothing_of_the_key_or_the_secret_is_on_a_page_before_the_answers(client_for: ClientFor, learner: User) -> None:
    attempt = make_open(learner)
    client = client_for(learner, language="en")
    page = report(client, attempt.run)
    assert all(asked.truth == "" and asked.right is None for asked in page.context["report"].asked)
    assert attempt.run is not None
    urls = [reverse(name, args=[attempt.run.pk]) for name in ("run-report", "run-report-markdown", "run", "run-points")]
    for url in (*urls, f"/api/runs/{attempt.run.pk}/", f"/api/runs/{attempt.run.pk}/events/"):
        text = client.get(url).content.decode()
        assert attempt.secret not in text
        assert "tolerance" not in text


def test_answers_are_graded_and_shown(client_for: ClientFor, learner: User) -> None:
    attempt = make_open(learner, value=0.5)
    client = client_for(learner, language="en")
    url = reverse("submission-answer", args=[attempt.pk])
    refused = client.post(url, {"answer-0": "much"})
    assert refused.status_code == 422
    assert refused.content.decode().count('aria-invalid="true"') + refused.content.decode().count("Choose one.") >= 3
    answers = {f"answer-{place}": text for place, text in right_answers(attempt).items()}
    # What a browser adds decides nothing.
    forged = {"score": "100", "passed": "1", "scores": "{}", "hidden_value": "9", "state": "graded"}
    done = client.post(url, answers | forged)
    assert done.status_code == 302
    attempt.refresh_from_db()
    assert attempt.hidden_value == 0.5
    text = client.get(done["Location"]).content.decode()
    assert f"{attempt.score:.1f}" in text
    assert text.count("You answered") == 3
    assert "Hidden set" in client.get(reverse("run-report-markdown", args=[attempt.run_id])).content.decode()


def test_markdown_and_html_of_others_stay_text(client_for: ClientFor, learner: User) -> None:
    nasty = "| a | <script>alert(1)</script> [x](javascript:1) `\n# title"
    run = make_source(learner, samples=[{"step": 40, "prompt": "The ", "text": nasty}])
    client = client_for(learner)
    text = client.get(reverse("run-report-markdown", args=[run.pk])).content.decode()
    assert text.count("<script") == text.count("\\<script") == 1
    assert "\n# title" not in text
    assert "\\[x\\](javascript:1)" in text
    assert "<script>alert" not in report(client, run).content.decode()
