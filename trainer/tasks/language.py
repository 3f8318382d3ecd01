"""The next token of a text: what a language model learns. Built by `trainer.tasks.prepare`."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from trainer.baseline import kneser_ney
from trainer.events import Baseline
from trainer.models.base import Model
from trainer.sample import continuations
from trainer.spec import RunSpec
from trainer.tasks.base import Batch, Said, Task
from trainer.tasks.texts import all_windows, prepare, random_windows
from trainer.tokenizer import Tokenizer

SAMPLE_TEMPERATURE = 0.7


class LanguageTask(Task):
    """Random windows of a text; each token predicts the one after it."""

    def __init__(self, spec: RunSpec, text: str, tokenizer: Tokenizer | None = None) -> None:
        self.spec = spec
        self.data = prepare(spec, text, tokenizer)
        self.tokenizer = self.data.tokenizer
        self.config = spec.model_config(self.tokenizer.vocab_size)
        self.train_tokens, self.held_out_tokens = len(self.data.train), len(self.data.held_out)
        self.bytes_per_token = self.data.bytes_per_token
        sizes = [len(self.tokenizer.token_bytes(token)) for token in range(self.tokenizer.vocab_size)]
        self._sizes = torch.tensor(sizes)  # (V,)
        self.windows, self.targets = all_windows(self.data.held_out, context=spec.context)

    @property
    def units(self) -> int:
        return len(self.windows)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        x, y = random_windows(
            self.data.train, batch=self.spec.batch, context=self.spec.context, generator=generator
        )  # (B, T) each
        return Batch(inputs=(x,), targets=y)

    def held_out(self, chosen: Tensor) -> Batch:
        return Batch(inputs=(self.windows[chosen],), targets=self.targets[chosen])

    def samples(self, model: Model, *, max_tokens: int) -> list[Said]:
        texts = continuations(
            model,
            self.tokenizer,
            self.spec.prompts,
            max_tokens=max_tokens,
            temperature=SAMPLE_TEMPERATURE,
            seed=self.spec.seed,
        )
        return [Said(prompt=prompt, text=text) for prompt, text in zip(self.spec.prompts, texts, strict=True)]

    def bytes_of(self, ids: Tensor) -> int:
        """UTF-8 bytes that these tokens (T,) stand for."""
        return int(self._sizes[ids].sum())

    def baseline(self, cache: Path, key: str) -> Baseline:
        return kneser_ney(
            self.data.train,
            self.data.held_out,
            vocab_size=self.tokenizer.vocab_size,
            context=self.spec.context,
            bytes_per_token=self.data.bytes_per_token,
            file=cache / f"kneser-ney-{key}.json",
        )
