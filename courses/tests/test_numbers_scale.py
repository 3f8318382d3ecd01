"""The chapter "scale": ladder and copying model are trained again, the rest is computed; both languages say so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import comb, exp, log
from pathlib import Path

import pytest

from courses.tests.chapter_reading import LANGUAGES, block, missing, quiz_of, right_texts
from trainer.events import Finished, HeldOut, Started
from trainer.loop import corpus_data, train
from trainer.probe import ablation, induction
from trainer.probe.subject import load
from trainer.recipes import RECIPES
from trainer.spec import RunSpec
from trainer.tasks.prepare import prepare

CHAPTER = "scale"
LADDER = {"32": (57_344, 60_416, 4.087), "48": (104_448, 100_352, 3.686), "64": (163_840, 159_744, 3.339)}
LARGEST = (319_488, 319_488, 2.943)
E, A, B, ALPHA, BETA = 1.8172, 482.01, 2085.43, 0.3478, 0.3658


def compute(weights: float, tokens: float) -> float:
    """Operations of a training."""
    return 6 * weights * tokens


def law(weights: float, tokens: float) -> tuple[float, float, float]:
    """What size and text cost, and the loss."""
    size, text = A / weights**ALPHA, B / tokens**BETA
    return size, text, E + size + text


def best_weights(budget: float) -> float:
    """Where the law is lowest."""
    ratio = (ALPHA * A / (BETA * B)) ** (1 / (ALPHA + BETA))
    return float(ratio * (budget / 6) ** (BETA / (ALPHA + BETA)))


def majority(votes: int, right: float) -> float:
    """Probability that most of several independent answers are right."""
    return sum(comb(votes, k) * right**k * (1 - right) ** (votes - k) for k in range(votes // 2 + 1, votes + 1))


def softmax(scores: Sequence[float]) -> list[float]:
    """Shares."""
    powers = [exp(score) for score in scores]
    return [power / sum(powers) for power in powers]


def test_the_forecast_follows_from_the_first_and_the_third_run() -> None:
    (_, _, first), _, (_, _, third) = LADDER.values()
    small, large = compute(*LADDER["32"][:2]), compute(*LADDER["64"][:2])
    slope = log(first / third) / log(large / small)
    assert f"{large / small:.2f}" == "7.55"
    assert f"{slope:.3f}" == "0.100"
    forecast = third * (compute(*LARGEST[:2]) / large) ** -slope
    assert f"{forecast:.3f}" == "2.914"
    assert f"{100 * (LARGEST[2] - forecast) / LARGEST[2]:.1f}" == "1.0"
    assert f"{third * (100 * compute(*LARGEST[:2]) / large) ** -slope:.2f}" == "1.84"
    assert not missing(CHAPTER, "7.55", "0.100", "2.914", "1.84", "0.794", "0.8728")
    for weights, tokens, loss in [*LADDER.values(), LARGEST]:
        assert not missing(CHAPTER, f"{weights:,}", f"{tokens:,}", f"{loss:.3f}")


def test_the_law_prefers_the_smaller_model_that_read_more() -> None:
    gopher, chinchilla = law(280e9, 300e9), law(70e9, 1.4e12)
    assert not missing(CHAPTER, *(f"{value:.3f}" for value in (*gopher, *chinchilla)))
    budget = compute(8e9, 15e12)
    best = best_weights(budget)
    assert round(best / 1e9) == 81
    assert not missing(CHAPTER, f"{law(8e9, 15e12)[2]:.3f}", f"{law(best, budget / 6 / best)[2]:.3f}")
    tokens_a_weight = [budget / 6 / best_weights(budget) ** 2 for budget in (1e20, 1e23)]
    assert all(18 < ratio < 23.5 for ratio in tokens_a_weight)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_widget_has_the_constants_of_the_text(language: str) -> None:
    data = block(CHAPTER, language, "scaling-laws")["data"]
    assert data["law"] == {"e": E, "a": A, "b": B, "alpha": ALPHA, "beta": BETA}
    assert data["budgets"] == [1e20, 1e23]


def test_preferences_votes_pictures_and_steps() -> None:
    sure = 1 / (1 + exp(-0.1 * (2 + 3)))
    cat, cup = softmax([4, 1, 1])[0], softmax([2, 0, 2])[2]
    votes = (majority(3, 0.6), majority(5, 0.6), majority(3, 0.4))
    losses = (log(2), -log(sure), -log(cat), -log(cup))
    assert not missing(CHAPTER, *(f"{value:.3f}" for value in (sure, cat, cup, *votes, *losses)))
    assert not missing(CHAPTER, "36.6", "90.5")
    assert [f"{100 * 0.99**100:.1f}", f"{100 * 0.999**100:.1f}"] == ["36.6", "90.5"]


def test_right_answers_are_right() -> None:
    questions = quiz_of(CHAPTER)
    answers = {
        "hundredfold": 100**-0.1,
        "patches": (448 // 16) ** 2,
        "divide": 6e21 / 6e10 / 1e10,
        "dpo-loss": -log(1 / (1 + exp(-1))),
        "caption": softmax([2, 1, 0])[0],
    }
    for name, value in answers.items():
        assert math.isclose(questions[name]["answer"], value, abs_tol=questions[name]["tolerance"] / 2 + 1e-9), name
    assert right_texts(questions["read-line"])[0].startswith(f"{2.56 * 0.8:.2f}")
    assert right_texts(block(CHAPTER, "en", "halving")) == [f"{2**10:,} times"]
    assert right_texts(block(CHAPTER, "en", "agent"))[0].startswith(f"About {100 * 0.98**50:.0f} %")


def recipe(lab: str, run: str) -> RunSpec:
    """A run of a lab, with its own seed."""
    return next(found for found in RECIPES[lab].runs if found.name == run).spec()


@pytest.mark.slow
@pytest.mark.parametrize("name", LADDER)
def test_the_ladder_comes_out_again(name: str, tmp_path: Path) -> None:
    """Another processor sums in another order, so losses agree to the first decimals only."""
    events = list(train(recipe("scaling", name), run_dir=tmp_path))
    started = next(event for event in events if isinstance(event, Started))
    assert started.params == LADDER[name][0]
    assert [event.loss for event in events if isinstance(event, HeldOut)][-1] == pytest.approx(
        LADDER[name][2], abs=0.05
    )


@pytest.mark.slow
def test_two_layers_copy_and_both_attention_layers_are_needed(tmp_path: Path) -> None:
    spec = recipe("interpretability", "two-layers")
    assert isinstance(list(train(spec, run_dir=tmp_path))[-1], Finished)
    subject = load(tmp_path)
    found = induction.induction(subject)
    assert found.accuracy_repeated > 0.98
    heads = found.heads
    assert max(score.previous.value for score in heads if score.layer == 0) > 0.25
    assert max(score.induction.value for score in heads if score.layer == 1) > 0.8
    worth = ablation.ablate(prepare(spec, corpus_data(spec), subject.tokenizer), subject.model)
    rises = {part: worth.change(part).loss.value for part in ablation.parts_of(subject.model) if part.head is None}
    assert min(rise for part, rise in rises.items() if part.branch == "attention") > 1
    assert max(rise for part, rise in rises.items() if part.branch == "feed_forward") < 0.5
