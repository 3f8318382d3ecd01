"""How far learning reaches back: the gradient of one answer's loss at every layer and every earlier place. Asked by the
page that compares RNN, LSTM and Transformer; how hard a whole run pushed each layer is in its `layers` events.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from trainer.measures.intervals import Interval, bootstrap_mean
from trainer.models.base import Model
from trainer.models.health import layer_name
from trainer.models.trace import Trace
from trainer.probe.plain import band, number, significant
from trainer.probe.reading import read
from trainer.probe.subject import LAYERED, ProbeError, Subject, quiet, traced
from trainer.probe.tokens import at
from trainer.tasks.base import IGNORED, Task, spread

UNITS = 64
"""Windows or examples that a profile is the mean of."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """The gradient of one answer on one text."""

    tokens: tuple[str, ...]
    position: int
    """Place of the answer whose loss it is."""
    answer: str
    """What should have been said: the text's own next token, else what the model says itself."""
    loss: float
    """Nats."""
    streams: tuple[tuple[float, ...], ...]
    """(L + 1, T): norm of the gradient at each place, in the input and after each layer."""
    source: tuple[float, ...]
    """(S,): at each place of a source that is encoded beside, in the encoder's input."""
    source_tokens: tuple[str, ...]
    layers: dict[str, float]
    """Norm of the gradient of each layer's weights."""
    unknown: tuple[str, ...]
    left_out: int

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "tokens": list(self.tokens),
            "position": self.position,
            "answer": self.answer,
            "loss": number(self.loss),
            "streams": [[significant(norm) for norm in row] for row in self.streams],
            "source": [significant(norm) for norm in self.source],
            "source_tokens": list(self.source_tokens),
            "layers": {name: significant(norm) for name, norm in self.layers.items()},
            "unknown": list(self.unknown),
            "left_out": self.left_out,
        }


@dataclass(frozen=True, kw_only=True)
class Fading:
    """The gradient at the input by its distance from the answer, over many rows."""

    norms: tuple[Interval, ...]
    """Mean at 0, 1, 2, ... places before the answer; `n` rows reach so far."""
    units: int

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"norms": [band(norm, significant) for norm in self.norms], "units": self.units}


def flow(subject: Subject, text: str, target: str | None = None, *, position: int | None = None) -> Flow:
    """Follow one answer's loss back through a text of up to 64 tokens. By default the last answer that the text knows.

    Raises ProbeError: no_layers, nothing_known, out_of_range.
    """
    subject.needs(LAYERED, "no_layers")
    reading = read(subject, text, target)
    known = [place for place, token in enumerate(reading.truth) if token is not None]
    place = at(-1 if position is None else position, len(reading.truth))
    if position is None and known:
        place = known[-1]
    model = subject.model
    with quiet(model, gradients=True):
        logits, trace = traced(model, reading.inputs)
        row = logits.view(-1, logits.shape[-1])[place]  # (V,)
        truth = reading.truth[place]
        answer = int(row.argmax()) if truth is None else truth
        loss = cross_entropy(row[None], torch.tensor([answer], device=row.device))
        streams = [*trace.stream, *(trace.source.stream[:1] if trace.source else [])]
        weights = dict(model.named_parameters())
        found = _gradients(loss, [*streams, *weights.values()])
    norms = [gradient[0].norm(dim=-1).tolist() for gradient in found[: len(streams)]]  # (T,) each
    depth = len(trace.stream)
    return Flow(
        tokens=reading.names,
        position=place,
        answer=subject.output_name(answer),
        loss=loss.item(),
        streams=tuple(map(tuple, norms[:depth])),
        source=tuple(norms[depth]) if len(norms) > depth else (),
        source_tokens=reading.source,
        layers=_by_layer(list(weights), found[len(streams) :]),
        unknown=reading.unknown,
        left_out=reading.left_out,
    )


def fading(task: Task, model: Model, *, units: int = UNITS) -> Fading:
    """Mean gradient at the input by distance from the last answer, over up to `units` held-out units.

    Raises ProbeError: no_layers.
    """
    if model.config.family not in LAYERED:
        raise ProbeError("no_layers", family=model.config.family)
    device = next(model.parameters()).device
    by_distance: list[list[float]] = []
    chosen = spread(task.units, units)
    for some in torch.split(chosen, task.units_at_once):
        batch = task.held_out(some).to(device)
        ids = batch.inputs[-1]
        with quiet(model, gradients=True):
            trace = Trace(by_stages=False)
            logits = task.logits(model, batch, trace)
            wanted, places = _last(batch.targets)
            rows = logits if logits.dim() == 2 else logits[torch.arange(len(some)), places]  # (n, V)
            (gradient,) = _gradients(cross_entropy(rows, wanted, reduction="sum"), trace.stream[:1])
        if logits.dim() == 2:  # one answer a row, after all that is not padding
            pad = model.config.pad
            places = ids.shape[1] - 1 - (torch.zeros_like(places) if pad is None else (ids == pad).sum(1))
        for norms, place in zip(gradient.norm(dim=-1).tolist(), places.tolist(), strict=True):
            for distance in range(max(0, place) + 1):
                by_distance += [[]] if distance == len(by_distance) else []
                by_distance[distance].append(norms[place - distance])
    return Fading(
        norms=tuple(bootstrap_mean(norms, bounds=(0.0, max(norms))) for norms in by_distance), units=len(chosen)
    )


def _last(targets: Tensor) -> tuple[Tensor, Tensor]:
    """The last scored target (n,) of each row of (n, T) or (n,), and its place."""
    if targets.dim() == 1:
        return targets, torch.zeros_like(targets)
    order = torch.arange(targets.shape[1], device=targets.device)
    places = torch.where(targets != IGNORED, order, 0).amax(1)  # (n,)
    return targets.gather(1, places[:, None])[:, 0], places


def _gradients(loss: Tensor, parts: Sequence[Tensor]) -> list[Tensor]:
    """Of each part; zeros where the loss does not depend on it."""
    found = torch.autograd.grad(loss, list(parts), allow_unused=True)
    return [
        torch.zeros_like(part) if gradient is None else gradient for part, gradient in zip(parts, found, strict=True)
    ]


def _by_layer(names: Sequence[str], gradients: Sequence[Tensor]) -> dict[str, float]:
    norms: dict[str, float] = {}
    for name, gradient in zip(names, gradients, strict=True):
        layer = layer_name(name)
        norms[layer] = math.hypot(norms.get(layer, 0.0), float(gradient.norm()))
    return norms
