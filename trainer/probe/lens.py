"""What a model would say after each layer: the logit lens (nostalgebraist 2020). Asked by the interpretability page.

The stream after every block goes through the model's own norm and head, as if the blocks behind it were not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from trainer.probe.plain import number
from trainer.probe.reading import read
from trainer.probe.subject import LAYERED, Subject, quiet, traced

SHOWN = 5
"""Outputs named at each place."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """An output and its probability."""

    name: str
    probability: float

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"name": self.name, "probability": number(self.probability)}


@dataclass(frozen=True, kw_only=True)
class Glance:
    """One place after one layer."""

    likeliest: tuple[Guess, ...]
    truth: Guess | None
    """What comes next in the text."""
    rank: int | None
    """Of the truth; 1 is the likeliest."""

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "likeliest": [guess.to_dict() for guess in self.likeliest],
            "truth": None if self.truth is None else self.truth.to_dict(),
            "rank": self.rank,
        }


@dataclass(frozen=True, kw_only=True)
class Lens:
    """Every layer's view of every place."""

    tokens: tuple[str, ...]
    layers: tuple[tuple[Glance, ...], ...]
    """At the input, then after each layer; the last is what the model says. One place where the model pools."""
    probabilities: Tensor
    """(L + 1, T, V)."""
    unknown: tuple[str, ...]
    left_out: int

    def to_dict(self) -> dict[str, Any]:
        """JSON values, without the whole distributions."""
        return {
            "tokens": list(self.tokens),
            "layers": [[glance.to_dict() for glance in places] for places in self.layers],
            "unknown": list(self.unknown),
            "left_out": self.left_out,
        }


def lens(subject: Subject, text: str, target: str | None = None) -> Lens:
    """Each layer's guesses on a text of up to 64 tokens. Raises ProbeError: no_layers, nothing_known."""
    subject.needs(LAYERED, "no_layers")
    reading = read(subject, text, target)
    found: list[Tensor] = []
    with quiet(subject.model):
        _, trace = traced(subject.model, reading.inputs)
        for stream in trace.stream:  # (1, T, C)
            logits = subject.model.logits(stream, reading.inputs[-1])  # (1, T, V), or (1, V) where pooled
            found.append(logits.double().softmax(-1).cpu().view(-1, logits.shape[-1]))
    return Lens(
        tokens=reading.names,
        layers=tuple(
            tuple(_glance(subject, row, truth) for row, truth in zip(rows, reading.truth, strict=True))
            for rows in found
        ),
        probabilities=torch.stack(found),
        unknown=reading.unknown,
        left_out=reading.left_out,
    )


def _glance(subject: Subject, row: Tensor, truth: int | None) -> Glance:
    """One distribution (V,) in words."""
    order = row.sort(descending=True, stable=True).indices[:SHOWN].tolist()
    guesses = tuple(Guess(name=subject.output_name(output), probability=float(row[output])) for output in order)
    if truth is None:
        return Glance(likeliest=guesses, truth=None, rank=None)
    right = Guess(name=subject.output_name(truth), probability=float(row[truth]))
    return Glance(likeliest=guesses, truth=right, rank=1 + int((row > row[truth]).sum()))
