"""One tag a word: named entities. Built by `trainer.tasks.prepare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from trainer.baseline import commonest_tags
from trainer.corpora import Examples, Tagged
from trainer.events import Baseline
from trainer.models.base import Model
from trainer.spec import RunSpec
from trainer.tasks.base import IGNORED, Batch, DataError, EpochOrder, Said, Task, padded, trimmed
from trainer.tasks.specials import Specials
from trainer.tasks.vocabulary import fitted
from trainer.tokenizer import Tokenizer

SHOWN = 3


class TagTask(Task):
    """Shuffled passes over tagged sentences, longer ones cut. A word of several tokens has its tag at the first (Devlin
    et al. 2019, section 5.3)."""

    def __init__(self, spec: RunSpec, examples: Examples, tokenizer: Tokenizer | None = None) -> None:
        self.spec, self.examples = spec, examples
        self.labels = examples.classes
        train, held_out = _tagged(examples.train), _tagged(examples.held_out)
        if len(self.labels) < 2:
            raise DataError("one_class", label="".join(self.labels))
        if not held_out:
            raise DataError("too_few_examples", needed=1, found=0)
        if tokenizer is None:
            words = "\n".join(" ".join(example.words) for example in train)
            tokenizer = fitted(spec, words)
        self.tokenizer = tokenizer
        self.specials = Specials.after(tokenizer)
        self.config = spec.model_config(self.specials.vocab_size, n_outputs=len(self.labels), pad=self.specials.pad)
        self.train_ids, self.train_tags = self.rows(train), self.tags(train)
        self.held_ids, self.held_tags = self.rows(held_out), self.tags(held_out)
        self.order = EpochOrder(len(train), spec.batch, spec.seed)
        self.train_examples = len(train)
        self.train_tokens = int((self.train_ids != self.specials.pad).sum())
        self.held_out_tokens = int((self.held_ids != self.specials.pad).sum())

    def row(self, words: Sequence[str]) -> tuple[list[int], list[int]]:
        """Ids of a sentence, and the place of each word's first token: fewer places where it is cut."""
        ids: list[int] = []
        firsts: list[int] = []
        for word in words:
            firsts.append(len(ids))
            ids += self.tokenizer.encode(word).tolist() or [self.specials.separator]
        context = self.spec.context
        return ids[:context], [place for place in firsts if place < context]

    def rows(self, examples: Sequence[Tagged]) -> Tensor:
        """Ids (N, T)."""
        return padded([self.row(example.words)[0] for example in examples], self.specials.pad)

    def tags(self, examples: Sequence[Tagged]) -> Tensor:
        """Tags (N, T) at each word's first token; IGNORED elsewhere, and where a tag never occurred in training."""
        index = {tag: i for i, tag in enumerate(self.labels)}
        rows: list[list[int]] = []
        for example in examples:
            ids, firsts = self.row(example.words)
            rows.append([IGNORED] * len(ids))
            for place, tag in zip(firsts, example.tags, strict=False):  # fewer places where the sentence is cut
                rows[-1][place] = index.get(tag, IGNORED)
        return padded(rows, IGNORED)

    @property
    def units(self) -> int:
        return len(self.held_ids)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        rows = self.order.rows(step)
        return self._batch(self.train_ids[rows], self.train_tags[rows])

    def held_out(self, chosen: Tensor) -> Batch:
        return self._batch(self.held_ids[chosen], self.held_tags[chosen])

    def _batch(self, ids: Tensor, tags: Tensor) -> Batch:
        ids = trimmed(ids, self.specials.pad)
        return Batch(inputs=(ids,), targets=tags[:, : ids.shape[1]].contiguous())

    def shares(self, tokens: float, wholes: float) -> dict[str, float]:
        return {"accuracy": tokens, "sentences": wholes}

    def samples(self, model: Model, *, max_tokens: int) -> list[Said]:
        """Some held-out sentences, each word with its tag."""
        del max_tokens
        shown = _tagged(self.examples.held_out)[:SHOWN]
        return [
            Said(prompt=" ".join(example.words), text=_spelt(example.words, found), expected=_spelt(*example))
            for example, found in zip(shown, self.predicted(model, shown), strict=True)
        ]

    @torch.inference_mode()
    def predicted(self, model: Model, examples: Sequence[Tagged]) -> list[tuple[str, ...]]:
        """A tag for each word of each example; `O` for words beyond the context."""
        training, device = model.training, next(model.parameters()).device
        model.eval()
        found: list[list[int]] = []
        try:
            for ids in torch.split(self.rows(examples), self.units_at_once):
                found += model(trimmed(ids, self.specials.pad).to(device)).argmax(-1).tolist()
        finally:
            model.train(training)
        return [
            self._named(example, [tags[place] for place in self.row(example.words)[1]])
            for example, tags in zip(examples, found, strict=True)
        ]

    def _named(self, example: Tagged, tags: Sequence[int]) -> tuple[str, ...]:
        return (*(self.labels[tag] for tag in tags), *["O"] * (len(example.words) - len(tags)))

    def baseline(self, cache: Path, key: str) -> Baseline:
        del cache, key  # takes a moment
        return commonest_tags(
            (self.train_ids, self.train_tags),
            (self.held_ids, self.held_tags),
            vocab_size=self.specials.vocab_size,
            tags=len(self.labels),
        )


def _spelt(words: Sequence[str], tags: Sequence[str]) -> str:
    return " ".join(word if tag == "O" else f"{word}/{tag}" for word, tag in zip(words, tags, strict=True))


def _tagged(examples: Sequence[object]) -> list[Tagged]:
    return [example for example in examples if isinstance(example, Tagged)]
