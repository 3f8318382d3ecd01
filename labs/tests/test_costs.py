"""What a recipe is said to cost before its data are prepared."""

from __future__ import annotations

import pytest

from labs import costs
from labs.catalogue import LABS
from labs.models import Run
from labs.states import State
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


def test_the_table_knows_every_corpus() -> None:
    assert set(costs.SIZES) == set(CORPORA)


@pytest.mark.slow
@pytest.mark.parametrize("spec", PRESETS)
def test_parameters_are_told_within_fifteen_percent(spec: RunSpec) -> None:
    task = prepare(spec, corpus_data(spec))
    told = costs.parameters(spec, costs.vocabulary(spec))
    real = spec.parameter_count(task.config.vocab_size, n_outputs=task.config.n_outputs)
    assert told == pytest.approx(real, rel=0.15)


@pytest.mark.parametrize("spec", PRESETS)
def test_a_stored_run_costs_what_its_recipe_was_said_to_cost(spec: RunSpec) -> None:
    vocab = costs.vocabulary(spec)
    run = Run(spec=spec.to_dict(), params=costs.parameters(spec, vocab))
    assert costs.work_of(run) == pytest.approx(costs.work(spec, vocab), rel=0.01)


@pytest.mark.django_db
def test_speeds_are_measured_family_by_family(learner: User) -> None:
    before = costs.Speeds.measured()
    assert before.of("lstm") == costs.FLOPS_PER_SECOND["lstm"]
    spec = LABS["families"].preset_named("lstm").spec
    run = make_run(learner, lab="families", spec=spec.to_dict(), state=State.FINISHED, result={"seconds": 40.0})
    after = costs.Speeds.measured()
    assert after.seconds_of(run) == pytest.approx(40.0 + costs.OVERHEAD_S)
    assert after.of("gpt") == costs.FLOPS_PER_SECOND["gpt"]
