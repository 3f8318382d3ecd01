"""What all models have in common: the tables at both ends and the way out. Every family's class derives from `Model`;
the loop, the optimisers and the probes know only this.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from trainer.models.config import ModelConfig
from trainer.models.layers import Layer, norm

TIED_STD = 0.02
"""Of an embedding that is also the head (Radford et al. 2019): at 1, the first guesses would be wildly sure."""


class State(Protocol):
    """What decoding keeps between tokens; `Model.new_cache` makes one."""

    length: int
    """Positions read so far."""

    @property
    def full(self) -> bool:
        """Whether no further position fits."""

    def select(self, rows: Tensor) -> None:
        """Go on with these rows (B',) of the batch, in this order."""


class Model(nn.Module):
    """Built as `Family(config, generator)`; the generator draws the initial weights, later the dropout masks.

    `forward(ids, cache=None)` gives logits (B, T, n_outputs), or (B, n_outputs) where the configuration pools.
    Short rows are filled with `config.pad` at their end.
    """

    embedding: nn.Parameter
    head: nn.Parameter | None
    """None where the embedding serves as head."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config

    def add_embedding_and_head(self, generator: torch.Generator) -> None:
        """Tables at the two ends. The head starts at zero, so that the first loss is exactly ln n_outputs."""
        config = self.config
        if config.tied and config.n_outputs != config.vocab_size:
            raise ValueError(f"a tied head has {config.vocab_size} outputs, not {config.n_outputs}")
        shape = (config.vocab_size, config.d_model)
        self.embedding = nn.Parameter(torch.empty(shape).normal_(std=embedding_std(config), generator=generator))
        self.head = None if config.tied else nn.Parameter(torch.zeros(config.n_outputs, config.d_model))

    def hidden_matrices(self) -> Iterator[tuple[nn.Parameter, int]]:
        """Every weight matrix between embedding and head, with how many equal ones are stacked in it: what Muon
        trains."""
        for module in self.modules():
            if isinstance(module, Layer):
                for name, parts in module.hidden.items():
                    yield getattr(module, name), parts

    def new_cache(self, batch: int) -> State | None:
        """An empty cache for `batch` rows; None where every position must be computed anew for each token."""
        return None

    def next_logits(self, ids: Tensor, cache: State | None) -> Tensor:
        """Logits (B, V) of what follows ids (B, T), which continue what the cache holds: several while it is empty."""
        logits: Tensor = self(ids, cache)  # (B, T, V)
        return logits[:, -1]

    def logits(self, x: Tensor, ids: Tensor) -> Tensor:
        """From the stream x (B, T, C) that read ids (B, T): pooled, if the configuration says so."""
        x = self.pooled(norm(x, self.config.norm), ids)  # (B, T, C) or (B, C)
        return linear(x, self.embedding if self.head is None else self.head)

    def pooled(self, x: Tensor, ids: Tensor) -> Tensor:
        """x (B, T, C), or of each row the last or the mean (B, C) of what is not padding."""
        if self.config.pool == "none":
            return x
        real = torch.ones_like(ids, dtype=torch.bool) if self.config.pad is None else ids != self.config.pad  # (B, T)
        if self.config.pool == "mean":
            total = (x * real[..., None]).sum(1)  # (B, C)
            return total / real.sum(1, keepdim=True).clamp(min=1)
        last = (real.sum(1) - 1).clamp(min=0)  # (B,)
        return x[torch.arange(len(x), device=x.device), last]


def embedding_std(config: ModelConfig) -> float:
    """Of the tables at the input; what they hold is normalised there, so only the size of a step depends on it."""
    return TIED_STD if config.tied else 1.0


def padding_mask(ids: Tensor, config: ModelConfig) -> Tensor | None:
    """Where ids (B, S) may be looked at (B, 1, 1, S); None where every row is full."""
    return None if config.pad is None else (ids != config.pad)[:, None, None]
