from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from trainer.models.layers import (
    Attention,
    Block,
    CrossAttention,
    Dropout,
    FeedForward,
    Positions,
    activate,
    norm,
    rotary_table,
    rotate,
    sinusoidal_table,
)
from trainer.models.trace import Trace
from trainer.tests.factories import tiny_config


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def stream(length: int = 12, *, batch: int = 3, seed: int = 1) -> Tensor:
    return torch.randn(batch, length, 16, generator=generator(seed))


def attention(*, causal: bool) -> Attention:
    return Attention(tiny_config(residual=False), 0, generator(), causal=causal)


def test_causal_attention_without_rotation_equals_torch_multihead_attention() -> None:
    ours = attention(causal=True)
    reference = nn.MultiheadAttention(16, 2, bias=False, batch_first=True)
    reference.load_state_dict({"in_proj_weight": ours.qkv.detach(), "out_proj.weight": ours.proj.detach()})
    x = stream()
    mask = torch.ones(12, 12, dtype=torch.bool).triu(1)
    expected, _ = reference(x, x, x, attn_mask=mask, need_weights=False)
    torch.testing.assert_close(ours(x), expected, rtol=1e-4, atol=1e-5)


def test_attention_with_padding_equals_torch_multihead_attention() -> None:
    ours = attention(causal=False)
    reference = nn.MultiheadAttention(16, 2, bias=False, batch_first=True)
    reference.load_state_dict({"in_proj_weight": ours.qkv.detach(), "out_proj.weight": ours.proj.detach()})
    x = stream()
    padding = torch.arange(12) >= torch.tensor([12, 7, 1])[:, None]
    expected, _ = reference(x, x, x, key_padding_mask=padding, need_weights=False)
    torch.testing.assert_close(ours(x, keep=~padding[:, None, None]), expected, rtol=1e-4, atol=1e-5)


def test_cross_attention_equals_torch_multihead_attention() -> None:
    ours = CrossAttention(tiny_config(residual=False), 0, generator())
    reference = nn.MultiheadAttention(16, 2, bias=False, batch_first=True)
    weights = torch.cat((ours.q.detach(), ours.kv.detach()))
    reference.load_state_dict({"in_proj_weight": weights, "out_proj.weight": ours.proj.detach()})
    x, source = stream(5), stream(9, seed=2)
    expected, _ = reference(x, source, source, need_weights=False)
    torch.testing.assert_close(ours(x, ours.read(source, None)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["gelu", "relu", "relu2"])
def test_the_feed_forward_equals_torch_modules(kind: str) -> None:
    ours = FeedForward(tiny_config(residual=False, activation=kind, d_ff=40), generator())
    up, down = nn.Linear(16, 40, bias=False), nn.Linear(40, 16, bias=False)
    up.load_state_dict({"weight": ours.up.detach()})
    down.load_state_dict({"weight": ours.down.detach()})
    wide = up(stream())
    bent = {"gelu": nn.GELU()(wide), "relu": nn.ReLU()(wide), "relu2": nn.ReLU()(wide) ** 2}[kind]
    torch.testing.assert_close(ours(stream()), down(bent))


def test_activations_at_points_that_can_be_checked_by_hand() -> None:
    x = torch.tensor([-2.0, 0.0, 3.0])
    assert activate(x, "relu").tolist() == [0.0, 0.0, 3.0]
    assert activate(x, "relu2").tolist() == [0.0, 0.0, 9.0]
    exact = [0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x.tolist()]
    assert activate(x, "gelu").tolist() == pytest.approx(exact, abs=1e-6)


def test_norms_equal_torch_norms_without_gain_and_bias() -> None:
    x = 3 + 2 * stream()
    torch.testing.assert_close(norm(x), nn.LayerNorm(16, elementwise_affine=False)(x))
    torch.testing.assert_close(norm(x, "rms"), nn.RMSNorm(16, elementwise_affine=False)(x))
    assert norm(x, "rms").square().mean(-1).allclose(torch.ones(3, 12), atol=1e-4)


def test_a_block_with_norm_after_equals_torch_encoder_layer() -> None:
    config = tiny_config(norm_place="after", activation="relu")
    ours = Block(config, 0, generator(), causal=False)
    for parameter in (ours.attention.proj, ours.feed_forward.down):
        nn.init.normal_(parameter, std=0.2, generator=generator(2))
    reference = nn.TransformerEncoderLayer(16, 2, 64, dropout=0.0, batch_first=True)
    weights = {
        "self_attn.in_proj_weight": ours.attention.qkv,
        "self_attn.out_proj.weight": ours.attention.proj,
        "linear1.weight": ours.feed_forward.up,
        "linear2.weight": ours.feed_forward.down,
    }
    biases = {name: value * 0 for name, value in reference.state_dict().items() if name.endswith("bias")}
    reference.load_state_dict(reference.state_dict() | weights | biases)  # gains are 1 already
    torch.testing.assert_close(ours(stream()), reference(stream()), rtol=1e-4, atol=1e-5)


def test_a_block_begins_as_the_identity_unless_nothing_bypasses_it() -> None:
    x = stream()
    assert torch.equal(Block(tiny_config(), 0, generator(), causal=True)(x), x)
    bare = Block(tiny_config(residual=False), 0, generator(), causal=True)(x)
    assert bare.std() > 0.01


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


def test_the_sinusoidal_table_is_that_of_its_paper() -> None:
    table = sinusoidal_table(12, 10)
    for position in (0, 1, 11):
        for i in range(5):
            angle = position / 10_000 ** (2 * i / 10)
            assert table[position, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-5)
            assert table[position, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-5)


def test_added_positions_start_where_they_are_told() -> None:
    for kind in ("learned", "sinusoidal"):
        positions = Positions(tiny_config(positions=kind), generator())
        x = stream()
        torch.testing.assert_close(positions.add(x, 0)[:, 4:], positions.add(x[:, 4:], 4))
        assert not torch.equal(positions.add(x, 0), x)
        assert positions.rotation(0, 12) is None


def test_no_positions_add_and_turn_nothing() -> None:
    positions = Positions(tiny_config(positions="none"), generator())
    assert torch.equal(positions.add(stream(), 0), stream())
    assert positions.rotation(0, 12) is None


def test_dropout_zeroes_its_share_in_training_alone_and_keeps_the_mean() -> None:
    dropout = Dropout(0.25, generator())
    x = torch.ones(100, 100)
    dropped = dropout(x)
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.02)
    assert torch.equal(dropout.eval()(x), x)


def test_dropout_draws_from_its_own_generator_alone() -> None:
    before = torch.get_rng_state()
    first, second = (Dropout(0.5, generator())(torch.ones(50)) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("padded", [True, False])
def test_attention_by_stages_equals_fused_attention(causal: bool, padded: bool) -> None:
    layer, x = attention(causal=causal), stream()
    rotation = rotary_table(12, 8)
    keep = None
    if padded and not causal:
        keep = (torch.arange(12) < torch.tensor([12, 5, 0])[:, None])[:, None, None]  # the last row is all padding
    trace = Trace()
    plain = layer(x, rotation=rotation, keep=keep, trace=trace)
    torch.testing.assert_close(plain, layer(x, rotation=rotation, keep=keep), rtol=1e-5, atol=1e-5)
    stages = trace.attention[0]
    assert stages.scores.shape == stages.weights.shape == (3, 2, 12, 12)
    torch.testing.assert_close(stages.scaled, stages.scores / math.sqrt(8))
    sums = stages.weights.sum(-1)
    assert torch.all((sums - 1).abs().lt(1e-5) | sums.eq(0))
    assert not causal or not stages.weights.triu(1).any()


def test_a_head_that_is_switched_off_adds_nothing() -> None:
    layer, x = attention(causal=True), stream()
    without = layer(x, trace=Trace(without_heads=frozenset({(0, 1), (7, 0)})))
    with torch.no_grad():
        layer.proj[:, 8:] = 0  # what reads head 1
    torch.testing.assert_close(without, layer(x), rtol=1e-5, atol=1e-5)


def test_a_branch_that_is_switched_off_is_left_out() -> None:
    block = Block(tiny_config(residual=True), 3, generator(), causal=True)
    for parameter in (block.attention.proj, block.feed_forward.down):
        nn.init.normal_(parameter, generator=generator(2))
    x = stream()
    only_attention = block(x, trace=Trace(without_feed_forward=frozenset({3})))
    torch.testing.assert_close(only_attention, x + block.attention(norm(x)), rtol=1e-4, atol=1e-5)
    only_feed_forward = block(x, trace=Trace(without_attention=frozenset({3})))
    torch.testing.assert_close(only_feed_forward, x + block.feed_forward(norm(x)))
    neither = Trace(without_attention=frozenset({3}), without_feed_forward=frozenset({3}))
    assert torch.equal(block(x, trace=neither), x)
