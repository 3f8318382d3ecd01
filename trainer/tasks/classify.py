"""One label a text: sentiment, language. Built by `trainer.tasks.prepare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from trainer.baseline import naive_bayes
from trainer.corpora import Examples, Labelled
from trainer.events import Baseline
from trainer.models.base import Model
from trainer.spec import RunSpec
from trainer.tasks.base import Batch, DataError, EpochOrder, Said, Task, padded, trimmed
from trainer.tasks.specials import Specials
from trainer.tasks.vocabulary import fitted
from trainer.tokenizer import Tokenizer

SHOWN = 5


class ClassifyTask(Task):
    """Shuffled passes over labelled texts. A text longer than the context is cut."""

    def __init__(self, spec: RunSpec, examples: Examples, tokenizer: Tokenizer | None = None) -> None:
        self.spec, self.examples = spec, examples
        self.labels = examples.classes
        train, held_out = _labelled(examples.train), _labelled(examples.held_out)
        if len(self.labels) < 2:
            raise DataError("one_class", label="".join(self.labels))
        if not held_out:
            raise DataError("too_few_examples", needed=1, found=0)
        if tokenizer is None:
            everything = "\n".join(example.text for example in train)
            tokenizer = fitted(spec, everything)
        self.tokenizer = tokenizer
        self.specials = Specials.after(tokenizer)
        self.config = spec.model_config(self.specials.vocab_size, n_outputs=len(self.labels), pad=self.specials.pad)
        self.train_ids, self.train_labels = self.rows(train), self.classes(train)
        self.held_ids, self.held_labels = self.rows(held_out), self.classes(held_out)
        self.order = EpochOrder(len(train), spec.batch, spec.seed)
        self.train_examples = len(train)
        self.train_tokens = int((self.train_ids != self.specials.pad).sum())
        self.held_out_tokens = int((self.held_ids != self.specials.pad).sum())

    def rows(self, examples: Sequence[Labelled]) -> Tensor:
        """Ids (N, T); a text without a known token is one separator."""
        ids = [self.tokenizer.encode(example.text)[: self.spec.context].tolist() for example in examples]
        return padded([row or [self.specials.separator] for row in ids], self.specials.pad)

    def classes(self, examples: Sequence[Labelled]) -> Tensor:
        """Each example's class (N,). A label that training never showed is an error of the corpus: ValueError."""
        return torch.tensor([self.labels.index(example.label) for example in examples])

    @property
    def units(self) -> int:
        return len(self.held_ids)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        rows = self.order.rows(step)
        return Batch(inputs=(trimmed(self.train_ids[rows], self.specials.pad),), targets=self.train_labels[rows])

    def held_out(self, chosen: Tensor) -> Batch:
        ids = trimmed(self.held_ids[chosen], self.specials.pad)
        return Batch(inputs=(ids,), targets=self.held_labels[chosen])

    def samples(self, model: Model, *, max_tokens: int) -> list[Said]:
        """Some held-out texts with their labels."""
        del max_tokens
        shown = _labelled(self.examples.held_out)[:SHOWN]
        found = self.probabilities(model, shown).argmax(-1).tolist()
        return [
            Said(prompt=example.text, text=self.labels[label], expected=example.label)
            for example, label in zip(shown, found, strict=True)
        ]

    @torch.inference_mode()
    def probabilities(self, model: Model, examples: Sequence[Labelled]) -> Tensor:
        """Of each class, for each example (N, classes)."""
        training, device = model.training, next(model.parameters()).device
        model.eval()
        try:
            some = torch.split(self.rows(examples), self.units_at_once)
            logits = [model(trimmed(ids, self.specials.pad).to(device)).float().cpu() for ids in some]
        finally:
            model.train(training)
        return torch.cat(logits).softmax(-1)

    def baseline(self, cache: Path, key: str) -> Baseline:
        del cache, key  # takes a moment
        return naive_bayes(
            (self.train_ids, self.train_labels),
            (self.held_ids, self.held_labels),
            vocab_size=self.specials.vocab_size,
            pad=self.specials.pad,
            classes=len(self.labels),
        )


def _labelled(examples: Sequence[object]) -> list[Labelled]:
    return [example for example in examples if isinstance(example, Labelled)]
