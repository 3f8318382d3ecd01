from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from trainer.models.layers import Cache
from trainer.optim import Optimizer, rate_factor
from trainer.spec import RunSpec
from trainer.tests.factories import random_ids, tiny_model, tiny_spec


def test_no_position_sees_the_future() -> None:
    model = tiny_model()
    ids = random_ids(2, 12)
    before = model(ids)
    for position in range(1, 12):
        changed = ids.clone()
        changed[:, position:] = (changed[:, position:] + 1) % 23
        after = model(changed)
        assert torch.equal(before[:, :position], after[:, :position])
        assert not torch.equal(before[:, position], after[:, position])


def test_a_fresh_model_guesses_evenly() -> None:
    model = tiny_model(head=False)
    ids = random_ids(4, 13)
    loss = cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
    assert loss.item() == pytest.approx(math.log(23), abs=1e-6)


@pytest.mark.parametrize(("optimizer", "rate"), [("muon", 0.05), ("adamw", 0.02)])
def test_it_learns_one_batch_by_heart(optimizer: str, rate: float) -> None:
    model = tiny_model(head=False).train()
    steps = Optimizer(model, tiny_spec(optimizer=optimizer))
    ids = random_ids(4, 13)
    for step in range(150):
        loss = cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
        torch.autograd.backward(loss)
        steps.step(rate * rate_factor("linear", step, 150, 0))
        model.zero_grad()
    # The first token of a row is a guess among few; all others follow from what stands before.
    assert loss.item() < 0.1


@pytest.mark.parametrize("shape", [(23, 2, 16), (103, 1, 64), (512, 4, 32)])
def test_the_spec_counts_the_parameters(shape: tuple[int, int, int]) -> None:
    vocab_size, n_layers, d_model = shape
    model = tiny_model(vocab_size=vocab_size, n_layers=n_layers, d_model=d_model)
    spec = RunSpec(n_layers=n_layers, d_model=d_model)
    assert sum(param.numel() for param in model.parameters()) == spec.parameter_count(vocab_size)


def test_cached_logits_equal_full_logits() -> None:
    model = tiny_model()
    ids = random_ids(3, 12)
    full = model(ids)
    cache = model.new_cache(3)
    assert isinstance(cache, Cache)
    parts = [model(ids[:, :5], cache)] + [model(ids[:, i : i + 1], cache) for i in range(5, 12)]
    torch.testing.assert_close(torch.cat(parts, dim=1), full, rtol=1e-4, atol=1e-5)


def test_a_window_longer_than_the_context_is_refused() -> None:
    model = tiny_model()
    with pytest.raises(ValueError, match="context of 12"):
        model(random_ids(1, 13))
