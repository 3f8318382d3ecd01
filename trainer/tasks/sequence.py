"""A target from a source: answers, translations, copies. Built by `trainer.tasks.prepare`.

A decoder reads source, separator, target in one row and is scored on the target alone; `seq2seq` encodes the source
beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from trainer.baseline import commonest_target
from trainer.corpora import Examples, Pair
from trainer.decode import beam, greedy
from trainer.events import Baseline
from trainer.models.base import Model
from trainer.spec import RunSpec
from trainer.tasks.base import IGNORED, Batch, DataError, EpochOrder, Said, Task, padded, trimmed
from trainer.tasks.specials import Specials
from trainer.tasks.vocabulary import fitted
from trainer.tokenizer import Tokenizer

SHOWN = 5


class SequenceTask(Task):
    """Shuffled passes over pairs. Pairs that do not fit the context are left out, and counted."""

    def __init__(self, spec: RunSpec, examples: Examples, tokenizer: Tokenizer | None = None) -> None:
        self.spec, self.examples = spec, examples
        train = _pairs(examples.train)
        if tokenizer is None:
            everything = "\n".join(f"{pair.source}\n{pair.target}" for pair in train)
            tokenizer = fitted(spec, everything)
        self.tokenizer = tokenizer
        self.specials = Specials.after(tokenizer)
        self.config = spec.model_config(self.specials.vocab_size, pad=self.specials.pad)
        self.beside = spec.family == "seq2seq"
        self.train = self._table(train, "train")
        self.held = self._table(_pairs(examples.held_out), "held out")
        self.train_examples = len(self.train.targets)
        self.order = EpochOrder(self.train_examples, spec.batch, spec.seed)
        self.train_tokens, self.held_out_tokens = (
            int((table.inputs[-1] != self.specials.pad).sum()) for table in (self.train, self.held)
        )

    def _table(self, pairs: Sequence[Pair], part: str) -> Batch:
        """All pairs that fit, as one batch. Raises DataError where none does."""
        if not pairs:
            raise DataError("too_few_examples", needed=1, found=0, part=part)
        rows = [(self.source_ids(pair.source), self._target_ids(pair.target)) for pair in pairs]
        lengths = [self._length(source, target) for source, target in rows]
        kept = [row for row, length in zip(rows, lengths, strict=True) if length <= self.spec.context]
        self.left_out += len(rows) - len(kept)
        if not kept:
            raise DataError("examples_too_long", context=self.spec.context, shortest=min(lengths))
        pad, sources, targets = self.specials.pad, [row[0] for row in kept], [row[1] for row in kept]
        if self.beside:
            shifted = padded([[self.specials.separator, *target[:-1]] for target in targets], pad)
            beside = (padded([source[:-1] for source in sources], pad), shifted)
            return Batch(inputs=beside, targets=padded(targets, IGNORED))
        wanted = [[IGNORED] * (len(source) - 1) + target for source, target in kept]
        inputs = (padded([source + target[:-1] for source, target in kept], pad),)
        return Batch(inputs=inputs, targets=padded(wanted, IGNORED))

    def _length(self, source: Sequence[int], target: Sequence[int]) -> int:
        """Places that a pair needs: side by side, or one after the other."""
        return max(len(source) - 1, len(target)) if self.beside else len(source) + len(target) - 1

    def source_ids(self, source: str) -> list[int]:
        """Ids of a source, the separator behind them; a source without a known token is one separator more."""
        return [*(self.tokenizer.encode(source).tolist() or [self.specials.separator]), self.specials.separator]

    def _target_ids(self, target: str) -> list[int]:
        return [*self.tokenizer.encode(target).tolist(), self.specials.end]

    @property
    def units(self) -> int:
        return len(self.held.targets)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        return self._rows(self.train, self.order.rows(step))

    def held_out(self, chosen: Tensor) -> Batch:
        return self._rows(self.held, chosen)

    def _rows(self, table: Batch, rows: Tensor) -> Batch:
        inputs = tuple(trimmed(part[rows], self.specials.pad) for part in table.inputs)
        return Batch(inputs=inputs, targets=table.targets[rows][:, : inputs[-1].shape[1]].contiguous())

    def shares(self, tokens: float, wholes: float) -> dict[str, float]:
        """Every token right, each given the right ones before it, is the very target that greedy decoding writes."""
        return {"accuracy": tokens, "exact": wholes}

    def samples(self, model: Model, *, max_tokens: int) -> list[Said]:
        """Some held-out sources with what the model makes of them."""
        shown = _pairs(self.examples.held_out)[:SHOWN]
        texts = self.written(model, [pair.source for pair in shown], max_tokens=max_tokens)
        return [
            Said(prompt=pair.source, text=text, expected=pair.target) for pair, text in zip(shown, texts, strict=True)
        ]

    def written(self, model: Model, sources: Sequence[str], *, max_tokens: int, width: int = 1) -> list[str]:
        """The model's targets, greedy or by a beam of `width`. Sources beyond the context are cut at their front."""
        room = self.spec.context if self.beside else max(1, self.spec.context - 1)
        ids = [self.source_ids(source)[-room:] for source in sources]
        training, end = model.training, self.specials.end
        model.eval()
        try:
            if width == 1:
                found = greedy(model, ids, end=end, max_tokens=max_tokens)
            else:
                found = [beam(model, row, end=end, max_tokens=max_tokens, width=width) for row in ids]
        finally:
            model.train(training)
        known = self.tokenizer.vocab_size
        return [self.tokenizer.decode([token for token in row if token < known]) for row in found]

    def baseline(self, cache: Path, key: str) -> Baseline:
        del cache, key  # takes a moment
        return commonest_target(_pairs(self.examples.train), _pairs(self.examples.held_out))


def _pairs(examples: Sequence[object]) -> list[Pair]:
    return [example for example in examples if isinstance(example, Pair)]
