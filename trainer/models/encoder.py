"""An encoder-only Transformer (Devlin et al. 2019): every position sees the whole row. Trained to fill in
masked tokens, then to tag words or, pooled, to classify texts.

The same blocks as `trainer.models.gpt` without the causal mask; nothing attends to padding.

Letters: B batch, T time, C width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from trainer.models.base import Model, padding_mask
from trainer.models.config import ModelConfig
from trainer.models.layers import Block, Dropout, Positions, norm
from trainer.models.trace import Trace


class Encoder(Model):
    """Logits of the token, tag or class at every position, or of the whole row."""

    def __init__(self, config: ModelConfig, generator: torch.Generator) -> None:
        super().__init__(config)
        self.add_embedding_and_head(generator)
        self.positions = Positions(config, generator)
        self.blocks = nn.ModuleList(Block(config, layer, generator, causal=False) for layer in range(config.n_layers))
        self.dropout = Dropout(config.dropout, generator)

    def forward(self, ids: Tensor, cache: None = None, trace: Trace | None = None) -> Tensor:
        """Logits (B, T, n_outputs), or (B, n_outputs), of ids (B, T). There is nothing to cache."""
        length = ids.shape[1]
        if length > self.config.context:
            raise ValueError(f"{length} positions do not fit a context of {self.config.context}")
        rotation, keep = self.positions.rotation(0, length), padding_mask(ids, self.config)
        x = norm(embedding(ids, self.embedding), self.config.norm)  # (B, T, C)
        x = self.dropout.forward(self.positions.add(x, 0))  # (B, T, C)
        for block in self.blocks:
            if trace is not None:
                trace.stream.append(x)
            x = block(x, rotation=rotation, keep=keep, trace=trace)
        if trace is not None:
            trace.stream.append(x)
        return self.logits(x, ids)
