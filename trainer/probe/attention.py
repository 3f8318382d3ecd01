"""Who looks at whom: every stage of attention, layer by layer and head by head. Asked by the attention page of a run.

Three kinds: `self` (a row looks at itself), and in an encoder–decoder `cross` (the target looks at the source: the
alignment of a translation) and `source` (the source looks at itself).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from trainer.models.trace import Stages, Trace
from trainer.probe.plain import plain
from trainer.probe.reading import Reading, read
from trainer.probe.subject import ATTENTIVE, ProbeError, Subject, quiet, traced

KINDS = ("self", "cross", "source")


@dataclass(frozen=True, kw_only=True)
class Head:
    """One head's attention, T queries by S keys."""

    kind: str
    """One of KINDS."""
    layer: int
    head: int
    scores: Tensor
    """(T, S): products of queries and keys."""
    scaled: Tensor
    """(T, S): scores over the root of the head's size."""
    masked: Tensor
    """(T, S): minus infinity where a query may not look."""
    weights: Tensor
    """(T, S): softmax over the keys; rows sum to 1."""
    norms: Tensor
    """(T,): length of what the head passes on at each place."""

    def to_dict(self) -> dict[str, Any]:
        """JSON values: every stage; None is minus infinity."""
        stages = ("scores", "scaled", "masked", "weights", "norms")
        return self._place() | {name: plain(getattr(self, name)) for name in stages}

    def summary(self) -> dict[str, Any]:
        """JSON values: weights and norms alone."""
        return self._place() | {"weights": plain(self.weights, 3), "norms": plain(self.norms, 3)}

    def _place(self) -> dict[str, Any]:
        return {"kind": self.kind, "layer": self.layer, "head": self.head}


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Every head on one text."""

    tokens: tuple[str, ...]
    """Queries of `self` and `cross`, keys of `self`."""
    source: tuple[str, ...]
    """Keys of `cross`, both sides of `source`; empty where there is no source beside the row."""
    heads: tuple[Head, ...]
    unknown: tuple[str, ...]
    left_out: int
    """Tokens beyond the 64 that are shown."""

    def one(self, kind: str, layer: int, head: int) -> Head:
        """A single head with all its stages. Raises ProbeError: not_a_choice."""
        for found in self.heads:
            if (found.kind, found.layer, found.head) == (kind, layer, head):
                return found
        choices = ", ".join(f"{found.kind} {found.layer} {found.head}" for found in self.heads)
        raise ProbeError("not_a_choice", field="head", choices=choices)

    def to_dict(self) -> dict[str, Any]:
        """JSON values: weights and norms of all heads; `one` has the stages between."""
        return {
            "tokens": list(self.tokens),
            "source": list(self.source),
            "heads": [head.summary() for head in self.heads],
            "unknown": list(self.unknown),
            "left_out": self.left_out,
        }


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """Which source tokens each target token looked at, heads of the last layer taken together."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    """What was written: the token that each row of weights led to."""
    weights: Tensor
    """(T, S): rows sum to 1."""
    unknown: tuple[str, ...]
    left_out: int

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "source": list(self.source),
            "target": list(self.target),
            "weights": plain(self.weights),
            "unknown": list(self.unknown),
            "left_out": self.left_out,
        }


def look(subject: Subject, text: str, target: str | None = None) -> Attention:
    """Every head's attention on a text, in one pass. Raises ProbeError: no_attention, nothing_known."""
    subject.needs(ATTENTIVE, "no_attention")
    reading = read(subject, text, target)
    trace = _trace(subject, reading)
    return Attention(
        tokens=reading.names,
        source=reading.source,
        heads=tuple(_heads(trace)),
        unknown=reading.unknown,
        left_out=reading.left_out,
    )


def align(subject: Subject, text: str, target: str | None = None) -> Alignment:
    """How a translation lies beside its source; without a `target` the model's own is taken.

    Raises ProbeError: no_attention (only an encoder–decoder has a source beside it), nothing_known.
    """
    subject.needs(("seq2seq",), "no_attention")
    reading = read(subject, text, target)
    last = _trace(subject, reading).cross[subject.model.config.n_layers - 1]
    return Alignment(
        source=reading.source,
        # Place t read token t and wrote token t + 1.
        target=tuple("" if token is None else subject.token_name(token) for token in reading.truth),
        weights=last.weights[0].mean(0),
        unknown=reading.unknown,
        left_out=reading.left_out,
    )


def _trace(subject: Subject, reading: Reading) -> Trace:
    with quiet(subject.model):
        _, trace = traced(subject.model, reading.inputs)
    return trace


def _heads(trace: Trace) -> Iterator[Head]:
    for kind, layers in by_kind(trace).items():
        for layer, stages in sorted(layers.items()):
            for head in range(stages.weights.shape[1]):
                yield Head(
                    kind=kind,
                    layer=layer,
                    head=head,
                    scores=stages.scores[0, head],
                    scaled=stages.scaled[0, head],
                    masked=stages.masked[0, head],
                    weights=stages.weights[0, head],
                    norms=stages.heads[0, head].norm(dim=-1),
                )


def by_kind(trace: Trace) -> dict[str, dict[int, Stages]]:
    """Stages of each layer, by kind of attention."""
    source = trace.source.attention if trace.source is not None else {}
    return {"self": trace.attention, "cross": trace.cross, "source": source}
