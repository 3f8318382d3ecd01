from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trainer.events import Baseline, Evaluation, Failed, Finished
from trainer.goals import Figures, Forecast, Goal, PowerLaw, Recipe, Run, figures
from trainer.loop import corpus_data, train
from trainer.models.sizes import parameter_count
from trainer.recipes import HIDDEN_TEXT, RECIPES, TEXTS, hidden_text, honest_text, leaked_text
from trainer.reports import on_text, report
from trainer.sample import load_model
from trainer.starting import base_hash

SLUGS = [
    "tokens",
    "embeddings",
    "inside-a-block",
    "families",
    "training",
    "evaluation",
    "generation",
    "sentiment",
    "question-answering",
    "translation",
    "scaling",
    "interpretability",
]
MEASURED_BY_THE_BENCHMARK = {"tokens", "hidden"}
"""Slices beyond what a run itself reports."""

ENOUGH = 20_000
"""Characters of a text."""


def every_run() -> list[Any]:
    return [
        pytest.param(recipe, run, id=f"{recipe.slug}-{run.name}") for recipe in RECIPES.values() for run in recipe.runs
    ]


def found(**values: float) -> dict[str, Figures]:
    """Runs with one figure each, `loss` on held-out data, and a baseline of 5."""
    return {name: {"held_out": {"loss": value}, "baseline": {"loss": 5.0}} for name, value in values.items()}


def tiny(run: Run, folder: Path) -> dict[str, dict[str, float]]:
    """Ten steps of a run, and what they report."""
    base = folder / run.base / "model" if run.base else None
    full = run.spec(base=base_hash(base) if base else "")
    spec = replace(full, examples=min(full.examples, 200), tokens=10 * full.tokens_per_step)
    data = TEXTS[run.text]() if run.text else corpus_data(spec)
    short = data[-ENOUGH:] if isinstance(data, str) else data
    events = list(train(spec, run_dir=folder / run.name, data=short, base=base, report=report))
    assert not isinstance(events[-1], Failed), events[-1]
    return figures(spec, events)


def test_there_is_a_recipe_for_each_of_the_twelve_labs() -> None:
    assert list(RECIPES) == SLUGS
    assert [recipe.number for recipe in RECIPES.values()] == list(range(1, 13))
    assert all(recipe.note and recipe.goals for recipe in RECIPES.values())


@pytest.mark.parametrize(("recipe", "run"), every_run())
def test_every_run_is_a_sound_spec(recipe: Recipe, run: Run) -> None:
    spec = run.spec(7, base="sha256:" + "0" * 64 if run.base else "")
    assert spec.problems() == {}
    assert (spec.seed, spec.data_seed, spec.threads) == (7, 7, 1)
    before = [one.name for one in recipe.runs[: recipe.runs.index(run)]]
    assert run.name not in before
    assert not run.base or run.base in before


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_goals_name_what_the_runs_report(recipe: Recipe, tmp_path: Path) -> None:
    reached: dict[str, Figures] = {}
    for run in recipe.runs:
        reached[run.name] = tiny(run, tmp_path)
    for goal in recipe.goals:
        if goal.slice in MEASURED_BY_THE_BENCHMARK:
            assert goal.run in reached
        else:
            assert math.isfinite(goal.value(reached)), str(goal)


def test_families_are_compared_at_equal_size() -> None:
    specs = [run.spec() for run in RECIPES["families"].runs]
    counts = [parameter_count(spec.model_config(35)) for spec in specs]
    assert max(counts) < 1.05 * min(counts)
    assert len({spec.tokens for spec in specs}) == 1


def test_a_goal_is_a_figure_or_a_difference_with_a_bound() -> None:
    at_least = Goal(run="a", measure="loss", least=2.0)
    assert at_least.value(found(a=3.0)) == 3.0
    assert at_least.reached(2.0)
    assert not at_least.reached(1.999)
    below = Goal(run="a", measure="loss", minus="b", most=-0.5)
    assert below.value(found(a=3.0, b=4.0)) == -1.0
    assert below.reached(-0.5)
    assert not below.reached(-0.4)
    assert Goal(run="a", measure="loss", minus="baseline", most=0.0).value(found(a=3.0)) == -2.0
    assert (str(at_least), str(below)) == ("a: held_out loss ≥ 2", "a: held_out loss - b ≤ -0.5")


def test_what_is_missing_or_no_number_reaches_no_goal() -> None:
    goal = Goal(run="a", measure="bleu", least=0.0)
    with pytest.raises(KeyError):
        goal.value(found(a=1.0))
    assert not goal.reached(math.nan)


def test_a_power_law_finds_itself_and_forecasts() -> None:
    law = PowerLaw.fit([(10.0**x, 7.0 * (10.0**x) ** -0.05) for x in (9, 10, 11)])
    assert law.factor == pytest.approx(7.0)
    assert law.exponent == pytest.approx(-0.05)
    runs = {str(x): {"run": {"flops": 10.0**x, "loss": law.at(10.0**x)}} for x in (9, 10, 11, 12)}
    runs["12"]["run"]["loss"] *= 1.1
    goal = Forecast(run="12", slice="run", measure="loss", smaller=("9", "10", "11"), most=0.05)
    assert goal.value(runs) == pytest.approx(0.1 / 1.1)
    assert str(goal) == "12: run loss, error of the forecast ≤ 0.05"
    with pytest.raises(ValueError, match="different computes"):
        PowerLaw.fit([(1.0, 2.0), (1.0, 3.0)])


def test_figures_come_from_the_events_of_a_run() -> None:
    spec = RECIPES["training"].run().spec()
    band = {"value": 2.5, "low": 2.0, "high": 3.0, "n": 9.0}
    told = figures(
        spec,
        [
            Baseline(name="kneser_ney", order=3, loss=1.5, bits_per_byte=None),
            Evaluation(step=1, slice="held_out", measures={"loss": band}, detail={}),
            Finished(
                step=1, seconds=1.0, loss=1.0, perplexity=2.7, bits_per_byte=2.0, model="model", measures={"exact": 0.5}
            ),
        ],
    )
    assert told["baseline"] == {"loss": 1.5}
    assert told["held_out"] == {"loss": 2.5}
    assert told["run"] == {"loss": 1.0, "bits_per_byte": 2.0, "exact": 0.5}


def test_the_leaked_split_shows_its_tail_and_nothing_else_does() -> None:
    honest, leaked, hidden = honest_text(), leaked_text(), hidden_text()
    tail = honest[int(len(honest) * 0.9) :]
    assert len(leaked) == len(honest)
    assert leaked.endswith(tail)
    assert leaked.startswith(tail)
    assert tail not in honest[: -len(tail)]
    assert len(hidden) == HIDDEN_TEXT
    assert hidden not in honest


def test_a_model_is_measured_on_any_text(tmp_path: Path) -> None:
    run = RECIPES["evaluation"].run("small")
    tiny(run, tmp_path)
    model, tokenizer = load_model(tmp_path / run.name / "model")
    held_out = honest_text()[int(len(honest_text()) * 0.9) :]
    measured = on_text(model, tokenizer, held_out)
    assert measured.figures["loss"].n == (len(tokenizer.encode(held_out)) - 1) // 64
    assert measured.figures["bits_per_byte"].value > 2


def test_recipes_load_without_torch() -> None:
    code = "import sys, trainer.recipes; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
