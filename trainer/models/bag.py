"""A linear classifier on a bag of words: which tokens occur, not in which order. The line that others have to beat.

Letters: B batch, T time, K classes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from trainer.models.base import Model
from trainer.models.config import ModelConfig


class Bag(Model):
    """Logits of each class: one weight a token and class, the sum scaled so that long texts do not shout."""

    def __init__(self, config: ModelConfig, generator: torch.Generator) -> None:
        super().__init__(config)
        del generator  # nothing is drawn: a linear model may start at zero
        self.embedding = nn.Parameter(torch.zeros(config.vocab_size, config.n_outputs))
        self.bias = nn.Parameter(torch.zeros(config.n_outputs))
        self.head = None

    def forward(self, ids: Tensor, cache: None = None) -> Tensor:
        """Logits (B, K) of ids (B, T), padding left out."""
        rows = embedding(ids, self.embedding)  # (B, T, K)
        if self.config.pad is None:
            return rows.sum(1) / math.sqrt(ids.shape[1]) + self.bias
        real = (ids != self.config.pad)[..., None]  # (B, T, 1)
        return (rows * real).sum(1) / real.sum(1).clamp(min=1).sqrt() + self.bias
