"""The parts that models share: norm, positions, attention, feed-forward, block. Used by every file of this package.

No biases and no gains anywhere. Letters: B batch, T time, S time of what is looked at, C width, H heads, D head size.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, linear, relu, rms_norm, scaled_dot_product_attention

from trainer.models.config import ModelConfig
from trainer.models.trace import Trace, attend_by_stages

ROTARY_BASE = 1_000.0
"""Longest wavelength of the rotary positions, in units of 2π tokens. Contexts here are at most 256."""

SINUSOIDAL_BASE = 10_000.0
"""The same for the sinusoidal table, as its authors have it."""


class Layer(nn.Module):
    """A part with weight matrices of its own between embedding and head."""

    hidden: ClassVar[dict[str, int]] = {}
    """Names of its matrices, with how many equal ones are stacked in each."""


class Dropout(nn.Module):
    """Zero a share of the activations in training. Draws from the run's own generator, so that sampling in between
    changes nothing."""

    def __init__(self, share: float, generator: torch.Generator) -> None:
        super().__init__()
        self.share, self.generator = share, generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.share:
            return x
        keep = 1 - self.share
        mask = torch.empty(x.shape, dtype=x.dtype, device=self.generator.device)
        return x * mask.bernoulli_(keep, generator=self.generator).div_(keep).to(x.device)


def norm(x: Tensor, kind: str = "layer") -> Tensor:
    """Variance 1 over the width, and mean 0 (`layer`), or mean square 1 (`rms`; Zhang and Sennrich 2019)."""
    return layer_norm(x, x.shape[-1:]) if kind == "layer" else rms_norm(x, x.shape[-1:])


def drawn(rows: int, columns: int, generator: torch.Generator) -> nn.Parameter:
    """A matrix that keeps the variance of what passes through."""
    return nn.Parameter(torch.empty(rows, columns).normal_(std=columns**-0.5, generator=generator))


def branch_end(rows: int, columns: int, config: ModelConfig, generator: torch.Generator) -> nn.Parameter:
    """The last matrix of a branch. Zero, so that a block begins as the identity; where nothing bypasses the branch,
    zeros would let no gradient through."""
    return nn.Parameter(torch.zeros(rows, columns)) if config.residual else drawn(rows, columns, generator)


class Positions(nn.Module):
    """Where a token stands: added to the input, or as a turn of queries and keys, or not at all."""

    turn: Tensor
    waves: Tensor

    def __init__(self, config: ModelConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.kind = config.positions
        shape = (config.context, config.d_model)
        if self.kind == "learned":
            self.table = nn.Parameter(torch.empty(shape).normal_(std=0.02, generator=generator))
        elif self.kind == "sinusoidal":
            self.register_buffer("waves", sinusoidal_table(*shape), persistent=False)
        elif self.kind == "rotary":
            table = rotary_table(config.context, config.d_model // config.n_heads)
            self.register_buffer("turn", table, persistent=False)

    def add(self, x: Tensor, start: int) -> Tensor:
        """x (B, T, C), the first at position `start`, with what the table holds there."""
        if self.kind == "learned":
            return x + self.table[start : start + x.shape[1]]
        if self.kind == "sinusoidal":
            return x + self.waves[start : start + x.shape[1]]
        return x

    def rotation(self, start: int, end: int) -> Tensor | None:
        """The turn (T, D / 2) of positions `start` to `end`, if any."""
        return self.turn[start:end] if self.kind == "rotary" else None


def sinusoidal_table(context: int, width: int) -> Tensor:
    """Sine and cosine of each frequency, side by side (T, C) (Vaswani et al. 2017, section 3.5)."""
    frequency = SINUSOIDAL_BASE ** -(torch.arange(0, width, 2) / width)  # (C / 2,)
    angle = torch.arange(context)[:, None] * frequency  # (T, C / 2)
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)[:, :width]  # (T, C)


def rotary_table(context: int, head: int) -> Tensor:
    """The turn of each position and frequency as a complex number (T, D / 2) of length 1 (Su et al. 2021)."""
    frequency = ROTARY_BASE ** -(torch.arange(0, head, 2) / head)  # (D / 2,)
    angle = torch.arange(context)[:, None] * frequency  # (T, D / 2)
    return torch.polar(torch.ones_like(angle), angle)


def rotate(x: Tensor, rotation: Tensor | None) -> Tensor:
    """Turn each pair (x[2i], x[2i + 1]) of (B, T, n, H, D) by its position's angle: scores then see only distances.

    One complex product for queries and keys together (n = 2).
    """
    if rotation is None:
        return x
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))  # (B, T, n, H, D / 2)
    return torch.view_as_real(pairs * rotation[:, None, None]).flatten(-2).type_as(x)


Weights = tuple[Tensor, Tensor, Tensor, Tensor]
"""A block's matrices: queries, keys and values in one (C, 3 C); their way out (C, C); up (C, F); down (F, C)."""


class Cache:
    """Keys and values of the positions seen so far, so that decoding computes each position once."""

    def __init__(self, config: ModelConfig, batch: int, device: torch.device) -> None:
        head = config.d_model // config.n_heads
        shape = (config.n_layers, 2, batch, config.n_heads, config.context, head)
        self.memory = torch.zeros(shape, device=device)  # (L, key and value, B, H, T, D)
        self.recent = torch.zeros(batch, 0, dtype=torch.long, device=device)  # the last ids, for tables that look back
        self.length = 0
        self.weights: list[Weights] = []  # of each block, once `trainer.models.step` has looked them up

    @property
    def full(self) -> bool:
        """Whether no further position fits."""
        return self.length == self.memory.shape[4]

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Append the keys and values (B, H, new, D) of one layer; all of them so far (B, H, length + new, D)."""
        end = self.length + k.shape[2]
        keys, values = self.memory[layer, 0], self.memory[layer, 1]
        keys[:, :, self.length : end] = k
        values[:, :, self.length : end] = v
        if not self.length:  # as they are: reading them out of the larger memory takes longer
            return k, v
        return keys[:, :, :end], values[:, :, :end]

    def select(self, rows: Tensor) -> None:
        """Go on with these rows (B',) of the batch, in this order: what a beam search keeps."""
        self.memory, self.recent = self.memory[:, :, rows], self.recent[rows]


def attend(
    q: Tensor, k: Tensor, v: Tensor, *, keep: Tensor | None, causal: bool, trace: Trace | None, layer: int, cross: bool
) -> Tensor:
    """Mix values (B, H, S, D) by the likeness of their keys to each query (B, H, T, D): (B, T, C), heads side by side.

    `keep` (B, 1, 1, S) is False at padding. One query may look at everything; several, where `causal`, not at those
    after them: padding at the end of a row needs no mask there.
    """
    if trace is not None and trace.by_stages:
        y = trace.attended(attend_by_stages(q, k, v, keep=keep, causal=causal), layer, cross=cross)
    elif causal:
        y = scaled_dot_product_attention(q, k, v, is_causal=q.shape[2] > 1)  # (B, H, T, D)
    else:
        y = scaled_dot_product_attention(q, k, v, attn_mask=keep)  # (B, H, T, D)
    if trace is not None:
        y = trace.passed_on(y, layer, cross=cross)
    return y.transpose(1, 2).reshape(q.shape[0], q.shape[2], -1)  # (B, T, C)


class Attention(Layer):
    """Self-attention: every position asks those that it may see."""

    hidden = {"qkv": 3, "proj": 1}

    def __init__(self, config: ModelConfig, layer: int, generator: torch.Generator, *, causal: bool) -> None:
        super().__init__()
        C = config.d_model
        self.layer, self.n_heads, self.causal = layer, config.n_heads, causal
        self.qkv = drawn(3 * C, C, generator)
        self.proj = branch_end(C, C, config, generator)

    def forward(
        self,
        x: Tensor,
        *,
        rotation: Tensor | None = None,
        keep: Tensor | None = None,
        cache: Cache | None = None,
        trace: Trace | None = None,
    ) -> Tensor:
        B, T, _ = x.shape
        qkv = linear(x, self.qkv).view(B, T, 3, self.n_heads, -1)  # (B, T, 3, H, D)
        q, k = rotate(qkv[:, :, :2], rotation).permute(2, 0, 3, 1, 4)  # each (B, H, T, D)
        v = qkv[:, :, 2].transpose(1, 2)  # (B, H, T, D)
        if cache is not None:
            k, v = cache.extend(self.layer, k, v)  # (B, H, S, D)
        y = attend(q, k, v, keep=keep, causal=self.causal, trace=trace, layer=self.layer, cross=False)
        return linear(y, self.proj)  # (B, T, C)


class CrossAttention(Layer):
    """Every position of the target asks all of the source.

    With rotary positions, queries turn by their place in the target and keys by theirs in the source: a score can then
    see how far two words are from the same place.
    """

    hidden = {"q": 1, "kv": 2, "proj": 1}

    def __init__(self, config: ModelConfig, layer: int, generator: torch.Generator) -> None:
        super().__init__()
        C = config.d_model
        self.layer, self.n_heads = layer, config.n_heads
        self.q = drawn(C, C, generator)
        self.kv = drawn(2 * C, C, generator)
        self.proj = branch_end(C, C, config, generator)

    def read(self, source: Tensor, rotation: Tensor | None) -> tuple[Tensor, Tensor]:
        """Keys and values, each (B, H, S, D), of the encoded source (B, S, C)."""
        B, S, _ = source.shape
        kv = linear(source, self.kv).view(B, S, 2, self.n_heads, -1)  # (B, S, 2, H, D)
        k = rotate(kv[:, :, :1], rotation)[:, :, 0].transpose(1, 2)  # (B, H, S, D)
        return k, kv[:, :, 1].transpose(1, 2)

    def forward(
        self,
        x: Tensor,
        source: tuple[Tensor, Tensor],
        *,
        rotation: Tensor | None = None,
        keep: Tensor | None = None,
        trace: Trace | None = None,
    ) -> Tensor:
        B, T, _ = x.shape
        q = linear(x, self.q).view(B, T, 1, self.n_heads, -1)  # (B, T, 1, H, D)
        q = rotate(q, rotation)[:, :, 0].transpose(1, 2)  # (B, H, T, D)
        y = attend(q, *source, keep=keep, causal=False, trace=trace, layer=self.layer, cross=True)
        return linear(y, self.proj)  # (B, T, C)


class FeedForward(Layer):
    """Two matrices with a bend between them, at each position alone."""

    hidden = {"up": 1, "down": 1}

    def __init__(self, config: ModelConfig, generator: torch.Generator) -> None:
        super().__init__()
        C, F = config.d_model, config.d_ff
        self.activation = config.activation
        self.up = drawn(F, C, generator)
        self.down = branch_end(C, F, config, generator)

    def forward(self, x: Tensor) -> Tensor:
        return linear(activate(linear(x, self.up), self.activation), self.down)  # (B, T, C) -> (B, T, F) -> (B, T, C)


def activate(x: Tensor, kind: str) -> Tensor:
    """GELU (Hendrycks and Gimpel 2016), ReLU, or its square (So et al. 2021)."""
    if kind == "gelu":
        return gelu(x)
    return relu(x).square() if kind == "relu2" else relu(x)


class Block(nn.Module):
    """Attention, then feed-forward, each added to the residual stream."""

    def __init__(self, config: ModelConfig, layer: int, generator: torch.Generator, *, causal: bool) -> None:
        super().__init__()
        self.config, self.layer = config, layer
        self.attention = Attention(config, layer, generator, causal=causal)
        self.feed_forward = FeedForward(config, generator)
        self.dropout = Dropout(config.dropout, generator)

    def forward(
        self,
        x: Tensor,
        *,
        rotation: Tensor | None = None,
        keep: Tensor | None = None,
        cache: Cache | None = None,
        trace: Trace | None = None,
    ) -> Tensor:
        if trace is None or trace.wants("attention", self.layer):
            y = self.attention.forward(self.before(x), rotation=rotation, keep=keep, cache=cache, trace=trace)
            x = self.after(x, y)  # (B, T, C)
        if trace is None or trace.wants("feed_forward", self.layer):
            x = self.after(x, self.feed_forward.forward(self.before(x)))  # (B, T, C)
        return x

    def before(self, x: Tensor) -> Tensor:
        """What a branch reads."""
        return norm(x, self.config.norm) if self.config.norm_place == "before" else x

    def after(self, x: Tensor, branch: Tensor) -> Tensor:
        """The stream once the branch has spoken."""
        y = self.dropout.forward(branch)
        if self.config.residual:
            y = x + y
        return y if self.config.norm_place == "before" else norm(y, self.config.norm)
