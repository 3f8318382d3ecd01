"""What a model loses without one of its parts: each head, each attention, each feed-forward switched off in turn. Asked
by the ablation table of a run and by the grading of "name the head"; works on every task.

To measure on other examples than the held-out ones (a hidden set), prepare a task that holds out those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from trainer.measures.intervals import Floats, Interval, normal_ratio
from trainer.models.base import Model
from trainer.models.layers import Positions
from trainer.models.trace import Trace
from trainer.probe.plain import band, number
from trainer.probe.subject import ATTENTIVE, ProbeError, quiet
from trainer.tasks.base import IGNORED, StoppedError, Task, spread

UNITS = 64
"""Windows or examples that each part is measured on."""

BRANCHES = ("attention", "cross", "feed_forward", "positions")


class Part(NamedTuple):
    """Something that can be switched off."""

    branch: str
    """`attention` (to the own row), `cross` (to the source), `feed_forward`, or `positions`: where all tokens stand."""
    layer: int
    """From 0; 0 for the positions."""
    head: int | None = None
    """Of `attention` or `cross`; None is the whole branch."""
    side: str = "target"
    """`source` for the encoder of an encoder–decoder, else `target`."""

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return self._asdict()


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is different without some parts, measured on the same units."""

    parts: tuple[Part, ...]
    loss: Interval
    """Nats a target more than with them."""
    measures: dict[str, Interval]
    """The task's shares of right answers, minus those with them."""

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "parts": [part.to_dict() for part in self.parts],
            "loss": band(self.loss),
            "measures": {name: band(share) for name, share in self.measures.items()},
        }


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """Every part's worth."""

    loss: float
    """Of the whole model, on the same units."""
    measures: dict[str, float]
    units: int
    changes: tuple[Change, ...]

    def change(self, *parts: Part) -> Change:
        """That of just these parts. Raises ProbeError: not_a_choice."""
        for change in self.changes:
            if set(change.parts) == set(parts):
                return change
        raise ProbeError("not_a_choice", field="parts", choices=[list(change.parts) for change in self.changes])

    def worst(self, branch: str | None = None) -> Change:
        """The largest rise in loss, among single heads or, with `branch`, among whole branches of that name."""
        return max(
            (
                change
                for change in self.changes
                if any((part.head is not None) if branch is None else _whole(part, branch) for part in change.parts)
            ),
            key=lambda change: change.loss.value,
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "loss": number(self.loss),
            "measures": {name: number(share) for name, share in self.measures.items()},
            "units": self.units,
            "changes": [change.to_dict() for change in self.changes],
        }


class Counted(NamedTuple):
    """Of each unit (N,)."""

    nats: Floats
    targets: Floats
    right: Floats
    wholes: Floats


def parts_of(model: Model) -> Iterator[Part]:
    """Every part of a model that can be switched off alone. Raises ProbeError: no_attention."""
    config = model.config
    if config.family not in ATTENTIVE:
        raise ProbeError("no_attention", family=config.family)
    beside = config.family == "seq2seq"
    for side, cross in (("source", False), ("target", True)) if beside else (("target", False),):
        for layer in range(config.n_layers):
            for branch in ("attention", "cross") if cross else ("attention",):
                yield Part(branch, layer, None, side)
                for head in range(config.n_heads):
                    yield Part(branch, layer, head, side)
            yield Part("feed_forward", layer, None, side)
    if config.positions != "none":
        yield Part("positions", 0)


def without(parts: Sequence[Part]) -> Trace:
    """A pass that leaves out these parts."""

    def side(name: str) -> Trace:
        own = [part for part in parts if part.side == name]

        def layers(branch: str) -> frozenset[int]:
            return frozenset(part.layer for part in own if part.branch == branch and part.head is None)

        def heads(branch: str) -> frozenset[tuple[int, int]]:
            return frozenset((part.layer, part.head) for part in own if part.branch == branch and part.head is not None)

        return Trace(
            by_stages=False,
            without_heads=heads("attention"),
            without_attention=layers("attention"),
            without_cross=layers("cross"),
            without_cross_heads=heads("cross"),
            without_feed_forward=layers("feed_forward"),
        )

    trace = side("target")
    trace.source = side("source")
    return trace


def ablate(
    task: Task,
    model: Model,
    groups: Sequence[Sequence[Part]] | None = None,
    *,
    units: int = UNITS,
    stop: Callable[[], bool] = lambda: False,
) -> Ablation:
    """Switch off each group of parts (every single part, unless said otherwise) on up to `units` held-out units.

    Changes are paired: the same units with and without, intervals over units. One forward pass of the units a group.
    Raises ProbeError: no_attention, not_a_choice; StoppedError where `stop` says so between passes.
    """
    known = list(parts_of(model))
    groups = [[part] for part in known] if groups is None else groups
    if strange := [part for group in groups for part in group if part not in known]:
        raise ProbeError("not_a_choice", field="parts", choices=[tuple(part) for part in known], found=strange)
    chosen = spread(task.units, units)
    changes: list[Change] = []
    with quiet(model):
        before = counted(task, model, chosen, ())
        for group in groups:
            if stop():
                raise StoppedError
            changes.append(_change(task, tuple(group), before, counted(task, model, chosen, group)))
    loss, token_share, whole_share = _ratios(before)
    return Ablation(
        loss=loss.value,
        measures=task.shares(token_share.value, whole_share.value),
        units=len(chosen),
        changes=tuple(changes),
    )


def counted(task: Task, model: Model, chosen: torch.Tensor, parts: Sequence[Part]) -> Counted:
    """Nats, targets and right answers of each chosen unit, without some parts."""
    device = next(model.parameters()).device
    found: list[torch.Tensor] = []  # each (4, n)
    for some in torch.split(chosen, task.units_at_once):
        batch = task.held_out(some).to(device)
        with placeless(model, parts):
            logits = task.logits(model, batch, without(parts))  # (n, T, V), or (n, V) where pooled
        targets = batch.targets.reshape(len(some), -1)  # (n, T), or (n, 1)
        rows = logits.float().view(*targets.shape, -1)
        nats = cross_entropy(rows.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none")
        scored = targets != IGNORED
        hits = (rows.argmax(-1) == targets) & scored
        sums = (nats.view(targets.shape).double().sum(1), scored.sum(1), hits.sum(1), (hits | ~scored).all(1))
        found.append(torch.stack([part.double().cpu() for part in sums]))
    return Counted(*torch.cat(found, dim=1).numpy())


@contextmanager
def placeless(model: Model, parts: Sequence[Part]) -> Iterator[None]:
    """No token knows where it stands, if the positions are among these parts. Restored afterwards."""
    off = any(part.branch == "positions" for part in parts)
    kinds = [(module, module.kind) for module in model.modules() if off and isinstance(module, Positions)]
    try:
        for module, _kind in kinds:
            module.kind = "none"
        yield
    finally:
        for module, kind in kinds:
            module.kind = kind


def _change(task: Task, parts: tuple[Part, ...], before: Counted, after: Counted) -> Change:
    """Paired: what varies between units, but not with the parts, is no uncertainty."""
    difference = before._replace(
        nats=after.nats - before.nats, right=after.right - before.right, wholes=after.wholes - before.wholes
    )
    loss, token_share, whole_share = _ratios(difference)
    # `shares` names what it is given; it is asked for each end of the intervals.
    value = task.shares(token_share.value, whole_share.value)
    low, high = task.shares(token_share.low, whole_share.low), task.shares(token_share.high, whole_share.high)
    measures = {name: Interval(value[name], low[name], high[name], loss.n) for name in value}
    return Change(parts=parts, loss=loss, measures=measures)


def _ratios(counts: Counted) -> tuple[Interval, Interval, Interval]:
    """Loss, share of right targets, share of wholly right units."""
    ones = np.ones(len(counts.wholes))
    return (
        normal_ratio(counts.nats, counts.targets),
        normal_ratio(counts.right, counts.targets),
        normal_ratio(counts.wholes, ones),
    )


def _whole(part: Part, branch: str) -> bool:
    return part.head is None and part.branch == branch
