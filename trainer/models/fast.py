"""The blocks of a causal Transformer with their backward pass written by hand: what `trainer.models.layers` computes,
in less time. Called by `trainer.models.gpt` while it trains.

Autograd keeps and moves more than it must. Here the stream is one matrix (N, C), attention keeps its weights instead of
computing them again, and element-wise work happens in place. Under `torch.autocast` the whole block, its stream
included, is in the lower precision; weights and their gradients stay as they are. Tests hold losses and gradients equal
to those of the plain blocks.

Letters: B batch, T time, N = B T, C width, H heads, D head size, F width of the feed-forward.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import gelu

from trainer.models.config import ModelConfig
from trainer.models.layers import Block, rotate

MAX_WEIGHTS = 2**22
"""Most attention weights (B H T T) of a layer: they are kept for the backward pass, 16 MB at this size in float32."""

NORM_EPS = 1e-5


class Shape(NamedTuple):
    """What the blocks of one pass have in common, besides weights."""

    B: int
    T: int
    H: int
    rotation: Tensor | None
    """The turn (T, D / 2) of queries and keys."""
    activation: str
    """Of the feed-forward."""
    mask: Tensor
    """Added to the scores (1, T, T): minus infinity after the query."""


def can_be_fast(config: ModelConfig, ids: Tensor) -> bool:
    """Whether `fast_blocks` does what the plain blocks of this configuration do with ids (B, T)."""
    B, T = ids.shape
    usual = config.causal and config.residual and not config.dropout
    return (
        usual and (config.norm, config.norm_place) == ("layer", "before") and B * config.n_heads * T * T <= MAX_WEIGHTS
    )


def fast_blocks(x: Tensor, blocks: Iterable[nn.Module], *, config: ModelConfig, rotation: Tensor | None) -> Tensor:
    """The stream x (B, T, C) after all blocks, in its own precision or in that of autocast."""
    B, T, C = x.shape
    device = x.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype
    mask = torch.full((1, T, T), -math.inf, dtype=dtype, device=x.device).triu(1)
    shape = Shape(B, T, config.n_heads, rotation, config.activation, mask)
    with torch.autocast(device, enabled=False):
        x = x.reshape(B * T, C).to(dtype)
        for block in blocks:
            assert isinstance(block, Block)  # for the type checker: a list of modules forgets of which kind
            x = apply(x, *matrices(block), shape)
    return x.view(B, T, C)


def matrices(block: Block) -> tuple[Tensor, ...]:
    """Queries, keys and values in one; their way out; up; down."""
    attention, feed_forward = block.attention, block.feed_forward
    return attention.qkv, attention.proj, feed_forward.up, feed_forward.down


class FastBlock(Function):
    """One block: from the stream x (N, C), its four matrices and the `Shape` to the stream after it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *rest: Any) -> Tensor:
        qkv, proj, up, down = weights = [weight.to(x.dtype) for weight in rest[:4]]
        shape: Shape = rest[4]
        n1, *stats1 = normed(x)
        q, k, v = heads(n1 @ qkv.t(), shape)  # each (B H, T, D)
        scores = torch.baddbmm(shape.mask, q, k.mT, alpha=1 / math.sqrt(q.shape[2]))  # (B H, T, T)
        mix = scores.softmax(-1)
        y = side_by_side(mix @ v, shape)  # (N, C)
        middle = torch.addmm(x, y, proj.t())
        n2, *stats2 = normed(middle)
        h, a = activated(n2 @ up.t(), shape.activation)  # (N, F) each
        ctx.shape = shape
        ctx.save_for_backward(x, n1, *stats1, q, k, v, mix, y, middle, n2, *stats2, h, a, *weights)
        return torch.addmm(middle, a, down.t())

    @staticmethod
    def backward(ctx: Any, dx: Tensor) -> tuple[Tensor | None, ...]:
        x, n1, mean1, scale1, q, k, v, mix, y, middle, n2, mean2, scale2, h, a, qkv, proj, up, down = ctx.saved_tensors
        shape: Shape = ctx.shape
        d_down = dx.t() @ a
        dh = activated_backward(dx, down, h, shape.activation)  # (N, F)
        d_up = dh.t() @ n2
        dx = dx + normed_backward(dh @ up, middle, mean2, scale2)

        d_proj = dx.t() @ y
        dy = split_heads(dx @ proj, shape)  # (B H, T, D)
        d_scores = torch._softmax_backward_data(dy @ v.mT, mix, -1, dy.dtype).mul_(1 / math.sqrt(q.shape[2]))
        d_heads = heads_backward(d_scores @ k, d_scores.mT @ q, mix.mT @ dy, shape)  # (N, 3 C)
        d_qkv = d_heads.t() @ n1
        dx = dx + normed_backward(d_heads @ qkv, x, mean1, scale1)
        return dx, d_qkv, d_proj, d_up, d_down, None  # autograd gives each the precision of its weight


apply: Callable[..., Tensor] = FastBlock.apply
"""As above, known to autograd."""


def activated(h: Tensor, kind: str) -> tuple[Tensor, Tensor]:
    """What the way back needs of h (N, F), and its activation."""
    if kind == "gelu":
        return h, gelu(h)
    h.relu_()
    return h, (h * h if kind == "relu2" else h)


def activated_backward(dx: Tensor, down: Tensor, h: Tensor, kind: str) -> Tensor:
    """Gradient (N, F) of what was activated, from that (N, C) of what `down` made of it."""
    if kind == "relu2":
        return ((dx + dx) @ down).mul_(h)  # the slope of a square is twice its side
    da = dx @ down
    dh: Tensor = torch.ops.aten.gelu_backward(da, h) if kind == "gelu" else da.mul_(h > 0)
    return dh


def normed(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Layer norm of x (N, C), with the mean and the scale of each row."""
    return torch.native_layer_norm(x, x.shape[-1:], None, None, NORM_EPS)


def normed_backward(d: Tensor, x: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    """Gradient of x from that of its norm."""
    wanted = [True, False, False]
    dx: Tensor = torch.ops.aten.native_layer_norm_backward(d, x, x.shape[-1:], mean, scale, None, None, wanted)[0]
    return dx


def split_heads(x: Tensor, shape: Shape) -> Tensor:
    """(N, C) to (B H, T, D), without a copy where there is one head."""
    return x.view(shape.B, shape.T, shape.H, -1).transpose(1, 2).reshape(shape.B * shape.H, shape.T, -1)


def side_by_side(x: Tensor, shape: Shape) -> Tensor:
    """(B H, T, D) to (N, C)."""
    return x.view(shape.B, shape.H, shape.T, -1).transpose(1, 2).reshape(shape.B * shape.T, -1)


def heads(stacked: Tensor, shape: Shape) -> tuple[Tensor, Tensor, Tensor]:
    """Queries and keys, turned, and values from (N, 3 C), each (B H, T, D)."""
    B, T, H = shape.B, shape.T, shape.H
    parts = stacked.view(B, T, 3, H, -1)
    turned = rotate(parts[:, :, :2], shape.rotation)  # (B, T, 2, H, D)
    q, k, v = (
        part.transpose(1, 2).reshape(B * H, T, -1) for part in (turned[:, :, 0], turned[:, :, 1], parts[:, :, 2])
    )
    return q, k, v


def heads_backward(dq: Tensor, dk: Tensor, dv: Tensor, shape: Shape) -> Tensor:
    """Gradient (N, 3 C) of what `heads` took, from those of what it gave."""
    B, T, H = shape.B, shape.T, shape.H
    parts = torch.stack([part.view(B, H, T, -1).transpose(1, 2) for part in (dq, dk, dv)], dim=2)  # (B, T, 3, H, D)
    if shape.rotation is not None:
        parts[:, :, :2] = rotate(parts[:, :, :2], shape.rotation.conj())  # turned back
    return parts.view(B * T, -1)
