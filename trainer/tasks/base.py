"""What every task offers to the training loop, whichever it is. Subclassed by the files beside; used by `trainer.loop`.

A task is the data of one run made ready: tokenizer, batches, loss, score on held-out data, samples, baseline. It knows
nothing of steps taken or of optimisers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from trainer.events import Baseline
from trainer.models.base import Model
from trainer.models.config import ModelConfig
from trainer.models.trace import Trace
from trainer.spec import RunSpec
from trainer.tokenizer import Tokenizer

IGNORED = -100
"""Target of a place that nobody scores."""

Stop = Callable[[], bool]


class StoppedError(Exception):
    """The caller asked to stop in the middle of an evaluation."""


class DataError(ValueError):
    """Data that this recipe cannot use. `detail` holds "reason" and the numbers that its words need.

    Reasons: text_too_short {needed, found} (tokens of the whole text), vocabulary_too_large {limit, found} (different
    characters), one_class {label}, too_few_examples {needed, found}, examples_too_long {context, shortest} (tokens),
    wrong_kind {needed, found}.
    """

    def __init__(self, reason: str, **numbers: str | int) -> None:
        self.detail: dict[str, str | int] = {"reason": reason, **numbers}
        super().__init__(str(self.detail))


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What the model is given, and what it should have said."""

    inputs: tuple[Tensor, ...]
    """Arguments of the model: ids (B, T); of `seq2seq`, source and target; of `skipgram`, centres and candidates."""
    targets: Tensor
    """(B, T), or (B,) for pooled logits; IGNORED where nothing is scored."""

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        return Batch(inputs=tuple(part.to(device) for part in self.inputs), targets=self.targets.to(device))


@dataclass(frozen=True, kw_only=True)
class Score:
    """How well a model does on held-out units."""

    loss: float
    """Mean nats a target."""
    units: int
    """Windows or examples that were measured."""
    measures: dict[str, float] = field(default_factory=dict)
    """Shares of right answers, by name."""


class Counts(NamedTuple):
    """Sums over held-out units."""

    nats: float
    targets: float
    right: float
    wholes: float
    """Units with every target right."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a model makes of one prompt."""

    prompt: str
    text: str
    expected: str = ""


class Task(ABC):
    """The data of one run, ready to train on."""

    spec: RunSpec
    tokenizer: Tokenizer
    config: ModelConfig
    train_tokens: int
    """Tokens that can be trained on, each counted once."""
    held_out_tokens: int
    train_examples: int | None = None
    """None for texts, which are cut anywhere."""
    bytes_per_token: float | None = None
    """Mean UTF-8 bytes a held-out token; None where losses are not about text."""
    left_out: int = 0
    """Examples that were too long."""
    labels: tuple[str, ...] = ()
    """Names of the outputs, where these are no tokens."""

    @property
    @abstractmethod
    def units(self) -> int:
        """Held-out windows or examples in all."""

    @abstractmethod
    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """The batch of a step (the first is 0). Random draws come from the generator alone."""

    @abstractmethod
    def held_out(self, chosen: Tensor) -> Batch:
        """The held-out units of these indices (N,): the same at every call."""

    @abstractmethod
    def samples(self, model: Model, *, max_tokens: int) -> list[Said]:
        """What the model makes of a few prompts, the same ones at every call."""

    def baseline(self, cache: Path, key: str) -> Baseline | None:
        """What a model without a network reaches; None where nothing simple stands for it.

        Kept in the folder `cache` under `key`, which names the data.
        """
        del cache, key
        return None

    def logits(self, model: Model, batch: Batch, trace: Trace | None = None) -> Tensor:
        """What the model says, (B, T, V), or (B, V) where pooled. A trace keeps what happens inside, or leaves parts
        out; only families with layers take one.
        """
        logits: Tensor = model(*batch.inputs) if trace is None else model(*batch.inputs, trace=trace)
        return logits

    def loss(self, model: Model, batch: Batch) -> Tensor:
        """Mean nats a scored target."""
        logits = self.logits(model, batch)
        return cross_entropy(logits.flatten(0, -2), batch.targets.flatten(), ignore_index=IGNORED)

    @torch.inference_mode()
    def score(self, model: Model, chosen: Tensor, *, stop: Stop) -> Score:
        """Loss and shares on the held-out units of these indices (N,). Raises StoppedError."""
        training, device = model.training, next(model.parameters()).device
        model.eval()
        found: list[Counts] = []
        try:
            for some in torch.split(chosen, self.units_at_once):
                if stop():
                    raise StoppedError
                found.append(self.measured(model, self.held_out(some).to(device)))
        finally:
            model.train(training)
        nats, targets, right, wholes = (sum(column) for column in zip(*found, strict=True))
        measures = self.shares(right / max(1, targets), wholes / len(chosen))
        return Score(loss=nats / max(1, targets), units=len(chosen), measures=measures)

    def measured(self, model: Model, batch: Batch) -> Counts:
        """Sums over one batch of held-out units."""
        logits = self.logits(model, batch)
        nats = cross_entropy(logits.flatten(0, -2), batch.targets.flatten(), ignore_index=IGNORED, reduction="sum")
        scored = batch.targets != IGNORED
        hits = (logits.argmax(-1) == batch.targets) & scored
        wholes = (hits | ~scored).reshape(len(hits), -1).all(1)
        return Counts(nats.item(), int(scored.sum()), int(hits.sum()), int(wholes.sum()))

    @property
    def units_at_once(self) -> int:
        """Held-out units that one forward pass takes: some 4,096 tokens."""
        return max(1, 4096 // self.spec.context)

    def shares(self, tokens: float, wholes: float) -> dict[str, float]:
        """Name the shares of right targets and of wholly right units that mean something in this task."""
        del wholes
        return {"accuracy": tokens}


class EpochOrder:
    """Shuffled passes over examples, each drawn from the seed and its own number: any step finds its rows at once."""

    def __init__(self, count: int, batch: int, seed: int) -> None:
        self.count, self.batch, self.seed = count, batch, seed
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)

    def rows(self, step: int) -> Tensor:
        """Indices (batch,) of a step's examples. A batch may run over the end of a pass into the next."""
        first = step * self.batch
        wanted = range(first, first + self.batch)
        return torch.stack([self._of(place // self.count)[place % self.count] for place in wanted])

    def _of(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self._epoch, self._order = epoch, torch.randperm(self.count, generator=generator)
        return self._order


def padded(rows: Sequence[Sequence[int]], fill: int) -> Tensor:
    """Rows of different lengths as one tensor (N, T), filled up at the right."""
    table = torch.full((len(rows), max(map(len, rows), default=0)), fill, dtype=torch.long)
    for i, row in enumerate(rows):
        table[i, : len(row)] = torch.tensor(row, dtype=torch.long)
    return table


def trimmed(table: Tensor, fill: int) -> Tensor:
    """Without the columns at the right that only fill up."""
    longest = int((table != fill).sum(1).max())
    return table[:, : max(1, longest)].contiguous()


def spread(count: int, wanted: int) -> Tensor:
    """Up to `wanted` of `count` indices, evenly spread: the same at every call."""
    return torch.linspace(0, count - 1, min(count, wanted), dtype=torch.float64).round().long()
