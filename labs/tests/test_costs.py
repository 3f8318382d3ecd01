"""What a recipe is said to cost before its data are prepared."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from labs import costs, paces
from labs.catalogue import LABS
from labs.models import Run
from labs.tests.factories import make_run
from portal.accounts.models import User
from trainer.corpora import CORPORA
from trainer.loop import corpus_data
from trainer.spec import RunSpec
from trainer.tasks.prepare import prepare

PRESETS = [
    pytest.param(preset.spec, id=f"{slug}-{preset.name}")
    for slug, lab in LABS.items()
    for preset in lab.presets
    if preset.spec.tuning == "scratch"
]

CLOSED = ("induction", "recall", "reverse", "stories-qa")
"""Corpora whose few words are all there in FEW examples; preparing as many as presets take would only take long."""
FEW = 1000


@cache
def prepared(data: RunSpec) -> tuple[int, int | None]:
    """Vocabulary and outputs of a recipe's real data."""
    config = prepare(data, corpus_data(data)).config
    return config.vocab_size, config.n_outputs


def sizes(spec: RunSpec) -> tuple[int, int | None]:
    """The same, prepared once for all presets whose data agree, whatever their models are."""
    names = ("task", "corpus", "tokenizer", "vocab_size", "normalise", "data_seed", "options", "examples", "context")
    data = {name: getattr(spec, name) for name in names}
    if spec.corpus in CLOSED:
        data["examples"] = min(spec.examples or FEW, FEW)
    return prepared(replace(RunSpec(), **data))


def test_the_table_knows_every_corpus() -> None:
    assert set(costs.SIZES) == set(CORPORA)


@pytest.mark.slow
@pytest.mark.parametrize("spec", PRESETS)
def test_parameters_are_told_within_fifteen_percent(spec: RunSpec) -> None:
    vocab_size, n_outputs = sizes(spec)
    told = costs.parameters(spec, costs.vocabulary(spec))
    real = spec.parameter_count(vocab_size, n_outputs=n_outputs)
    assert told == pytest.approx(real, rel=0.15)


@pytest.mark.parametrize("spec", PRESETS)
def test_a_stored_run_costs_what_its_recipe_was_said_to_cost(spec: RunSpec) -> None:
    vocab = costs.vocabulary(spec)
    run = Run(spec=spec.to_dict(), params=costs.parameters(spec, vocab))
    assert costs.work_of(run) == pytest.approx(costs.work(spec, vocab), rel=0.01)


@pytest.mark.django_db
def test_speeds_are_learnt_from_finished_runs_family_by_family(learner: User) -> None:
    spec = LABS["families"].preset_named("lstm").spec
    expected = costs.load(spec, costs.vocabulary(spec))
    before = costs.Speeds.measured()
    assert before.of(expected["pace"]) == costs.FLOPS_PER_SECOND["lstm"]
    paces.learn(make_run(learner, spec=spec.to_dict(), **expected), 40.0)
    after = costs.Speeds.measured()
    assert after.training_s(pace=expected["pace"], operations=expected["work"]) == pytest.approx(40.0)
    assert after.of("lstm:3") == after.of(expected["pace"]), "the nearest size stands for one never seen"
    assert after.of("gpt:27") == costs.FLOPS_PER_SECOND["gpt"]


@pytest.mark.django_db
def test_a_pace_follows_what_was_measured_last() -> None:
    for _ in range(40):
        paces.note("start:stories:words", 1.0)
    paces.note("start:stories:words", 0.0)
    for _ in range(40):
        paces.note("start:stories:words", 3.0)
    assert costs.Speeds.measured().start_s("stories", "words") == pytest.approx(3.0, rel=0.1)
