"""Which head does what on a row that repeats: induction, previous token, same token (Olsson et al. 2022). Asked by the
interpretability lab, and by the server that checks which head a learner names.

Random tokens come twice. Nothing but their order tells what follows, so a head that helps must find a token's earlier
place, and look right behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from trainer.measures.intervals import Interval, bootstrap_mean
from trainer.probe.plain import band, number
from trainer.probe.subject import ProbeError, Subject, quiet, traced
from trainer.tokenizer.words import UNKNOWN_ID

ROWS = 32
LENGTH = 16
"""Random tokens before they repeat, at most; rows differ a little, so that no fixed distance leads to the answer."""

LEAST = 4
VARIED = 4
"""Rows are up to so many tokens shorter."""

KINDS = ("induction", "previous", "same")


class Row(NamedTuple):
    """A row that repeats itself, and where a good head would look."""

    ids: Tensor  # (T,)
    queries: Tensor  # (Q,): places in the repetition
    after: Tensor  # (Q,): right behind the token's earlier place
    same: Tensor  # (Q,): its earlier place
    wanted: Tensor  # (Q,): what comes next
    first: Tensor  # places (P,) in the first passage whose next token is also known


@dataclass(frozen=True, kw_only=True)
class HeadScore:
    """Mean attention that a head gives to each kind of place; intervals over rows."""

    layer: int
    head: int
    induction: Interval
    """Right behind the token's earlier place: the answer."""
    previous: Interval
    """The token before."""
    same: Interval
    """The token's own earlier place."""

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"layer": self.layer, "head": self.head} | {kind: band(getattr(self, kind)) for kind in KINDS}


@dataclass(frozen=True, kw_only=True)
class Induction:
    """Every head on rows that repeat."""

    heads: tuple[HeadScore, ...]
    uniform: float
    """What a head that looks everywhere alike gives to one place."""
    loss_first: float | None
    """Nats a token before the repetition; None where the task scores none of it."""
    loss_repeated: float
    """Nats a token in the repetition."""
    accuracy_repeated: float
    rows: int

    def best(self, kind: str = "induction") -> HeadScore:
        """The head with the highest score of a kind in KINDS."""
        return max(self.heads, key=lambda head: float(getattr(head, kind).value))

    def is_clear(self, kind: str = "induction") -> bool:
        """Whether the best head's interval lies above every other's: whether there is one head to be named."""
        best = self.best(kind)
        return all(getattr(best, kind).low > getattr(head, kind).high for head in self.heads if head is not best)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "heads": [head.to_dict() for head in self.heads],
            "best": {
                kind: {"layer": self.best(kind).layer, "head": self.best(kind).head, "clear": self.is_clear(kind)}
                for kind in KINDS
            },
            "uniform": number(self.uniform),
            "loss_first": number(self.loss_first),
            "loss_repeated": number(self.loss_repeated),
            "accuracy_repeated": number(self.accuracy_repeated),
            "rows": self.rows,
        }


def induction(subject: Subject, *, seed: int = 1, rows: int = ROWS, length: int = LENGTH) -> Induction:
    """Score every head of a decoder on `rows` random rows that repeat; the same seed gives the same rows.

    Raises ProbeError: no_attention, not_causal, not_about_text, too_short (context or vocabulary).
    """
    subject.needs(("gpt",), "no_attention")
    if not subject.model.config.causal:
        raise ProbeError("not_causal", family=subject.family)
    if subject.task not in ("language", "sequence"):
        raise ProbeError("not_about_text", task=subject.task)
    generator = torch.Generator().manual_seed(seed)
    shapes = [max(LEAST, _longest(subject, length) - i % VARIED) for i in range(rows)]
    drawn = [_row(subject, size, generator) for size in shapes]
    seen: list[Tensor] = []  # of each row (3, L, H)
    repeated: list[Tensor] = []
    first: list[Tensor] = []
    hits: list[Tensor] = []
    with quiet(subject.model):
        for row in drawn:
            ids = row.ids.to(subject.model.embedding.device)
            logits, trace = traced(subject.model, (ids[None],))
            logs = logits[0].float().cpu()  # (T, V)
            weights = torch.cat([trace.attention[layer].weights for layer in sorted(trace.attention)]).cpu()
            seen.append(_seen(weights, row))
            repeated.append(cross_entropy(logs[row.queries], row.wanted, reduction="none"))
            first.append(cross_entropy(logs[row.first], row.ids[row.first + 1], reduction="none"))
            hits.append(logs[row.queries].argmax(-1) == row.wanted)
    scores = torch.stack(seen).double()  # (rows, 3, L, H)
    before, uniform = torch.cat(first), torch.cat([1 / (row.queries + 1) for row in drawn])
    return Induction(
        heads=tuple(_head(scores, layer, head) for layer, head in torch.cartesian_prod(*_places(scores)).tolist()),
        uniform=float(uniform.mean()),
        loss_first=float(before.mean()) if len(before) else None,
        loss_repeated=float(torch.cat(repeated).mean()),
        accuracy_repeated=float(torch.cat(hits).double().mean()),
        rows=rows,
    )


def _places(scores: Tensor) -> tuple[Tensor, Tensor]:
    return torch.arange(scores.shape[2]), torch.arange(scores.shape[3])


def _head(scores: Tensor, layer: int, head: int) -> HeadScore:
    found = [bootstrap_mean(scores[:, kind, layer, head].numpy()) for kind in range(len(KINDS))]
    return HeadScore(layer=layer, head=head, induction=found[0], previous=found[1], same=found[2])


def _seen(weights: Tensor, row: Row) -> Tensor:
    """Mean attention (3, L, H) of the queries to each kind of place; weights (L, H, T, T)."""
    kinds = (row.after, row.queries - 1, row.same)
    return torch.stack([weights[:, :, row.queries, keys].mean(-1) for keys in kinds])


def _pool(subject: Subject) -> Tensor:
    """Tokens to draw from: all that can be seen."""
    tokenizer = subject.tokenizer
    unknown = UNKNOWN_ID if tokenizer.kind == "words" else None
    shown = [t for t in range(tokenizer.vocab_size) if t != unknown and tokenizer.token_text(t).strip()]
    return torch.tensor(shown)


def _longest(subject: Subject, length: int) -> int:
    """Random tokens that fit twice. Raises ProbeError: too_short."""
    context, pool = subject.model.config.context, len(_pool(subject))
    longest = min(length, (context - 1) // 2, pool)
    if longest < LEAST:
        raise ProbeError("too_short", needed=2 * LEAST + 1, found=min(context, 2 * pool))
    return longest


def _row(subject: Subject, size: int, generator: torch.Generator) -> Row:
    """Different random tokens, then the same again: as a text, or as source and target where pairs were learnt."""
    pool = _pool(subject)
    run = pool[torch.randperm(len(pool), generator=generator)[:size]]
    places = torch.arange(size)
    if subject.specials is None:
        ids, begin = torch.cat((run, run)), size
        start, first = 0, places[:-1]
    else:
        # As the induction corpus has it: the row, one of its tokens again, and what followed it as the target.
        start = int(torch.randint(size // 2, (1,), generator=generator))
        again = torch.tensor([int(run[start]), subject.specials.separator])
        ids, begin = torch.cat((run, again, run[start + 1 :])), size + 2 - 1
        first = places[:0]
    # The repetition's token j stands at begin + j - start, but its first one where a separator comes between.
    repeated = places[start + 1 : size - 1]
    queries = begin + repeated - start
    return Row(ids, queries, repeated + 1, repeated, run[repeated + 1], first)
