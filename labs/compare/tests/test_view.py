"""The address of the run table, and the words in its search field."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from labs.compare.search import search
from labs.compare.view import MOST_PINNED, View, toggled
from labs.models import Run
from labs.tests.factories import make_finished, make_run
from portal.accounts.models import User
from portal.lib.errors import UserError


def test_a_view_is_its_address_and_back() -> None:
    view = View(
        lab="training",
        q="lr>0.001 muon",
        sort="-held",
        pin=(3, 1),
        show=(7, 3),
        axis="tokens",
        log=True,
        zoom=(10, 99.5),
    )
    assert View.read(QueryDict(view.query.removeprefix("?"))) == view
    assert View.read(QueryDict("")).query == "?"


def test_hiding_every_run_is_not_the_same_as_choosing_none() -> None:
    assert View.read(QueryDict("")).show is None
    assert View.read(QueryDict("show=none")).show == ()


@pytest.mark.parametrize(
    "query",
    ["show=1,x,-2,,9999999999999999999&axis=miles&zoom=5,1", "zoom=nan,1&pin=a&log=yes&page=zz", "show=&sort=%00"],
)
def test_what_an_address_cannot_mean_is_left_out(query: str) -> None:
    view = View.read(QueryDict(query))
    assert (view.axis, view.zoom, view.pin, view.log) == ("step", None, (), False)
    assert view.show in (None, (1,))


def test_only_some_runs_can_be_pinned() -> None:
    assert len(View.read({"pin": ",".join(map(str, range(50)))}).pin) == MOST_PINNED


def test_a_press_adds_all_of_a_group_or_takes_all_away() -> None:
    assert toggled((1, 2), (3,)) == "1,2,3"
    assert toggled((1, 2, 3), (2, 3)) == "1"
    assert toggled((1, 2), (2, 3)) == "1,3,2" or toggled((1, 2), (2, 3)) == "1,2,3"
    assert toggled((1,), (1,)) == "none"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("lr>0.01", {"fast"}),
        ("lr<=0.01", {"slow", "other"}),
        ("seed:7", {"slow"}),
        ("muon", {"fast", "slow"}),
        ("optimizer:adamw", {"other"}),
        ("lab:generation", {"other"}),
        ("lr>0.0001 seed=7 muon", {"slow"}),
        ("params>1e12", set()),
        ("nonsense", set()),
    ],
)
def test_words_filter_runs(learner: User, words: str, expected: set[str]) -> None:
    made = {
        "fast": make_run(learner, spec={"learning_rate": 0.03, "optimizer": "muon"}),
        "slow": make_finished(learner, spec={"learning_rate": 0.01, "optimizer": "muon", "seed": 7}),
        "other": make_run(
            learner, lab="generation", spec={"learning_rate": 0.01, "optimizer": "adamw", "momentum": 0.9}
        ),
    }
    names = {run.pk: name for name, run in made.items()}
    assert {names[pk] for pk in Run.objects.filter(search(words)).values_list("pk", flat=True)} == expected


@pytest.mark.parametrize("word", ["colour:red", "lr>fast", "lr>nan", "seed:1e400"])
def test_words_that_mean_nothing_are_told(word: str) -> None:
    with pytest.raises(UserError) as told:
        search(word)
    assert word.split(":")[0].split(">")[0] in str(told.value.message)


def test_a_run_is_found_by_its_number(learner: User) -> None:
    run = make_run(learner)
    make_run(learner)
    assert list(Run.objects.filter(search(f"#{run.pk}"))) == [run]
    assert list(Run.objects.filter(search(f"run:{run.pk}"))) == [run]
