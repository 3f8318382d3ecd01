"""Closeness: 1 for a perfect guess, never outside 0 to 1, and never better for a worse guess."""

from __future__ import annotations

import itertools
import random

import pytest

from labs.assessment import predictions, selectors
from labs.assessment.predictions import ForecastError, checked, of_curve, of_number, of_ranking, read_forecast
from labs.catalogue import LABS
from labs.lab import Prediction
from labs.tests.factories import make_curve, make_finished
from portal.accounts.models import User

RANKING = Prediction(
    question=LABS["training"].title, measure="loss", slice="run", kind="ranking", rank="presets", items=("a", "b", "c")
)
SKETCH = Prediction(question=LABS["training"].title, measure="loss", slice="run", sketch=True)


@pytest.mark.parametrize("measure", ["loss", "exact_match", "bleu", "perplexity", "bytes_per_token"])
def test_a_number_is_the_closer_the_nearer(measure: str) -> None:
    draws = random.Random(1)
    for _ in range(200):
        came = draws.uniform(0.1, 100)
        near, far = sorted(draws.uniform(0, 60) for _ in range(2))
        for sign in (1, -1):
            one, other = of_number(measure, came + sign * near, came), of_number(measure, came + sign * far, came)
            assert 0 <= other <= one <= 1
        assert of_number(measure, came, came) == 1


def test_twice_or_half_the_loss_tells_nothing_and_half_the_scale_of_a_share_neither() -> None:
    assert of_number("loss", 4.0, 2.0) == pytest.approx(0)
    assert of_number("loss", 1.0, 2.0) == pytest.approx(0)
    assert of_number("accuracy", 40, 90) == 0
    assert of_number("accuracy", 65, 90) == 0.5


def test_a_ranking_counts_pairs_in_the_right_order() -> None:
    came = {"a": 0.9, "b": 0.5, "c": 0.1}
    found = [of_ranking(order, came, lowest_first=False) for order in itertools.permutations("abc")]
    assert found == pytest.approx([1, 2 / 3, 2 / 3, 1 / 3, 1 / 3, 0])
    assert of_ranking("cba", came, lowest_first=True) == 1


def test_ties_are_right_either_way_and_one_outcome_is_none() -> None:
    assert of_ranking("ab", {"a": 1, "b": 1}, lowest_first=False) == 1
    assert of_ranking("ab", {"a": 1}, lowest_first=False) is None


def test_a_curve_drawn_on_the_run_is_perfect_and_a_flat_one_is_not() -> None:
    held = make_curve(100)["held_out"]
    exact = [[share, predictions.loss_at(held, share * 100)] for share in predictions.HANDLES]
    assert of_curve(exact, held, 100) == 1
    for off in (0.1, 0.5, 5.0):
        found = of_curve([[share, loss + off] for share, loss in exact], held, 100)
        assert found is not None
        assert 0 <= found < 1
    assert of_curve(exact, {"step": [1], "loss": [2.0]}, 100) is None


def test_a_form_says_a_ranking_or_a_whole_curve() -> None:
    assert read_forecast(RANKING, {"rank-a": "2", "rank-b": "1", "rank-c": "3"})["order"] == ["b", "a", "c"]
    given = {f"sketch-{place}": str(4 - place / 2) for place in range(5)}
    assert read_forecast(SKETCH, given)["points"][-1] == [1.0, 2.0]
    assert read_forecast(SKETCH, {}) == read_forecast(RANKING, {}) == {}


@pytest.mark.parametrize(
    "given",
    [{"rank-a": "1"}, {"rank-a": "1", "rank-b": "1", "rank-c": "3"}, {"rank-a": "0", "rank-b": "1", "rank-c": "2"}],
)
def test_a_ranking_gives_each_a_place_of_its_own(given: dict[str, str]) -> None:
    with pytest.raises(ForecastError):
        read_forecast(RANKING, given)


@pytest.mark.parametrize("text", ["", "nan", "inf", "-1", "0", "much", "1e9"])
def test_half_a_curve_or_no_losses_are_refused(text: str) -> None:
    with pytest.raises(ForecastError):
        read_forecast(SKETCH, {f"sketch-{place}": "2" for place in range(4)} | {"sketch-4": text})


@pytest.mark.parametrize(
    "forecast",
    [
        {"kind": "ranking", "order": "abc"},
        {"kind": "ranking", "order": ["a", "b", "x"]},
        {"kind": "ranking", "order": [{}, [], 1]},
        {"kind": "curve", "points": [[1, 2]]},
        {"kind": "curve", "points": [[1]] * 5},
        {"kind": "other"},
        [1],
        "x",
    ],
)
def test_what_a_program_makes_up_is_refused(forecast: object) -> None:
    for asked in (RANKING, SKETCH):
        with pytest.raises(ForecastError):
            checked(asked, forecast)


def test_a_ranking_is_held_against_ones_own_runs_of_the_presets(learner: User, other_learner: User) -> None:
    lab = LABS["families"]

    def ran(owner: User, name: str, share: float) -> None:
        band = {"value": share, "low": share, "high": share, "n": 200}
        info = {"evaluations": {"distance-64": {"step": 1, "measures": {"exact_match": band}, "detail": {}}}}
        spec = lab.preset_named(name).spec.to_dict() | {"seed": 5}
        make_finished(owner, lab="families", spec=spec, info=info)

    said = make_finished(learner, lab="families", forecast={"kind": "ranking", "order": ["gpt", "lstm", "rnn"]})
    ran(learner, "gpt", 0.9)
    ran(other_learner, "lstm", 0.5)
    found = selectors.verdict(learner, lab, said)
    assert (found.closeness, found.missing) == (None, ("lstm", "rnn"))
    ran(learner, "rnn", 0.2)
    ran(learner, "lstm", 0.1)
    found = selectors.verdict(learner, lab, said)
    assert (found.order, found.missing) == (("gpt", "rnn", "lstm"), ())
    assert found.closeness == pytest.approx(2 / 3)
