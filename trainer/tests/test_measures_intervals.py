from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from trainer.measures.band import band
from trainer.measures.intervals import (
    Floats,
    Interval,
    bootstrap,
    bootstrap_mean,
    bootstrap_ratio,
    jackknife,
    normal_ratio,
    ratio,
    wilson,
)
from trainer.measures.loss import bits_per_byte, loss_report, perplexity


def test_wilson_agrees_with_the_textbook() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for hits, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(hits, n)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
        assert (found.value, found.n) == (hits / n, n)


@pytest.mark.parametrize("n", range(1, 40))
def test_wilson_always_holds_its_value_and_stays_a_share(n: int) -> None:
    for hits in range(n + 1):
        found = wilson(hits, n)
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.low < found.high


def test_nothing_measured_may_be_anything() -> None:
    assert wilson(0, 0) == Interval(0.0, 0.0, 1.0, 0)
    assert bootstrap_mean([]) == Interval(0.0, 0.0, 1.0, 0)
    assert bootstrap_mean([], bounds=(0, 100)) == Interval(0.0, 0, 100, 0)
    assert jackknife(0.0, []) == Interval(0.0, 0.0, 1.0, 0)
    for hits, n in ((2, 1), (-1, 3)):
        with pytest.raises(ValueError, match="of"):
            wilson(hits, n)


def test_one_example_says_its_value_and_no_more() -> None:
    assert bootstrap_mean([0.25]) == Interval(0.25, 0.0, 1.0, 1)
    assert jackknife(0.5, [0.0]) == Interval(0.5, 0.0, 1.0, 1)
    assert normal_ratio([6.0], [2]) == Interval(3.0, 3.0, 3.0, 1)


def test_examples_that_are_all_alike_leave_no_width() -> None:
    assert bootstrap_mean([0.5] * 9) == Interval(0.5, 0.5, 0.5, 9)
    assert normal_ratio([1.0] * 4, [2.0] * 4) == Interval(0.5, 0.5, 0.5, 4)


def test_a_ratio_over_nothing_is_zero() -> None:
    assert bootstrap_ratio([0, 0], [0, 0]) == Interval(0.0, 0.0, 0.0, 2)
    assert ratio(np.array([1.0, 3.0]), np.array([0.0, 2.0])).tolist() == [0.0, 1.5]


@pytest.mark.parametrize("make", [bootstrap_mean, partial(normal_ratio, denominators=[1, 1]), partial(jackknife, 0.5)])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_refused(make: Callable[[list[float]], Interval], bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        make([0.5, bad])


def test_a_ratio_of_nothing_is_refused_where_no_bound_is_known() -> None:
    for above, below in (([], []), ([1.0], [0]), ([1.0, 2.0], [3])):
        with pytest.raises(ValueError, match="no ratio"):
            normal_ratio(above, below)


def test_the_bootstrap_of_a_mean_agrees_with_the_normal_interval() -> None:
    values = np.random.default_rng(3).random(400)
    found, expected = bootstrap_mean(values), normal_ratio(values, np.ones(400))
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(expected.low, abs=0.004)
    assert found.high == pytest.approx(expected.high, abs=0.004)
    assert found == bootstrap_mean(values), "another call gives other bounds"


def test_the_bootstrap_resamples_examples_not_sums() -> None:
    # A share of 30 of 100: the binomial's own quantiles, within the noise of 1,000 resamples.
    found = bootstrap_mean([1.0] * 30 + [0.0] * 70)
    assert (found.low, found.high) == pytest.approx((0.21, 0.39), abs=0.02)


def test_equal_examples_may_be_given_once_with_a_count() -> None:
    def mean(sums: Floats) -> Floats:
        return ratio(sums[:, :1], sums[:, 1:])

    one_by_one = bootstrap([[1, 1]] * 3 + [[0, 1]] * 5, mean)
    assert bootstrap([[0, 1], [1, 1]], mean, counts=[5, 3]) == one_by_one
    assert one_by_one[0].n == 8


def test_a_biased_figure_still_lies_in_its_interval() -> None:
    rows = np.random.default_rng(1).choice([-1.0, 1.0], size=(200, 1))
    rows[0] -= rows.sum()  # the sum is 0, the least that its absolute value can be
    (found,) = bootstrap(rows, np.abs)
    assert found.value == found.low < 1e-9 < found.high


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    held = {"bootstrap": 0, "normal": 0, "wilson": 0}
    for _ in range(200):
        tokens = rng.integers(5, 15, 60).astype(np.float64)
        nats = tokens * rng.gamma(4.0, 0.5, 60)  # a mean of 2 nats a token
        for name, found in (
            ("bootstrap", bootstrap_ratio(nats, tokens)),
            ("normal", normal_ratio(nats, tokens)),
        ):
            held[name] += found.low <= 2.0 <= found.high
        share = wilson(int(rng.binomial(60, 0.9)), 60)
        held["wilson"] += share.low <= 0.9 <= share.high
    assert all(178 <= times <= 199 for times in held.values()), held


def test_a_jackknife_of_a_mean_is_its_normal_interval() -> None:
    values = np.random.default_rng(2).random(50)
    left_out = (values.sum() - values) / 49
    found, expected = jackknife(float(values.mean()), left_out), normal_ratio(values, np.ones(50))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_loss_weighs_tokens_and_takes_windows_as_units() -> None:
    found = loss_report([10.0, 30.0], [10, 10]).figures["loss"]
    # Mean 2; residuals -10 and 10 nats: sqrt(2 / 1 * 200) / 20 tokens = 1.
    assert found.value == 2.0
    assert (found.low, found.high) == pytest.approx((2 - 1.959964, 2 + 1.959964))
    assert found.n == 2
    assert loss_report([1.0, 9.0], [1, 3]).figures["loss"].value == 2.5


def test_perplexity_is_e_to_the_loss_at_either_end() -> None:
    figures = loss_report([math.log(8) * 4, math.log(2) * 4], [4, 4]).figures
    assert figures["perplexity"].value == pytest.approx(4.0)
    assert figures["perplexity"].high == pytest.approx(math.exp(figures["loss"].high))
    assert math.isfinite(perplexity(1e6))


def test_bits_per_byte_leaves_special_tokens_out() -> None:
    # 8 bytes in 4 tokens, one bit a byte; an end token of 3 nats in each window.
    nats = [4 * math.log(2) + 3] * 2
    report = loss_report(nats, [3, 3], n_bytes=[4, 4], special_nats=[3.0, 3.0])
    assert report.figures["bits_per_byte"].value == pytest.approx(1.0)
    assert report.figures["loss"].value == pytest.approx(nats[0] / 3)
    assert report.detail == {"tokens": 6, "bytes": 8, "special_nats": 6.0}
    assert bits_per_byte(math.log(2), 2.0) == 0.5


def test_bits_per_byte_is_left_out_where_tokens_stand_for_no_bytes() -> None:
    for report in (loss_report([1.0], [1]), loss_report([1.0], [1], n_bytes=[0])):
        assert set(report.figures) == {"loss", "perplexity"}


def test_a_loss_interval_does_not_go_below_zero() -> None:
    assert loss_report([0.0, 1.0], [10, 10]).figures["loss"].low == 0.0


def test_a_band_is_drawn_where_every_seed_has_a_finite_value() -> None:
    curves = [{10: 3.0, 20: 2.0, 30: 1.0}, {10: 1.0, 20: math.inf, 30: 2.0, 40: 1.0}, {30: 6.0, 10: 2.0, 20: 2.0}]
    found = band(curves)
    assert [(point.step, point.low, point.mean, point.high) for point in found] == [(10, 1, 2, 3), (30, 1, 3, 6)]
    assert found[0].to_dict() == {"step": 10, "low": 1.0, "mean": 2.0, "high": 3.0}
    assert band([]) == band([{1: 2.0}, {2: 2.0}]) == ()


def test_a_band_of_equal_curves_has_no_width() -> None:
    (point,) = band([{1: 0.1}] * 5)
    assert point.low == point.mean == point.high == 0.1
