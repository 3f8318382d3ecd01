"""Looking into one forward pass: every stage of attention, the residual stream, and parts switched off. Used by
`trainer.probe`, which hands a `Trace` to a model's `forward`; without one, `layers.attend` takes its fused path.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Stages:
    """One layer's attention, step by step; T queries, S keys."""

    q: Tensor  # (B, H, T, D)
    k: Tensor  # (B, H, S, D)
    v: Tensor  # (B, H, S, D)
    scores: Tensor  # (B, H, T, S): q kᵀ
    scaled: Tensor  # (B, H, T, S): scores / √D
    masked: Tensor  # (B, H, T, S): minus infinity where a query may not look
    weights: Tensor  # (B, H, T, S): softmax over the keys; all 0 where there is nothing to look at
    heads: Tensor  # (B, H, T, D): weights v


@dataclass
class Trace:
    """What a probe switches off in one pass (its choice), and what it saw (filled in by the model)."""

    without_heads: frozenset[tuple[int, int]] = frozenset()
    """(layer, head) of self-attention whose output is replaced by zeros."""

    without_attention: frozenset[int] = frozenset()
    """Layers that leave out their self-attention."""

    without_cross: frozenset[int] = frozenset()
    """Layers of a decoder that do not look at the source."""

    without_cross_heads: frozenset[tuple[int, int]] = frozenset()
    """(layer, head) of a decoder's look at the source whose output is replaced by zeros."""

    without_feed_forward: frozenset[int] = frozenset()
    """Layers that leave out their feed-forward."""

    by_stages: bool = True
    """Whether attention is computed stage by stage and kept, or fused as without a trace: faster, and smaller."""

    attention: dict[int, Stages] = field(default_factory=dict)
    """Of each layer, before heads are switched off; in an encoder–decoder the decoder's."""

    cross: dict[int, Stages] = field(default_factory=dict)
    """From target to source, of each layer of a decoder: its weights are the alignment."""

    stream: list[Tensor] = field(default_factory=list)
    """The residual stream (B, T, C) at the input and after each block."""

    source: Trace | None = None
    """Of an encoder–decoder's encoder, where one should be kept; all else here is about its decoder."""

    def wants(self, branch: str, layer: int) -> bool:
        """Whether a layer's `attention`, `cross` or `feed_forward` takes part."""
        left_out = {
            "attention": self.without_attention,
            "cross": self.without_cross,
            "feed_forward": self.without_feed_forward,
        }
        return layer not in left_out[branch]

    def attended(self, stages: Stages, layer: int, *, cross: bool) -> Tensor:
        """Keep the stages; what the heads (B, H, T, D) found."""
        (self.cross if cross else self.attention)[layer] = stages
        return stages.heads

    def passed_on(self, heads: Tensor, layer: int, *, cross: bool) -> Tensor:
        """What the heads (B, H, T, D) pass on: zeros where they are switched off."""
        off = [head for at, head in (self.without_cross_heads if cross else self.without_heads) if at == layer]
        if not off:
            return heads
        numbers = torch.arange(heads.shape[1], device=heads.device)  # (H,)
        on = ~torch.isin(numbers, torch.tensor(off, device=heads.device))
        return heads * on[:, None, None]


def attend_by_stages(q: Tensor, k: Tensor, v: Tensor, *, keep: Tensor | None, causal: bool) -> Stages:
    """The equations of attention, one a line; gives what the fused kernel gives. Arguments as `layers.attend`."""
    T, S = q.shape[2], k.shape[2]
    scores = q @ k.mT  # (B, H, T, S)
    scaled = scores / math.sqrt(q.shape[-1])
    allowed = torch.ones(T, S, dtype=torch.bool, device=q.device)
    if causal:
        allowed = allowed.tril(S - T)  # the last query stands at the last key
    if keep is not None:
        allowed = allowed & keep  # (B, 1, T, S)
    masked = scaled.masked_fill(~allowed, -torch.inf)
    weights = masked.softmax(-1).masked_fill(~allowed, 0.0)  # a row without any key is 0 / 0, and counts as 0
    return Stages(q=q, k=k, v=v, scores=scores, scaled=scaled, masked=masked, weights=weights, heads=weights @ v)
