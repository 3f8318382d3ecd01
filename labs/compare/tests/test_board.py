"""A lab's board: opt-in, places, ties, and nothing below three."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertNotContains

from labs.catalogue import LABS
from labs.compare.board import board
from labs.compare.models import BoardEntry
from labs.compare.services import board_join, board_leave
from labs.compare.tests.factories import make_graded
from portal.accounts.models import User
from portal.lib.errors import UserError

ClientFor = Callable[..., Client]
LAB = LABS["training"]


def make_people(number: int) -> list[User]:
    return [User.objects.create_user(f"p{at}@gradus.example", display_name=f"Person {at}") for at in range(number)]


@pytest.mark.usefixtures("db")
def test_better_results_lead_and_equal_ones_share_a_place() -> None:
    people = make_people(4)
    for user, value in zip(people, (0.25, 0.4, 0.25004, 0.1), strict=True):
        board_join(user=user, lab="training", shown="name")
        make_graded(user, value)
    found = board(people[0], LAB)
    assert [(place.name, place.place) for place in found.places] == [
        ("Person 1", 1),
        ("Person 0", 2),
        ("Person 2", 2),
        ("Person 3", 4),
    ]
    assert found.own is not None
    assert found.own.place == 2


@pytest.mark.usefixtures("db")
def test_there_is_no_board_below_three_but_ones_own_result() -> None:
    people = make_people(3)
    for user in people:
        make_graded(user, 1.5)
    for user in people[:2]:
        board_join(user=user, lab="training", shown="name")
    found = board(people[0], LAB)
    assert found.places == []
    assert found.own is not None
    assert (found.own.place, found.own.value) == (0, "1.500")


def test_who_takes_no_part_is_seen_by_nobody_and_sees_their_own_place(client_for: ClientFor, learner: User) -> None:
    people = make_people(3)
    for user, value in zip(people, (0.5, 0.3, 0.2), strict=True):
        board_join(user=user, lab="training", shown="anonymous")
        make_graded(user, value)
    make_graded(learner, 0.4)
    own = board(learner, LAB).own
    assert own is not None
    assert own.place == 2
    page = client_for(people[0]).get(reverse("board", args=["training"]))
    assert len(page.context["board"].places) == 3
    assertNotContains(page, "0.400")
    assertNotContains(page, "Person 1")


@pytest.mark.usefixtures("db")
def test_the_best_graded_attempt_counts() -> None:
    (user,) = make_people(1)
    make_graded(user, 0.1)
    make_graded(user, 0.3, attempt=2)
    make_graded(user, 0.2, attempt=3)
    own = board(user, LAB).own
    assert own is not None
    assert own.value == "0.300"


def test_joining_twice_changes_how_one_stands_and_leaving_forgets(client_for: ClientFor, learner: User) -> None:
    client = client_for(learner)
    for shown in ("name", "anonymous"):
        assert client.post(reverse("board-join", args=["training"]), {"shown": shown}).status_code == 302
    assert BoardEntry.objects.get().shown == "anonymous"
    assert client.post(reverse("board-join", args=["training"]), {"shown": "crown"}).status_code == 422
    board_leave(user=learner, lab="training")
    assert not BoardEntry.objects.exists()


def test_only_learners_take_part(manager: User) -> None:
    with pytest.raises(UserError, match="not_a_learner"):
        board_join(user=manager, lab="training", shown="name")


def test_a_lab_that_is_none_has_no_board(client_for: ClientFor, learner: User) -> None:
    assert client_for(learner).get(reverse("board", args=["nonsense"])).status_code == 404
