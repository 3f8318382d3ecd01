from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from trainer.models.gpt import Cache, Dropout, norm, rotary_table, rotate
from trainer.optim import Optimizer, rate_factor
from trainer.spec import RunSpec
from trainer.tests.factories import block_of, random_ids, tiny_model, tiny_spec


def test_attention_without_rotation_equals_torch_multihead_attention() -> None:
    block = block_of(tiny_model(), 0)
    reference = nn.MultiheadAttention(16, 2, bias=False, batch_first=True)
    reference.load_state_dict({"in_proj_weight": block.qkv.detach(), "out_proj.weight": block.proj.detach()})
    x = torch.randn(3, 12, 16, generator=torch.Generator().manual_seed(1))
    mask = torch.ones(12, 12, dtype=torch.bool).triu(1)
    expected, _ = reference(x, x, x, attn_mask=mask, need_weights=False)
    no_turn = torch.ones(12, 4, dtype=torch.complex64)
    torch.testing.assert_close(block.attention(x, no_turn, None), expected, rtol=1e-4, atol=1e-5)


def test_the_feed_forward_equals_torch_modules() -> None:
    block = block_of(tiny_model(), 1)
    up, down = nn.Linear(16, 64, bias=False), nn.Linear(64, 16, bias=False)
    up.load_state_dict({"weight": block.up.detach()})
    down.load_state_dict({"weight": block.down.detach()})
    x = torch.randn(2, 5, 16)
    torch.testing.assert_close(block.feed_forward(x), down(torch.relu(up(x)) ** 2))


def test_norm_equals_torch_layer_norm_without_gain_and_bias() -> None:
    x = torch.randn(2, 5, 16)
    torch.testing.assert_close(norm(x), nn.LayerNorm(16, elementwise_affine=False)(x))


def test_rotary_scores_depend_on_distance_alone() -> None:
    pair = torch.randn(1, 1, 2, 1, 8).expand(1, 12, 2, 1, 8)  # the same query and key at every position
    q, k = rotate(pair, rotary_table(12, 8)).squeeze().unbind(1)
    scores = q @ k.T
    for distance in range(-11, 12):
        diagonal = scores.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), rtol=1e-4, atol=1e-4)
    assert scores[0].std() > 0.01


def test_rotation_keeps_lengths_and_leaves_position_zero_alone() -> None:
    x = torch.randn(2, 12, 2, 3, 8)
    turned = rotate(x, rotary_table(12, 8))
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    torch.testing.assert_close(turned[:, 0], x[:, 0])


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
    cache = Cache(model.config, 3)
    parts = [model(ids[:, :5], cache)] + [model(ids[:, i : i + 1], cache) for i in range(5, 12)]
    torch.testing.assert_close(torch.cat(parts, dim=1), full, rtol=1e-4, atol=1e-5)


def test_a_window_longer_than_the_context_is_refused() -> None:
    model = tiny_model()
    with pytest.raises(ValueError, match="context of 12"):
        model(random_ids(1, 13))


def test_dropout_zeroes_its_share_in_training_alone_and_keeps_the_mean() -> None:
    dropout = Dropout(0.25, torch.Generator().manual_seed(1))
    x = torch.ones(100, 100)
    dropped = dropout(x)
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.02)
    assert torch.equal(dropout.eval()(x), x)
