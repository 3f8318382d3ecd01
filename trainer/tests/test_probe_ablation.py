from __future__ import annotations

from typing import Any

import pytest
import torch

from trainer.loop import never
from trainer.models.trace import Trace
from trainer.probe.ablation import Part, ablate, counted, parts_of, placeless, without
from trainer.probe.subject import ProbeError
from trainer.tasks.base import StoppedError, spread
from trainer.tests.factories import random_ids, tiny_config
from trainer.tests.probe_factories import check_json, prepared, subject

TASKS = [
    ("language", "gpt"),
    ("masked", "encoder"),
    ("classify", "gpt"),
    ("classify", "encoder"),
    ("tag", "encoder"),
    ("sequence", "gpt"),
    ("sequence", "seq2seq"),
]


@pytest.mark.parametrize(("task", "family"), TASKS)
def test_switching_nothing_off_changes_nothing_and_is_the_tasks_own_score(task: str, family: str) -> None:
    ready, model = prepared(task, family)
    found = ablate(ready, model, [()])
    score = ready.score(model, spread(ready.units, 64), stop=never)
    assert found.loss == pytest.approx(score.loss, rel=1e-5)
    assert found.measures == pytest.approx(score.measures)
    assert found.units == score.units
    (change,) = found.changes
    assert (change.loss.low, change.loss.value, change.loss.high) == (0, 0, 0)
    assert all(share.low == share.value == share.high == 0 for share in change.measures.values())


@pytest.mark.parametrize(("task", "family"), TASKS)
def test_every_part_of_a_model_is_in_the_table_and_matters(task: str, family: str) -> None:
    ready, model = prepared(task, family)
    found = ablate(ready, model, units=8)
    sides = 2 if family == "seq2seq" else 1
    cross = 2 * (1 + 2) if family == "seq2seq" else 0
    assert len(found.changes) == sides * 2 * (1 + 2 + 1) + cross + 1, "the positions too"
    assert len({change.parts for change in found.changes}) == len(found.changes)
    assert all(change.loss.value != 0 for change in found.changes)
    for change in found.changes:
        assert change.loss.low <= change.loss.value <= change.loss.high
        assert set(change.measures) == set(found.measures)
    check_json(found)


@pytest.mark.parametrize("norm_place", ["before", "after"])
def test_a_layer_without_any_of_its_heads_is_a_layer_without_attention(norm_place: str) -> None:
    ready, model = prepared("language", "gpt", norm_place=norm_place)
    heads = [Part("attention", 1, head) for head in range(2)]
    found = ablate(ready, model, [heads, [Part("attention", 1)]], units=8)
    every, whole = found.changes
    assert every.loss.value == pytest.approx(whole.loss.value, rel=1e-3)


def test_without_all_cross_heads_the_source_does_not_matter() -> None:
    model = subject("seq2seq").model
    off = [Part("cross", layer, head) for layer in range(2) for head in range(2)]
    source, other, target = (
        random_ids(2, 7, vocab_size=11),
        random_ids(2, 7, vocab_size=11, seed=5),
        random_ids(2, 5, vocab_size=11, seed=3),
    )
    assert not torch.allclose(model(source, target), model(other, target), atol=1e-3)
    first, second = (model(some, target, trace=without(off)) for some in (source, other))
    torch.testing.assert_close(first, second)


def test_parts_of_the_encoder_are_switched_off_in_the_encoder() -> None:
    model = subject("seq2seq").model
    source, target = random_ids(2, 7, vocab_size=11), random_ids(2, 5, vocab_size=11, seed=3)
    heads = [Part("attention", layer, head, "source") for layer in range(2) for head in range(2)]
    whole = [Part("attention", layer, None, "source") for layer in range(2)]
    first, second = (model(source, target, trace=without(parts)) for parts in (heads, whole))
    torch.testing.assert_close(first, second)
    assert not torch.allclose(first, model(source, target), atol=1e-3)


@pytest.mark.parametrize("family", ["gpt", "encoder", "seq2seq"])
def test_the_fused_pass_and_the_pass_by_stages_say_the_same_without_parts(family: str) -> None:
    asked = subject(family)
    inputs = (random_ids(2, 7, vocab_size=11), random_ids(2, 5, vocab_size=11, seed=3))[
        : 2 if family == "seq2seq" else 1
    ]
    fused = without([Part("attention", 0, 1), Part("feed_forward", 1)])
    slow = Trace(without_heads=fused.without_heads, without_feed_forward=fused.without_feed_forward)
    torch.testing.assert_close(
        asked.model(*inputs, trace=fused), asked.model(*inputs, trace=slow), rtol=1e-4, atol=1e-5
    )
    assert (len(fused.attention), len(slow.attention)) == (0, 2)


def test_changes_are_paired_unit_by_unit() -> None:
    ready, model = prepared("language", "gpt")
    chosen = spread(ready.units, 8)
    with torch.no_grad():
        before = counted(ready, model, chosen, ())
        after = counted(ready, model, chosen, [Part("feed_forward", 0)])
    found = ablate(ready, model, [[Part("feed_forward", 0)]], units=8).changes[0]
    differences = (after.nats - before.nats) / ready.spec.context  # every window has as many targets
    assert found.loss.value == pytest.approx(differences.mean())
    assert found.loss.high - found.loss.value == pytest.approx(1.96 * differences.std(ddof=1) / 8**0.5, rel=1e-3)
    assert found.loss.n == 8


def test_a_head_whose_output_goes_nowhere_is_worth_nothing_and_the_others_something() -> None:
    ready, model = prepared("language", "gpt")
    with torch.no_grad():
        dict(model.named_parameters())["blocks.1.attention.proj"][:, 8:] = 0  # what head 1 says
    found = ablate(ready, model, units=8)
    idle = found.change(Part("attention", 1, 1))
    assert idle.loss.value == pytest.approx(0, abs=1e-6)
    assert abs(found.worst().loss.value) > 0.01
    assert found.worst().parts != idle.parts
    assert all(part.branch == "feed_forward" for part in found.worst("feed_forward").parts)


def test_the_same_question_has_the_same_answer_and_the_model_stays_as_it_was() -> None:
    ready, model = prepared("sequence", "gpt", dropout=0.3)
    model.train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    assert ablate(ready, model, units=4) == ablate(ready, model, units=4)
    assert model.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("positions", ["rotary", "learned", "sinusoidal"])
def test_without_positions_a_model_is_one_that_never_had_them_and_gets_them_back(positions: str) -> None:
    model = subject("gpt", positions=positions, n_layers=1).model
    ids = random_ids(2, 7, vocab_size=11)
    before = model(ids)
    with placeless(model, [Part("positions", 0)]):
        inside = model(ids, trace=without([]))
        # One layer, blind to order: the last place sees the same set whichever way the earlier ones lie.
        swapped = model(ids[:, [1, 0, *range(2, 7)]], trace=without([]))
    assert not torch.allclose(inside, before, atol=1e-3)
    assert torch.equal(model(ids), before)
    torch.testing.assert_close(inside[:, -1], swapped[:, -1])


def test_what_cannot_be_switched_off_is_refused() -> None:
    ready, model = prepared("language", "lstm")
    with pytest.raises(ProbeError, match="no_attention"):
        ablate(ready, model)
    ready, model = prepared("language", "gpt")
    with pytest.raises(ProbeError, match="not_a_choice"):
        ablate(ready, model, [[Part("attention", 2)]])
    with pytest.raises(ProbeError, match="not_a_choice"):
        ablate(ready, model, [[Part("cross", 0)]])
    with pytest.raises(ProbeError, match="not_a_choice"):
        ablate(ready, model, [[Part("attention", 0)]], units=4).change(Part("attention", 1))
    with pytest.raises(StoppedError):
        ablate(ready, model, stop=lambda: True)


@pytest.mark.parametrize(("family", "count"), [("gpt", 9), ("encoder", 9), ("seq2seq", 23)])
def test_parts_are_counted_by_side_layer_branch_and_head(family: str, count: int) -> None:
    model: Any = subject(family).model
    assert model.config.n_layers == tiny_config().n_layers == 2
    assert len(list(parts_of(model))) == count
