"""Skip-gram with negative sampling (Mikolov et al. 2013): words that stand near the same words get near vectors.

Two tables: a word's vector in the middle of a window, `embedding`, and as a neighbour, `neighbours`. Their product says
how likely a word is a true neighbour rather than one drawn at random.

Letters: B batch, K drawn words for each true one, C width, V vocabulary.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, softplus

from trainer.models.base import Model
from trainer.models.config import ModelConfig


class SkipGram(Model):
    """Logits of candidates being neighbours."""

    def __init__(self, config: ModelConfig, generator: torch.Generator) -> None:
        super().__init__(config)
        C = config.d_model
        table = torch.empty(config.vocab_size, C).uniform_(-0.5 / C, 0.5 / C, generator=generator)
        self.embedding = nn.Parameter(table)
        self.neighbours = nn.Parameter(torch.zeros(config.vocab_size, C))
        self.head = None

    def forward(self, centre: Tensor, candidates: Tensor) -> Tensor:
        """Logits (B, 1 + K) of candidates (B, 1 + K), the true neighbour first, beside centre (B,)."""
        middle = embedding(centre, self.embedding)  # (B, C)
        around = embedding(candidates, self.neighbours)  # (B, 1 + K, C)
        return (around @ middle[:, :, None])[:, :, 0]


def negative_sampling_loss(logits: Tensor) -> Tensor:
    """Mean nats a centre of telling its true neighbour (column 0) from each drawn word, logits (B, 1 + K).

    At first (1 + K) ln 2: every candidate is a coin.
    """
    return (softplus(-logits[:, 0]) + softplus(logits[:, 1:]).sum(1)).mean()
