"""What follows the tokens fed, in as few calls as it takes: the blocks of `trainer.models.gpt` while it writes. Called
by it where no gradient is wanted.

At one token a row, a model's time goes into calls more than into arithmetic. Here the stream is one matrix, weights are
looked up once a cache, products add to the stream, queries and keys are turned in place, and of the last block only the
last position is computed. Tests hold the logits equal to those of the plain blocks for every switch.

Letters: B batch, T new positions, S all positions, C width, H heads, D head size, F width of the feed-forward.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, rms_norm, scaled_dot_product_attention

from trainer.models.config import ModelConfig
from trainer.models.layers import Block, Cache, Weights


def can_advance(x: Tensor) -> bool:
    """Whether `advance` may take the stream x: it works in place, and in float32."""
    return x.dtype == torch.float32 and not torch.is_grad_enabled()


def advance(
    x: Tensor, blocks: Iterable[nn.Module], cache: Cache, rotation: Tensor | None, config: ModelConfig
) -> Tensor:
    """The stream of the last position (B, 1, C) behind all blocks, given that of new ones (B, T, C), which the cache
    keeps: one, or several where it is empty.
    """
    if not cache.weights:
        cache.weights = [weights_of(block) for block in blocks]
    B, T, C = x.shape
    before, residual, kind = config.norm_place == "before", config.residual, config.norm
    shape, last = (B, T, 3, config.n_heads, -1), cache.weights[-1]
    x = x.reshape(B * T, C)
    if rotation is not None:
        rotation = rotation[:, None, None]  # (T, 1, 1, D / 2)
    # Looked up once for all layers: where this position's keys and values go, and all up to it.
    places = cache.memory.narrow(4, cache.length, T).unbind(0)  # each (2, B, H, T, D)
    seen = cache.memory.narrow(4, 0, cache.length + T).flatten(0, 1).unbind(0)  # each (B, H, S, D): keys, values, ...
    for at, weights in enumerate(cache.weights):
        qkv, proj, up, down = weights
        heads = torch.mm(norm(x, kind) if before else x, qkv).view(shape)  # (B, T, 3, H, D)
        if rotation is not None:
            turn(heads, rotation)
        if weights is last and T > 1:
            x = x.view(B, T, C)[:, -1]  # (B, C)
            y = attended(heads, places[at], seen[2 * at], seen[2 * at + 1], queries=1)
        else:
            y = attended(heads, places[at], seen[2 * at], seen[2 * at + 1], queries=T)
        x = x.addmm_(y, proj) if residual else torch.mm(y, proj)
        if not before:
            x = norm(x, kind)
        h = bent(torch.mm(norm(x, kind) if before else x, up), config.activation)
        x = x.addmm_(h, down) if residual else torch.mm(h, down)
        if not before:
            x = norm(x, kind)
    cache.length += T
    return x.view(B, 1, C)


def norm(x: Tensor, kind: str) -> Tensor:
    """As `trainer.models.layers.norm`, without the wrapper around torch's function: there are ten a token."""
    return torch.layer_norm(x, x.shape[-1:]) if kind == "layer" else rms_norm(x, x.shape[-1:])


def bent(x: Tensor, kind: str) -> Tensor:
    """As `trainer.models.layers.activate`, in place where torch can."""
    if kind == "gelu":
        return gelu(x)
    return x.relu_().square_() if kind == "relu2" else x.relu_()


def weights_of(block: nn.Module) -> Weights:
    """A block's four matrices, inputs first: views, for a text of a few dozen tokens would not repay copies."""
    assert isinstance(block, Block)  # for the type checker: a list of modules forgets of which kind
    attention, feed_forward = block.attention, block.feed_forward
    return attention.qkv.t(), attention.proj.t(), feed_forward.up.t(), feed_forward.down.t()


def turn(heads: Tensor, rotation: Tensor) -> None:
    """Queries and keys of heads (B, T, 3, H, D) by the angles of their positions (T, 1, 1, D / 2), in place."""
    pairs = torch.view_as_complex(heads.view(*heads.shape[:-1], -1, 2))  # (B, T, 3, H, D / 2)
    pairs.narrow(2, 0, 2).mul_(rotation)


def attended(heads: Tensor, place: Tensor, k: Tensor, v: Tensor, *, queries: int) -> Tensor:
    """What the last queries (as many as said, one or all) of heads (B, T, 3, H, D) find, rows (B queries, C).

    Their keys and values go into `place` (2, B, H, T, D), the end of all that are kept, k and v (B, H, S, D).
    """
    B, T, _, H, D = heads.shape
    if T == 1:
        one = heads.squeeze(1)  # (B, 3, H, D)
        place.squeeze(3).copy_(one.narrow(1, 1, 2).transpose(0, 1))
        return scaled_dot_product_attention(one.select(1, 0).unsqueeze(2), k, v).reshape(B, H * D)
    q, k, v = heads.permute(2, 0, 3, 1, 4).unbind(0)  # each (B, H, T, D)
    place[0], place[1] = k, v
    y = scaled_dot_product_attention(q[:, :, T - queries :], k, v, is_causal=queries > 1)  # (B, H, queries, D)
    return y.transpose(1, 2).reshape(B * queries, H * D)
