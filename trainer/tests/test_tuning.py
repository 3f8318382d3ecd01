from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from trainer.models.base import Model
from trainer.models.registry import build
from trainer.models.tuning import add_lora, freeze, merge_lora, new_head
from trainer.optim import Optimizer
from trainer.tests.factories import enliven, random_ids, tiny_config, tiny_spec

FAMILIES = ("gpt", "encoder", "rnn", "lstm")


def trained(family: str) -> Model:
    model = build(tiny_config(family=family), torch.Generator().manual_seed(1))
    enliven(model)
    return model.eval()


def tune(model: Model, *, steps: int, optimizer: str = "adamw") -> float:
    """The last loss of learning the class of each of four rows."""
    steps_of = Optimizer(model, tiny_spec(optimizer=optimizer, learning_rate=0.02))
    for _ in range(steps):
        loss = cross_entropy(model(random_ids(4, 9)), torch.arange(4) % 3)
        torch.autograd.backward(loss)
        steps_of.step(0.02)
        model.zero_grad()
    return loss.item()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_head_guesses_evenly_and_changes_only_the_answer(family: str) -> None:
    model = trained(family)
    body = {name: value for name, value in model.state_dict().items() if name != "head"}
    new_head(model, 3, pool="mean")
    assert model(random_ids(4, 9)).shape == (4, 3)
    assert (model.config.n_outputs, model.config.pool) == (3, "mean")
    assert tune(model, steps=1) == pytest.approx(math.log(3), abs=1e-6)
    assert body.keys() | {"head"} == model.state_dict().keys()


def test_a_tied_model_gets_a_head_of_its_own() -> None:
    model = build(tiny_config(tied=True), torch.Generator().manual_seed(1))
    with pytest.raises(ValueError, match="new_head"):
        freeze(model)
    new_head(model, 3)
    assert not model.config.tied
    assert model(random_ids(4, 9)).shape == (4, 9, 3)
    freeze(model)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_a_frozen_model_learns_in_its_head_alone(family: str, optimizer: str) -> None:
    model = trained(family)
    new_head(model, 3, pool="mean")
    freeze(model)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert tune(model, steps=30, optimizer=optimizer) < math.log(3)
    assert [name for name, value in model.state_dict().items() if not torch.equal(value, before[name])] == ["head"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_lora_begins_with_the_same_outputs_and_learns_in_its_tables_and_the_head(family: str, optimizer: str) -> None:
    model = trained(family)
    new_head(model, 3, pool="mean")
    enliven(model)
    expected = model(random_ids(4, 9))
    add_lora(model, 2, torch.Generator().manual_seed(5))
    assert torch.equal(model(random_ids(4, 9)), expected)
    before = {name: param.detach().clone() for name, param in model.named_parameters()}
    assert tune(model, steps=60, optimizer=optimizer) < 0.3
    changed = {name for name, param in model.named_parameters() if not torch.equal(param, before[name])}
    assert changed == {name for name, param in model.named_parameters() if param.requires_grad}
    assert all(name == "head" or name.endswith((".a", ".b")) for name in changed)


@pytest.mark.parametrize("family", FAMILIES)
def test_merged_lora_is_a_plain_model_with_the_same_outputs(family: str) -> None:
    model = trained(family)
    names = model.state_dict().keys()
    add_lora(model, 2, torch.Generator().manual_seed(5))
    enliven(model)
    expected = model(random_ids(4, 9))
    merge_lora(model)
    torch.testing.assert_close(model(random_ids(4, 9)), expected)
    assert model.state_dict().keys() == names
    plain = build(model.config, torch.Generator())
    plain.load_state_dict(model.state_dict())
    torch.testing.assert_close(plain.eval()(random_ids(4, 9)), expected)
    assert all(param.requires_grad for param in model.parameters())
    assert [parts for _, parts in model.hidden_matrices()] == [parts for _, parts in trained(family).hidden_matrices()]


def test_lora_trains_a_small_share() -> None:
    model = build(tiny_config(d_model=64), torch.Generator())
    whole = sum(param.numel() for param in model.parameters())
    add_lora(model, 2, torch.Generator())
    assert model.head is not None
    tables = sum(param.numel() for param in model.parameters() if param.requires_grad) - model.head.numel()
    # Rank 2 of (192 + 64) + (64 + 64) + (256 + 64) twice, in both layers.
    assert tables == 2 * 2 * (256 + 128 + 320 + 320)
    assert tables < 0.05 * whole
