"""Targets written from sources: greedy, or by beam search. Called by `trainer.tasks.sequence` and by all who play with
its models.

A `Reader` hides whether the source stands in front of the target (decoder only) or is encoded beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from trainer.models.base import Model

Found = tuple[float, list[int]]
"""A log-probability and the tokens that have it."""

AT_ONCE = 64
"""Sources of one length that are continued together."""


class Reader:
    """Feeds a model tokens of targets, a row for each source; what was read before is cached where the model can."""

    def __init__(self, model: Model, sources: Tensor) -> None:
        """`sources` (B, S) all of one length, each ending in what begins its target."""
        self.model, self.beside = model, model.config.family == "seq2seq"
        self.cache = model.new_cache(len(sources))
        self.sources = sources[:, :-1]  # (B, S - 1)
        self.read = sources[:, -1:] if self.beside else sources

    @property
    def full(self) -> bool:
        """Whether no token more fits."""
        return self.cache.full if self.cache is not None else self.read.shape[1] >= self.model.config.context

    def first(self) -> Tensor:
        """Logits (B, V) of each target's first token."""
        return self._logits(self.read)

    def next(self, tokens: Tensor) -> Tensor:
        """Logits (B, V) of what follows these tokens (B,)."""
        self.read = torch.cat((self.read, tokens[:, None]), dim=1)
        return self._logits(self.read if self.cache is None else tokens[:, None])

    def select(self, rows: Tensor) -> None:
        """Go on with these rows (B',) in this order."""
        self.read, self.sources = self.read[rows], self.sources[rows]
        if self.cache is not None:
            self.cache.select(rows)

    def _logits(self, ids: Tensor) -> Tensor:
        if not self.beside:
            return self.model.next_logits(ids, self.cache).float()
        logits: Tensor = self.model(self.sources, ids, cache=self.cache)  # (B, n, V)
        return logits[:, -1].float()


@torch.inference_mode()
def greedy(model: Model, sources: Sequence[Sequence[int]], *, end: int, max_tokens: int) -> list[list[int]]:
    """The likeliest token each time, until `end`. Sources end in what begins their target; `end` is left out."""
    device = next(model.parameters()).device
    written: list[list[int]] = [[] for _ in sources]
    for rows in _alike(sources):
        reader = Reader(model, torch.tensor([list(sources[row]) for row in rows], device=device))
        logits = reader.first()
        open_rows = list(rows)
        for place in range(max_tokens):
            tokens = logits.argmax(-1)  # (B,)
            going = [i for i, token in enumerate(tokens.tolist()) if token != end]
            for i in going:
                written[open_rows[i]].append(int(tokens[i]))
            if not going or reader.full or place + 1 == max_tokens:
                break
            if len(going) < len(open_rows):
                kept = torch.tensor(going, device=device)
                reader.select(kept)
                tokens, open_rows = tokens[kept], [open_rows[i] for i in going]
            logits = reader.next(tokens)
    return written


@torch.inference_mode()
def beam(model: Model, source: Sequence[int], *, end: int, max_tokens: int, width: int) -> list[int]:
    """The target of highest mean log-probability among `width` kept at each step; `end` is left out."""
    device = next(model.parameters()).device
    reader = Reader(model, torch.tensor([list(source)], device=device))
    logs = reader.first().log_softmax(-1)  # (1, V)
    beams: list[Found] = [(0.0, [])]
    finished: list[Found] = []
    for place in range(max_tokens):
        totals = torch.tensor([total for total, _ in beams], device=device)[:, None] + logs  # (beams, V)
        best = totals.flatten().topk(min(2 * width, totals.numel()))
        chosen: list[tuple[int, int, float]] = []
        for rank, (total, where) in enumerate(zip(best.values.tolist(), best.indices.tolist(), strict=True)):
            row, token = divmod(where, totals.shape[1])
            if token != end:
                chosen.append((row, token, total))
            elif rank < width:  # an end that is not among the best would win by being short
                finished.append((total / (len(beams[row][1]) + 1), beams[row][1]))
        chosen = chosen[:width]
        beams = [(total, [*beams[row][1], token]) for row, token, total in chosen]
        if not chosen or reader.full or place + 1 == max_tokens or _settled(finished, beams, width):
            break
        reader.select(torch.tensor([row for row, _, _ in chosen], device=device))
        logs = reader.next(torch.tensor([token for _, token, _ in chosen], device=device)).log_softmax(-1)
    unfinished = [(total / max(1, len(tokens)), tokens) for total, tokens in beams]
    return max(finished or unfinished, key=lambda found: found[0])[1]


def _settled(finished: Sequence[Found], beams: Sequence[Found], width: int) -> bool:
    """Whether enough targets have ended, and one of them is at least as likely a token as all that go on."""
    if len(finished) < width:
        return False
    return max(mean for mean, _ in finished) >= max(total / len(tokens) for total, tokens in beams)


def _alike(sources: Sequence[Sequence[int]]) -> list[list[int]]:
    """Indices of the sources in groups of one length, at most AT_ONCE each."""
    by_length: dict[int, list[int]] = {}
    for row, source in enumerate(sources):
        by_length.setdefault(len(source), []).append(row)
    return [rows[i : i + AT_ONCE] for rows in by_length.values() for i in range(0, len(rows), AT_ONCE)]
