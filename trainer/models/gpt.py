"""A decoder-only Transformer (Radford et al. 2019), small enough to read in one sitting. Trained by `trainer.loop`,
played by `trainer.sample`.

By default: LayerNorm before each branch, rotary positions, ReLU² feed-forward, no biases and no gains. Branch outputs
and head start at zero, so the first loss is exactly ln V. `ModelConfig` holds the switches.

Letters: B batch, T time, C width, V vocabulary.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, pad

from trainer.models.base import Model, State, embedding_std, padding_mask
from trainer.models.config import ModelConfig
from trainer.models.fast import can_be_fast, fast_blocks
from trainer.models.layers import Block, Cache, Dropout, Positions, norm
from trainer.models.step import advance, can_advance
from trainer.models.trace import Trace


class GPT(Model):
    """Logits of the next token at every position."""

    def __init__(self, config: ModelConfig, generator: torch.Generator) -> None:
        super().__init__(config)
        self.add_embedding_and_head(generator)
        if config.lookback:
            shape = (config.lookback, config.vocab_size, config.d_model)
            self.lookback = nn.Parameter(torch.empty(shape).normal_(std=embedding_std(config), generator=generator))
        self.positions = Positions(config, generator)
        self.blocks = nn.ModuleList(
            Block(config, layer, generator, causal=config.causal) for layer in range(config.n_layers)
        )
        self.dropout = Dropout(config.dropout, generator)

    def forward(self, ids: Tensor, cache: Cache | None = None, trace: Trace | None = None) -> Tensor:
        """Logits (B, T, V) of the tokens after ids (B, T). With a cache, ids continue what it holds: any number of
        tokens while it is empty, one at a time afterwards.
        """
        start = cache.length if cache is not None else 0
        end = start + ids.shape[1]
        if end > self.config.context or (start and ids.shape[1] > 1):
            raise ValueError(f"positions {start} to {end} do not fit a context of {self.config.context}")
        rotation = self.positions.rotation(start, end)  # (T, D / 2)
        keep = None if self.config.causal else padding_mask(ids, self.config)
        x = self.dropout.forward(self.positions.add(self.embed(ids, cache), start))  # (B, T, C)
        if trace is None and cache is None and self.training and can_be_fast(self.config, ids):
            return self.logits(fast_blocks(x, self.blocks, config=self.config, rotation=rotation), ids)
        for block in self.blocks:
            if trace is not None:
                trace.stream.append(x)
            x = block(x, rotation=rotation, keep=keep, cache=cache, trace=trace)
        if trace is not None:
            trace.stream.append(x)
        if cache is not None:
            cache.length = end
        return self.logits(x, ids)

    def next_logits(self, ids: Tensor, cache: State | None) -> Tensor:
        end = ids.shape[1] + (cache.length if cache is not None else 0)
        new = ids.shape[1] in (1, end)  # anything else is for `forward` to refuse
        if not isinstance(cache, Cache) or self.training or not new or end > self.config.context:
            return super().next_logits(ids, cache)
        if self.config.pool != "none" or not can_advance(self.embedding):
            return super().next_logits(ids, cache)
        start = cache.length
        x = self.positions.add(self.embed(ids, cache), start)  # (B, T, C)
        x = advance(x, self.blocks, cache, self.positions.rotation(start, end), self.config)  # (B, 1, C)
        return self.logits(x, ids).select(1, 0)  # nothing is pooled here, so the ids do not matter

    def embed(self, ids: Tensor, cache: Cache | None) -> Tensor:
        """Each token's own row and, from tables of their own, those of the tokens before it (B, T, C)."""
        x = embedding(ids, self.embedding)
        if self.config.lookback:
            seen = ids if cache is None else torch.cat((cache.recent, ids), dim=1)  # (B, earlier + T)
            earlier, length = seen.shape[1] - ids.shape[1], seen.shape[1]
            for back, table in enumerate(self.lookback, start=1):
                before = embedding(seen[:, max(0, earlier - back) : max(0, length - back)], table)
                x = x + pad(before, (0, 0, ids.shape[1] - before.shape[1], 0))  # nothing stands before the start
            if cache is not None:
                cache.recent = seen[:, -self.config.lookback :]
        return norm(x, self.config.norm)

    def new_cache(self, batch: int) -> Cache | None:
        """None where positions see those after them: each new token then changes all."""
        return Cache(self.config, batch, self.embedding.device) if self.config.causal else None
