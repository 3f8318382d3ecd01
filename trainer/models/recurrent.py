"""What RNN and LSTM share: embedding, a stack of recurrent layers, head. Subclassed by the two files of these names.

Letters: B batch, T time, C width, V vocabulary.
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from trainer.models.base import Model
from trainer.models.config import ModelConfig
from trainer.models.layers import Dropout, Layer, norm
from trainer.models.trace import Trace

Memory = tuple[Tensor, ...]
"""All that a layer knows of the past, each (B, C)."""


class RecurrentLayer(Layer):
    """Reads a row from left to right."""

    @abstractmethod
    def start(self, batch: int) -> Memory:
        """Before the first token."""

    @abstractmethod
    def forward(self, x: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Outputs (B, T, C) for x (B, T, C), and the memory after it."""


class RecurrentState:
    """The memory of every layer: as large after a thousand tokens as after one, so never full."""

    full = False

    def __init__(self, memories: list[Memory]) -> None:
        self.memories = memories
        self.length = 0

    def select(self, rows: Tensor) -> None:
        """Go on with these rows (B',) of the batch, in this order."""
        self.memories = [tuple(part[rows] for part in memory) for memory in self.memories]


class Recurrent(Model):
    """Logits of the next token at every position, or of the whole row."""

    def __init__(self, config: ModelConfig, layer: type[RecurrentLayer], generator: torch.Generator) -> None:
        super().__init__(config)
        self.add_embedding_and_head(generator)
        self.layers = nn.ModuleList(layer(config, generator) for _ in range(config.n_layers))
        self.dropout = Dropout(config.dropout, generator)

    def forward(self, ids: Tensor, cache: RecurrentState | None = None, trace: Trace | None = None) -> Tensor:
        """Logits (B, T, V), or (B, n_outputs), of ids (B, T): any number of tokens, continuing what a cache holds."""
        state = cache or self.new_cache(len(ids))
        x = self.dropout.forward(norm(embedding(ids, self.embedding), self.config.norm))  # (B, T, C)
        for i, layer in enumerate(self.layers):
            if trace is not None:
                trace.stream.append(x)
            x, state.memories[i] = layer(x, state.memories[i])
            x = self.dropout.forward(x)  # (B, T, C)
        if trace is not None:
            trace.stream.append(x)
        state.length += ids.shape[1]
        return self.logits(x, ids)

    def new_cache(self, batch: int) -> RecurrentState:
        """Before the first token."""
        return RecurrentState([layer.start(batch) for layer in self.layers if isinstance(layer, RecurrentLayer)])
