"""The loop of an exported script: train, evaluate, compare. `trainer.export.script` puts its source at the end of
`train.py`; the trainer itself runs `trainer.loop`, which also stores, resumes and reports.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from trainer.budget import held_out_windows
from trainer.models.base import Model
from trainer.optim import Optimizer, clip_gradients
from trainer.spec import RunSpec
from trainer.tasks.base import Task, spread

Tensors = dict[str, Tensor]

CLOSE = 0.02
"""Losses that differ by less, as a share of the larger, are the same run on another machine."""


class Step(NamedTuple):
    """What is known after a step; the first is 1."""

    number: int
    loss: float
    """Mean nats a target of the step's own batch, before the update."""
    held_out: float | None
    """Mean nats a target of held-out data; None at most steps."""


@dataclass
class Losses:
    """Every loss of a run."""

    training: list[float] = field(default_factory=list)
    held_out: dict[int, float] = field(default_factory=dict)
    """By step."""

    def add(self, step: Step) -> None:
        """Keep one more step's."""
        self.training.append(step.loss)
        if step.held_out is not None:
            self.held_out[step.number] = step.held_out


class Comparison(NamedTuple):
    """How a run repeats another."""

    equal: int
    """Steps with the very same losses, to the last bit."""
    steps: int
    """Steps of the other run."""
    first: int | None
    """The first step that differs."""
    largest: float
    """Largest difference, as a share of the larger loss."""


def unpacked(data: bytes) -> Tensors:
    """Tensors by name: zlib of a header's size (8 bytes), header (JSON: type, shape, first and last byte), bytes."""
    raw = bytearray(zlib.decompress(data))
    start = 8 + int.from_bytes(raw[:8], "little")
    found: Tensors = {}
    for name, (kind, shape, first, last) in json.loads(raw[8:start]).items():
        values = torch.frombuffer(raw[start + first : start + last], dtype=getattr(torch, kind)).reshape(shape)
        found[name] = values if values.is_floating_point() else values.long()
    return found


def losses_in(data: Tensors) -> Losses:
    """Those of the run that is repeated."""
    held_out = zip(data["held_out_steps"].tolist(), data["held_out_losses"].tolist(), strict=True)
    return Losses(data["losses"].tolist(), dict(held_out))


def trained(spec: RunSpec, task: Task, model: Model, batches: torch.Generator) -> Iterator[Step]:
    """Train, step by step. `batches` draws the examples."""
    device = next(model.parameters()).device
    params = [param for param in model.parameters() if param.requires_grad]
    optimizer = Optimizer(model, spec)
    for step in range(spec.steps):
        batch = task.draw(step, batches).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=spec.lowered):
            loss = task.loss(model, batch)
        torch.autograd.backward(loss)
        clip_gradients(params, spec.clip)
        optimizer.step(optimizer.rate(step))
        model.zero_grad()
        yield Step(step + 1, loss.item(), held_out_loss(spec, task, model, step + 1))


def held_out_loss(spec: RunSpec, task: Task, model: Model, step: int) -> float | None:
    """On some of the held-out data at a checkpoint, on all of them at the end; None at other steps."""
    if step < spec.steps and step % spec.checkpoint_every:
        return None
    units = task.units if step == spec.steps else held_out_windows(spec)
    return task.score(model, spread(task.units, units), stop=never).loss


def never() -> bool:
    """Nobody asks to stop."""
    return False


def compared(before: Losses, now: Losses) -> Comparison:
    """Hold the losses of a run against those of the run that it repeats."""
    pairs = [
        [pair for pair in ((old, new), (before.held_out.get(step), now.held_out.get(step))) if pair[0] is not None]
        for step, (old, new) in enumerate(zip(before.training, now.training, strict=False), start=1)
    ]
    gaps = [max(gap(old, new) for old, new in step) for step in pairs]
    first = next((step for step, size in enumerate(gaps, start=1) if size), None)
    if first is None and len(now.training) < len(before.training):
        first = len(now.training) + 1
    return Comparison(gaps.count(0.0), len(before.training), first, max(gaps, default=0.0))


def gap(old: float | None, new: float | None) -> float:
    """Difference of two losses as a share of the larger; infinite where one is missing or not a number."""
    if old is None or new is None or not math.isfinite(old - new):
        return math.inf
    return abs(old - new) / max(abs(old), abs(new), 1e-12)


def verdict(found: Comparison, *, torch_before: str, threads: int) -> str:
    """In words."""
    if found.first is None:
        return f"identical: {found.equal} of {found.steps} steps"
    kind = "close" if found.largest < CLOSE else "different"
    return (
        f"{kind}: step {found.first} is the first to differ; {found.equal} of {found.steps} steps are identical, "
        f"the largest difference is {found.largest:.2%}.\n"
        f"The run had torch {torch_before} and {threads} of its threads; here it is torch {torch.__version__} with "
        f"{torch.get_num_threads()}. Another build, another number of threads or another kind of processor adds "
        "numbers in another order, so that last digits differ; training makes such differences grow. A changed "
        "recipe makes another run."
    )


@torch.inference_mode()
def continued(model: Model, ids: Sequence[int], *, length: int, temperature: float, seed: int) -> list[int]:
    """Tokens that the model writes after these."""
    generator = torch.Generator().manual_seed(seed)
    row = list(ids)
    model.eval()
    for _ in range(length):
        logits = model(torch.tensor([row[-model.config.context :]], device=model.embedding.device))[0, -1]  # (V,)
        chances = (logits.float().cpu() / temperature).softmax(-1)
        row.append(int(torch.multinomial(chances, 1, generator=generator)))
    return row[len(ids) :]


def spelt(ids: Sequence[int], letters: Tensor, sizes: Tensor) -> str:
    """Text of tokens, given the bytes of all of them, one after the other, and how many each has."""
    ends = sizes.cumsum(0).tolist()
    starts = [0, *ends]
    return b"".join(bytes(letters[starts[i] : ends[i]].tolist()) for i in ids).decode("utf-8", "replace")


def chart(losses: Sequence[float], *, columns: int = 72, rows: int = 14) -> str:
    """A curve for a terminal: each column is the mean of some steps."""
    columns = min(columns, len(losses))
    cuts = [round(i * len(losses) / columns) for i in range(columns + 1)]
    means = [sum(losses[a:b]) / (b - a) for a, b in pairwise(cuts)]
    low, high = min(means), max(means)
    heights = [round((mean - low) / ((high - low) or 1.0) * (rows - 1)) for mean in means]
    lines = ["".join("•" if height == row else " " for height in heights).rstrip() for row in reversed(range(rows))]
    labels = [f"{high:8.3f} │", *["         │"] * (rows - 2), f"{low:8.3f} │"]
    return "\n".join(label + line for label, line in zip(labels, lines, strict=True))
