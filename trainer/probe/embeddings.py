"""Where words stand among each other: neighbours, a map that moves with training, agreement with known classes. Asked
by the embeddings page and by its grading.

Vectors are the rows of the embedding table as they are; likeness is the cosine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from trainer import snapshots
from trainer.measures.intervals import Interval, bootstrap_mean
from trainer.probe.plain import band, number, plain
from trainer.probe.subject import ProbeError, Subject

MAX_POINTS = 400
"""Words on a map."""

MAX_NEIGHBOURS = 50
NEAREST = 5
"""Neighbours that must be of a word's class."""


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Tokens near a word."""

    tokens: tuple[str, ...]
    """What the word is made of; of several, the mean vector counts."""
    near: tuple[tuple[str, float], ...]
    """Name and cosine, nearest first; of equals, smaller ids first."""
    unknown: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        near = [{"token": name, "similarity": number(cosine)} for name, cosine in self.near]
        return {"tokens": list(self.tokens), "near": near, "unknown": list(self.unknown)}


@dataclass(frozen=True, kw_only=True)
class Axes:
    """Two directions of a table: what its rows differ most in."""

    mean: Tensor
    """(C,)."""
    directions: Tensor
    """(2, C), of length 1; zeros where the rows do not differ."""
    explained: tuple[float, float]
    """Share of the variance along each."""

    @classmethod
    def fit(cls, table: Tensor) -> Axes:
        """Principal components (Pearson 1901) of rows (N, C). Signs are fixed: the largest part of each is positive."""
        rows = table.double()
        mean = rows.mean(0)
        spread = (rows - mean).T @ (rows - mean) / len(rows)  # (C, C)
        values, vectors = torch.linalg.eigh(spread)  # ascending
        directions = vectors.flip(1)[:, :2].T.contiguous()  # (2, C)
        largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))  # (2, 1)
        top, total = values.flip(0)[:2].clamp(min=0), float(values.clamp(min=0).sum())
        # Directions without variance are any: show nothing rather than noise.
        flat = top <= 1e-12 * max(total, 1e-12)
        directions = (directions * largest.sign()).masked_fill(flat[:, None], 0.0)
        shares = [0.0 if none else float(value) / total for value, none in zip(top, flat.tolist(), strict=True)]
        return cls(mean=mean, directions=directions, explained=(shares[0], shares[1]))

    def project(self, table: Tensor) -> Tensor:
        """Rows (N, C) on these axes (N, 2)."""
        return (table.double() - self.mean) @ self.directions.T


@dataclass(frozen=True, kw_only=True)
class Map:
    """The same words at several steps, on the same axes."""

    tokens: tuple[str, ...]
    steps: tuple[int, ...]
    frames: tuple[Tensor, ...]
    """(N, 2) each."""
    explained: tuple[float, float]
    """Shares of the variance at the last step."""
    unknown: tuple[str, ...]
    """Words that are no single token."""

    def to_dict(self) -> dict[str, Any]:
        """JSON values: up to 400 points a step."""
        return {
            "tokens": list(self.tokens),
            "frames": [
                {"step": step, "points": plain(frame, 3)} for step, frame in zip(self.steps, self.frames, strict=True)
            ],
            "explained": [number(share) for share in self.explained],
            "unknown": list(self.unknown),
        }


@dataclass(frozen=True, kw_only=True)
class Purity:
    """How far neighbours are of the same class."""

    purity: Interval
    """Mean share of a word's five nearest words that are of its class; over words."""
    chance: float
    """What random vectors would have."""
    by_class: dict[str, float]
    confused: tuple[tuple[str, str, float], ...]
    """Class, other class, share of the neighbours: the ten most frequent."""
    words: int
    unknown: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "purity": band(self.purity),
            "chance": number(self.chance),
            "by_class": {name: number(share) for name, share in self.by_class.items()},
            "confused": [[one, other, number(share)] for one, other, share in self.confused],
            "words": self.words,
            "unknown": list(self.unknown),
        }


def neighbours(subject: Subject, word: str, *, count: int = 10) -> Neighbours:
    """Tokens nearest to a word, itself left out. Raises ProbeError: nothing_known."""
    unknown = tuple(subject.tokenizer.unknown(word))
    ids = list(dict.fromkeys(subject.tokenizer.encode(word).tolist()))
    if not ids or (len(unknown) == len(ids) == 1 and subject.tokenizer.kind == "words"):
        raise ProbeError("nothing_known", unknown=list(unknown))
    table = table_of(subject)
    vector = normalize(table[ids].mean(0), dim=0)  # (C,)
    likeness = normalize(table) @ vector  # (V,)
    order = [token for token in likeness.sort(descending=True, stable=True).indices.tolist() if token not in ids]
    near = order[: min(count, MAX_NEIGHBOURS)]
    return Neighbours(
        tokens=tuple(map(subject.token_name, ids)),
        near=tuple((subject.token_name(token), float(likeness[token])) for token in near),
        unknown=unknown,
    )


def one_map(subject: Subject, words: Sequence[str] = (), *, step: int = 0, first: Sequence[int] = ()) -> Map:
    """Where 400 tokens of a vocabulary (its first ones, or the `first` ids that are given), or chosen words, stand at
    the subject's step.

    Raises ProbeError: nothing_known.
    """
    tokens, unknown = chosen(subject, words, first)
    table = table_of(subject)[tokens]
    axes = Axes.fit(table)
    return Map(
        tokens=tuple(map(subject.token_name, tokens)),
        steps=(step,),
        frames=(axes.project(table),),
        explained=axes.explained,
        unknown=unknown,
    )


def moving_map(subject: Subject, run_dir: Path, words: Sequence[str] = (), *, first: Sequence[int] = ()) -> Map:
    """Where tokens stood at every snapshot of a run, on the axes of the last one, so that nothing flips in between.

    Raises ProbeError: no_snapshot, nothing_known.
    """
    tokens, unknown = chosen(subject, words, first)
    steps = snapshots.steps(run_dir)
    if not steps:
        raise ProbeError("no_snapshot", step=0, steps=[])
    tables = [snapshots.load_tensor(run_dir, step, "embedding")[tokens] for step in steps]
    axes = Axes.fit(tables[-1])
    return Map(
        tokens=tuple(map(subject.token_name, tokens)),
        steps=tuple(steps),
        frames=tuple(axes.project(table) for table in tables),
        explained=axes.explained,
        unknown=unknown,
    )


def purity(subject: Subject, classes: Mapping[str, str], *, nearest: int = NEAREST) -> Purity:
    """How far words of one class are each other's nearest; `classes` as `corpora.word_classes()` gives them.

    Only words that are single tokens count. Raises ProbeError: too_short where fewer than two classes are left.
    """
    tokens, unknown = _single(subject, list(classes))
    named = [classes[word] for word in classes if word not in unknown]
    if len(set(named)) < 2 or len(tokens) <= nearest:
        raise ProbeError("too_short", needed=max(2, nearest + 1), found=len(tokens))
    table = normalize(table_of(subject)[tokens])  # (N, C)
    likeness = (table @ table.T).fill_diagonal_(-torch.inf)
    near = likeness.sort(dim=1, descending=True, stable=True).indices[:, :nearest].tolist()  # (N, nearest)
    shares = [sum(named[i] == own for i in row) / nearest for own, row in zip(named, near, strict=True)]
    sizes = Counter(named)
    pairs = Counter((own, named[i]) for own, row in zip(named, near, strict=True) for i in row if named[i] != own)
    return Purity(
        purity=bootstrap_mean(shares),
        chance=sum(size * (size - 1) for size in sizes.values()) / (len(named) * (len(named) - 1)),
        by_class={
            name: sum(share for own, share in zip(named, shares, strict=True) if own == name) / size
            for name, size in sizes.items()
        },
        confused=tuple((own, other, n / (sizes[own] * nearest)) for (own, other), n in pairs.most_common(10)),
        words=len(named),
        unknown=unknown,
    )


def table_of(subject: Subject) -> Tensor:
    """Vectors (V, C) of the tokens that stand for text."""
    return subject.model.embedding.detach().float().cpu()[: subject.tokenizer.vocab_size]


def chosen(subject: Subject, words: Sequence[str], first: Sequence[int] = ()) -> tuple[list[int], tuple[str, ...]]:
    """Ids of words that are single tokens, at most MAX_POINTS, and the other words; without words, the first ids."""
    if not words:
        return list(first or range(subject.tokenizer.vocab_size))[:MAX_POINTS], ()
    tokens, unknown = _single(subject, words)
    if not tokens:
        raise ProbeError("nothing_known", unknown=list(unknown))
    return tokens[:MAX_POINTS], unknown


def _single(subject: Subject, words: Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
    tokens: list[int] = []
    unknown: list[str] = []
    for word in dict.fromkeys(words):
        ids = subject.tokenizer.encode(word).tolist()
        if len(ids) == 1 and not subject.tokenizer.unknown(word):
            tokens.append(int(ids[0]))
        else:
            unknown.append(word)
    return tokens, tuple(unknown)
