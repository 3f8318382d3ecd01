"""An encoder–decoder Transformer (Vaswani et al. 2017): reads a source, writes a target that looks at all of it. For
translation, answers, and the diagnostic tasks.

`n_layers` blocks on each side; one embedding and one table of positions for both. Decoder blocks have a third branch,
cross-attention, between the two of `trainer.models.layers.Block`.

Letters: B batch, T time in the target, S time in the source, C width, H heads, D head size, V vocabulary.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from trainer.models.base import Model, padding_mask
from trainer.models.config import ModelConfig
from trainer.models.layers import Block, Cache, CrossAttention, Dropout, Positions, norm
from trainer.models.trace import Trace

KeysValues = tuple[Tensor, Tensor]


class SourceCache(Cache):
    """The decoder's own keys and values, and those of the source for every layer, read once."""

    def __init__(self, config: ModelConfig, batch: int, device: torch.device) -> None:
        super().__init__(config, batch, device)
        self.source: list[KeysValues] = []  # of each layer (B, H, S, D); empty before the first token
        self.keep: Tensor | None = None  # (B, 1, 1, S)

    def select(self, rows: Tensor) -> None:
        super().select(rows)
        self.source = [(k[rows], v[rows]) for k, v in self.source]
        self.keep = None if self.keep is None else self.keep[rows]


class DecoderBlock(Block):
    """Attention to the target so far, attention to the source, then feed-forward."""

    def __init__(self, config: ModelConfig, layer: int, generator: torch.Generator) -> None:
        super().__init__(config, layer, generator, causal=True)
        self.cross = CrossAttention(config, layer, generator)

    def decode(
        self,
        x: Tensor,
        source: KeysValues,
        *,
        rotation: Tensor | None,
        keep: Tensor | None,
        cache: Cache | None,
        trace: Trace | None,
    ) -> Tensor:
        """The stream (B, T, C) after this block; `keep` is False at the source's padding."""
        if trace is None or trace.wants("attention", self.layer):
            y = self.attention.forward(self.before(x), rotation=rotation, cache=cache, trace=trace)
            x = self.after(x, y)  # (B, T, C)
        if trace is None or trace.wants("cross", self.layer):
            y = self.cross.forward(self.before(x), source, rotation=rotation, keep=keep, trace=trace)
            x = self.after(x, y)  # (B, T, C)
        if trace is None or trace.wants("feed_forward", self.layer):
            x = self.after(x, self.feed_forward.forward(self.before(x)))  # (B, T, C)
        return x


class Seq2Seq(Model):
    """Logits of the next token of the target at every position."""

    def __init__(self, config: ModelConfig, generator: torch.Generator) -> None:
        super().__init__(config)
        self.add_embedding_and_head(generator)
        self.positions = Positions(config, generator)
        self.encoder = nn.ModuleList(Block(config, layer, generator, causal=False) for layer in range(config.n_layers))
        self.decoder = nn.ModuleList(DecoderBlock(config, layer, generator) for layer in range(config.n_layers))
        self.dropout = Dropout(config.dropout, generator)

    def forward(
        self, source: Tensor, target: Tensor, cache: SourceCache | None = None, trace: Trace | None = None
    ) -> Tensor:
        """Logits (B, T, V) of the tokens after target (B, T), given source (B, S).

        `trace` is about the decoder, `trace.source` about the encoder. With a cache, target continues what it holds:
        any number of tokens while it is empty, one at a time afterwards; the source is read at the first call alone.
        """
        start = cache.length if cache is not None else 0
        end, context = start + target.shape[1], self.config.context
        if max(end, source.shape[1]) > context or (start and target.shape[1] > 1):
            raise ValueError(f"positions {start} to {end} after {source.shape[1]} do not fit a context of {context}")
        inside = None if trace is None else trace.source
        memory, keep = self.read(source, cache, inside)  # of each layer (B, H, S, D); (B, 1, 1, S)
        rotation = self.positions.rotation(start, end)
        x = self.embed(target, start)  # (B, T, C)
        for block, keys_values in zip(self.decoder, memory, strict=True):
            assert isinstance(block, DecoderBlock)  # for the type checker: a ModuleList forgets
            if trace is not None:
                trace.stream.append(x)
            x = block.decode(x, keys_values, rotation=rotation, keep=keep, cache=cache, trace=trace)
        if trace is not None:
            trace.stream.append(x)
        if cache is not None:
            cache.length = end
        return self.logits(x, target)

    def read(
        self, source: Tensor, cache: SourceCache | None, trace: Trace | None = None
    ) -> tuple[list[KeysValues], Tensor | None]:
        """What each layer of the decoder sees of the source, and where: from the cache, once it is there."""
        if cache is not None and cache.source:
            return cache.source, cache.keep
        keep = padding_mask(source, self.config)
        rotation = self.positions.rotation(0, source.shape[1])
        encoded = self.encode(source, trace)  # (B, S, C)
        memory = [block.cross.read(encoded, rotation) for block in self.decoder if isinstance(block, DecoderBlock)]
        if cache is not None:
            cache.source, cache.keep = memory, keep
        return memory, keep

    def encode(self, source: Tensor, trace: Trace | None = None) -> Tensor:
        """The source (B, S) as the decoder looks at it (B, S, C). Here `trace` is about the encoder."""
        rotation, keep = self.positions.rotation(0, source.shape[1]), padding_mask(source, self.config)
        x = self.embed(source, 0)  # (B, S, C)
        for block in self.encoder:
            if trace is not None:
                trace.stream.append(x)
            x = block(x, rotation=rotation, keep=keep, trace=trace)
        if trace is not None:
            trace.stream.append(x)
        return norm(x, self.config.norm)

    def embed(self, ids: Tensor, start: int) -> Tensor:
        """Tokens with their positions, the first at `start`: (B, T) to (B, T, C)."""
        x = norm(embedding(ids, self.embedding), self.config.norm)
        return self.dropout.forward(self.positions.add(x, start))

    def alignment(self, source: Tensor, target: Tensor) -> list[Tensor]:
        """How much each target token looked at each source token: of each layer (B, H, T, S), rows sum to 1."""
        trace = Trace()
        self.forward(source, target, trace=trace)
        return [trace.cross[layer].weights for layer in range(self.config.n_layers)]

    def new_cache(self, batch: int) -> SourceCache:
        """For one source a row."""
        return SourceCache(self.config, batch, self.embedding.device)
