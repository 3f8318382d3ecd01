"""Guesses, checks and widgets: committed as plain forms or by htmx, and no key on the page before its time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from courses.models import Chapter, Evidence
from courses.reader.blocks import plain_number
from courses.tests.test_reader import FIRST, SECOND, text_of
from portal.accounts.models import User

GUESS = "/learn/small/one/guess/opening/"
CHECK = "/learn/small/one/check/scale/"
WIDGET = "/learn/small/one/widget/softmax/"
HTMX = {"HX-Request": "true"}
MakeClient = Callable[..., Client]


@pytest.fixture
def reader(one: Chapter, client_for: MakeClient, learner: User) -> Client:
    """A learner with the small course, in English."""
    return client_for(learner, language="en")


def test_no_key_is_on_any_page_before_it_is_earned(reader: Client) -> None:
    pages = [reader.get(FIRST), reader.get(SECOND), reader.get("/"), reader.get("/learn/small/one/rules/")]
    pages += [reader.post(GUESS, {"value": "?"}), reader.post(GUESS, {"value": "?"}, headers=HTMX)]
    pages += [reader.post(CHECK, {}), reader.post(CHECK, {"choice": "9"}, headers=HTMX)]
    for page in pages:
        assert "SECRET" not in text_of(page)
        assert "66.5" not in text_of(page)


def test_a_wrong_check_reveals_its_own_explanation_only(reader: Client) -> None:
    reader.post(CHECK, {"choice": "0"})
    page = text_of(reader.get(FIRST))
    assert "SECRET-WHY-six" in page
    assert "SECRET-WHY-right" not in page
    assert "SECRET-WHY-three" not in page
    assert "not this one" in page
    assert "is-right" not in page


def test_a_guess_is_committed_and_then_answered(reader: Client) -> None:
    response = reader.post(GUESS, {"value": "60"})
    assert response["Location"] == f"{FIRST}#block-opening"
    page = text_of(reader.get(FIRST))
    assert "SECRET-REVEAL" in page
    assert "66.5 %" in page
    assert "6.5 away" in page
    assert Evidence.objects.get(kind="guess").value == {"value": 60.0, "text": "60", "off": 6.5, "close": False}


@pytest.mark.parametrize(
    ("typed", "value"), [("60", 60), ("60 %", 60), (" 60,5 ", 60.5), ("６０．５", 60.5), ("-3", -3), ("60.5%", 60.5)]
)
def test_a_guess_is_read_as_people_write_numbers(reader: Client, typed: str, value: float) -> None:
    reader.post(GUESS, {"value": typed})
    assert Evidence.objects.get(kind="guess").value["value"] == value


@pytest.mark.parametrize("typed", ["", "many", "nan", "1e999", "6 0 x"])
def test_a_guess_that_is_no_number_comes_back_with_what_was_typed(reader: Client, typed: str) -> None:
    response = reader.post(GUESS, {"value": typed})
    assert response.status_code == 422
    page = text_of(response)
    assert "Type a number" in page
    assert f'value="{typed}"' in page
    assert 'aria-invalid="true"' in page
    assert not Evidence.objects.exists()


def test_a_second_guess_does_not_replace_the_first(reader: Client) -> None:
    reader.post(GUESS, {"value": "60"})
    reader.post(GUESS, {"value": "66.5"})
    assert Evidence.objects.get(kind="guess").value["value"] == 60


def test_htmx_gets_the_block_and_the_rules(reader: Client) -> None:
    page = text_of(reader.post(GUESS, {"value": "63"}, headers=HTMX))
    assert page.lstrip().startswith('<div class="guess" id="block-opening"')
    assert "close: 3.5 away" in page
    assert 'id="rules" hx-swap-oob="true"' in page
    assert "<html" not in page
    refused = reader.post(CHECK, {}, headers=HTMX)
    assert refused.status_code == 422
    assert "Choose an answer." in text_of(refused)


def test_a_check_may_be_tried_again_and_counts_when_right(reader: Client) -> None:
    assert reader.post(CHECK, {"choice": "2"})["Location"] == f"{FIRST}#block-scale"
    assert not Evidence.objects.get(kind="check").passed
    reader.post(CHECK, {"choice": "1"})
    assert Evidence.objects.get(kind="check").passed
    page = text_of(reader.get(FIRST))
    assert "is-right" in page
    assert "SECRET-WHY-six" in page


@pytest.mark.parametrize("choice", ["", "3", "-1", "x", "٢"])
def test_a_check_without_a_choice_is_refused(reader: Client, choice: str) -> None:
    assert reader.post(CHECK, {"choice": choice}).status_code == 422
    assert not Evidence.objects.exists()


def test_a_widget_reports_its_goal(reader: Client) -> None:
    assert reader.post(WIDGET, {"value": "90 %"})["Location"] == f"{SECOND}#block-softmax"
    assert Evidence.objects.get(kind="widget").value == {"value": "90 %"}
    assert "90 % reached" in text_of(reader.post(WIDGET, {"value": "95 %"}, headers=HTMX))


@pytest.mark.parametrize("path", [GUESS, CHECK, WIDGET])
def test_an_unknown_block_is_not_found_and_a_key_of_another_kind_neither(reader: Client, path: str) -> None:
    parts = path.split("/")
    for key in ("none", "training", "first"):
        parts[-2] = key
        assert reader.post("/".join(parts), {"value": "1", "choice": "1"}).status_code == 404
    assert not Evidence.objects.exists()


def test_who_is_no_learner_cannot_answer(one: Chapter, client_for: MakeClient, author: User) -> None:
    client = client_for(author)
    for path in (GUESS, CHECK, WIDGET):
        assert client.post(path, {"value": "1", "choice": "1"}).status_code == 403
    assert not Evidence.objects.exists()


def test_answers_belong_to_who_gave_them(reader: Client, client_for: MakeClient, other_learner: User) -> None:
    reader.post(GUESS, {"value": "60"})
    assert "SECRET-REVEAL" not in text_of(client_for(other_learner).get(FIRST))


def test_what_is_typed_is_escaped(reader: Client) -> None:
    page = text_of(reader.post(GUESS, {"value": '"><script>'}))
    assert '"><script>' not in page


@pytest.mark.parametrize(
    ("value", "text"), [(60.0, "60"), (66.5, "66.5"), (0.00034, "0.0003"), (0.0, "0"), (1234567.0, "1234567")]
)
def test_numbers_are_written_without_trailing_zeros(value: float, text: str) -> None:
    assert plain_number(value) == text
