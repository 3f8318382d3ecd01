"""Words from their neighbours: skip-gram with negative sampling (Mikolov et al. 2013, section 2.2). Built by
`trainer.tasks.prepare`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from trainer.models.base import Model
from trainer.models.skipgram import negative_sampling_loss
from trainer.spec import RunSpec
from trainer.tasks.base import Batch, Counts, Said, Task
from trainer.tasks.texts import prepare
from trainer.tokenizer import Tokenizer

NOISE_POWER = 0.75
"""Wrong words are drawn by their frequency to this power."""

HELD_OUT_SEED = 20_131_016
HELD_OUT_UNITS = 256
SHOWN_WORDS, SHOWN_NEIGHBOURS = 5, 5


class EmbedTask(Task):
    """Batches of batch x context pairs: a word, one of its neighbours, and words that are none."""

    def __init__(self, spec: RunSpec, text: str, tokenizer: Tokenizer | None = None) -> None:
        self.spec = spec
        data = prepare(spec, text, tokenizer)
        self.tokenizer = data.tokenizer
        self.train, self.held = data.train, data.held_out
        self.train_tokens, self.held_out_tokens = len(self.train), len(self.held)
        self.config = spec.model_config(self.tokenizer.vocab_size)
        self.counts = torch.bincount(self.train, minlength=self.tokenizer.vocab_size)  # (V,)
        self.noise = self.counts.double().pow(NOISE_POWER).float()
        generator = torch.Generator().manual_seed(HELD_OUT_SEED)
        self.held_pairs = self._pairs(self.held, HELD_OUT_UNITS * spec.context, generator)

    @property
    def units(self) -> int:
        return HELD_OUT_UNITS

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        return self._pairs(self.train, self.spec.tokens_per_step, generator)

    def held_out(self, chosen: Tensor) -> Batch:
        T = self.spec.context
        rows = (chosen[:, None] * T + torch.arange(T)).flatten()
        return Batch(inputs=tuple(part[rows] for part in self.held_pairs.inputs), targets=self.held_pairs.targets[rows])

    def _pairs(self, tokens: Tensor, count: int, generator: torch.Generator) -> Batch:
        """Centres (N,) and candidates (N, 1 + K), the right one first: target 0 of each (N,)."""
        places = torch.randint(len(tokens), (count,), generator=generator)
        # A smaller window for each pair weighs near neighbours more, as in word2vec.
        reach = torch.randint(1, self.spec.window + 1, (count,), generator=generator)
        distance = 1 + (torch.rand(count, generator=generator) * reach).long()
        side = torch.randint(2, (count,), generator=generator) * 2 - 1
        neighbours = places + side * distance
        outside = (neighbours < 0) | (neighbours >= len(tokens))
        neighbours = torch.where(outside, places - side * distance, neighbours).clamp(0, len(tokens) - 1)
        wrong = torch.multinomial(self.noise, count * self.spec.negatives, replacement=True, generator=generator)
        candidates = torch.cat((tokens[neighbours, None], wrong.view(count, -1)), dim=1)  # (N, 1 + K)
        return Batch(inputs=(tokens[places], candidates), targets=torch.zeros(count, dtype=torch.long))

    def loss(self, model: Model, batch: Batch) -> Tensor:
        """Nats a pair: of the right word, and of all its wrong ones together."""
        logits: Tensor = model(*batch.inputs)  # (N, 1 + K)
        return negative_sampling_loss(logits)

    def measured(self, model: Model, batch: Batch) -> Counts:
        """A pair is right as far as its neighbour beats the words that are none."""
        logits: Tensor = model(*batch.inputs)  # (N, 1 + K)
        nats = float(self.loss(model, batch)) * len(logits)
        beaten = (logits[:, :1] > logits[:, 1:]).float().mean(1)  # (N,)
        return Counts(nats, len(logits), float(beaten.sum()), 0.0)

    @torch.inference_mode()
    def samples(self, model: Model, *, max_tokens: int) -> list[Said]:
        """The nearest words of some frequent ones."""
        del max_tokens
        frequent = self.counts.topk(min(SHOWN_WORDS * 4, len(self.counts))).indices[::4]
        return [
            Said(prompt=self.tokenizer.token_text(int(word)), text=self._near(model, int(word))) for word in frequent
        ]

    def _near(self, model: Model, word: int) -> str:
        table = normalize(model.embedding.detach())  # (V, C)
        likeness = table @ table[word]
        near = likeness.topk(min(1 + SHOWN_NEIGHBOURS, len(table))).indices.tolist()
        return ", ".join(self.tokenizer.token_text(other) for other in near if other != word)
