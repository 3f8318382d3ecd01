"""A decoder-only Transformer, small enough to read in one sitting. Trained by `trainer.loop`, played by
`trainer.sample`.

The block: LayerNorm before each branch (no gains), rotary positions (Su et al. 2021), ReLU² feed-forward (So et al.
2021), no biases anywhere. Branch outputs and head start at zero, so the first loss is exactly ln V.

Letters: B batch, T time, C width, H heads, D head size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, layer_norm, linear, scaled_dot_product_attention

ROTARY_BASE = 1_000.0
"""Longest wavelength of the rotary positions, in units of 2π tokens. Contexts here are at most 256."""


@dataclass(frozen=True, kw_only=True)
class GPTConfig:
    """Shape of the model."""

    vocab_size: int
    n_layers: int
    d_model: int
    n_heads: int
    context: int
    dropout: float = 0.0


class Cache:
    """Keys and values of the positions seen so far, so that decoding computes each position once."""

    def __init__(self, config: GPTConfig, batch: int) -> None:
        head = config.d_model // config.n_heads
        shape = (config.n_layers, 2, batch, config.n_heads, config.context, head)
        self.memory = torch.zeros(shape)  # (L, key and value, B, H, T, D)
        self.length = 0

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Append the keys and values (B, H, new, D) of one layer; all of them so far (B, H, length + new, D)."""
        end = self.length + k.shape[2]
        keys, values = self.memory[layer, 0], self.memory[layer, 1]
        keys[:, :, self.length : end] = k
        values[:, :, self.length : end] = v
        return keys[:, :, :end], values[:, :, :end]


class Block(nn.Module):
    """Attention, then feed-forward, each added to the residual stream."""

    def __init__(self, config: GPTConfig, layer: int, generator: torch.Generator) -> None:
        super().__init__()
        d = config.d_model
        self.layer, self.n_heads = layer, config.n_heads
        self.qkv = nn.Parameter(torch.empty(3 * d, d).normal_(std=d**-0.5, generator=generator))
        self.proj = nn.Parameter(torch.zeros(d, d))
        self.up = nn.Parameter(torch.empty(4 * d, d).normal_(std=d**-0.5, generator=generator))
        self.down = nn.Parameter(torch.zeros(d, 4 * d))
        self.dropout = Dropout(config.dropout, generator)

    def forward(self, x: Tensor, rotation: Tensor, cache: Cache | None = None) -> Tensor:
        x = x + self.dropout.forward(self.attention(norm(x), rotation, cache))  # (B, T, C)
        return x + self.dropout.forward(self.feed_forward(norm(x)))  # (B, T, C)

    def attention(self, x: Tensor, rotation: Tensor, cache: Cache | None) -> Tensor:
        B, T, C = x.shape
        qkv = linear(x, self.qkv).view(B, T, 3, self.n_heads, -1)  # (B, T, 3, H, D)
        q, k = rotate(qkv[:, :, :2], rotation).permute(2, 0, 3, 1, 4)  # each (B, H, T, D)
        v = qkv[:, :, 2].transpose(1, 2)  # (B, H, T, D)
        if cache is not None:
            k, v = cache.extend(self.layer, k, v)
        # One new token may look at everything cached; several may not look at those after them.
        y = scaled_dot_product_attention(q, k, v, is_causal=T > 1)  # (B, H, T, D)
        return linear(y.transpose(1, 2).reshape(B, T, C), self.proj)  # (B, T, C)

    def feed_forward(self, x: Tensor) -> Tensor:
        return linear(linear(x, self.up).relu().square(), self.down)  # (B, T, C) -> (B, T, 4C) -> (B, T, C)


class GPT(nn.Module):
    """Logits of the next token at every position."""

    rotation: Tensor

    def __init__(self, config: GPTConfig, generator: torch.Generator) -> None:
        """`generator` draws the initial weights, later the dropout masks."""
        super().__init__()
        self.config = config
        shape = (config.vocab_size, config.d_model)
        self.embedding = nn.Parameter(torch.empty(shape).normal_(generator=generator))
        self.blocks = nn.ModuleList(Block(config, layer, generator) for layer in range(config.n_layers))
        self.head = nn.Parameter(torch.zeros(shape))
        self.dropout = Dropout(config.dropout, generator)
        self.register_buffer(
            "rotation", rotary_table(config.context, config.d_model // config.n_heads), persistent=False
        )

    def forward(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """Logits (B, T, V) of the tokens after ids (B, T). With a cache, ids continue what it holds: any number of
        tokens while it is empty, one at a time afterwards.
        """
        start = cache.length if cache is not None else 0
        end = start + ids.shape[1]
        if end > self.config.context or (start and ids.shape[1] > 1):
            raise ValueError(f"positions {start} to {end} do not fit a context of {self.config.context}")
        rotation = self.rotation[start:end]  # (T, D / 2)
        x = self.dropout.forward(norm(embedding(ids, self.embedding)))  # (B, T, C)
        for block in self.blocks:
            x = block(x, rotation, cache)
        if cache is not None:
            cache.length = end
        return linear(norm(x), self.head)  # (B, T, V)

    def hidden_matrices(self) -> Iterator[nn.Parameter]:
        """Every weight between embedding and head, block by block: what Muon trains."""
        return self.blocks.parameters()


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
        return x * torch.empty_like(x).bernoulli_(keep, generator=self.generator).div_(keep)


def norm(x: Tensor) -> Tensor:
    """Mean 0 and variance 1 over the width; no gain, no bias."""
    return layer_norm(x, x.shape[-1:])


def rotary_table(context: int, head: int) -> Tensor:
    """The turn of each position and frequency as a complex number (T, D / 2) of length 1."""
    frequency = ROTARY_BASE ** -(torch.arange(0, head, 2) / head)  # (D / 2,)
    angle = torch.arange(context)[:, None] * frequency  # (T, D / 2)
    return torch.polar(torch.ones_like(angle), angle)


def rotate(x: Tensor, rotation: Tensor) -> Tensor:
    """Turn each pair (x[2i], x[2i + 1]) of (B, T, 2, H, D) by its position's angle: scores then see only distances.

    One complex product for queries and keys together.
    """
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))  # (B, T, 2, H, D / 2)
    return torch.view_as_real(pairs * rotation[:, None, None]).flatten(-2)
