"""Answers as text for a terminal. Called by `trainer.probe.command`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import Tensor

from trainer.measures.intervals import Interval
from trainer.probe.ablation import Ablation, Part
from trainer.probe.attention import Alignment, Attention, Head
from trainer.probe.embeddings import Map, Neighbours, Purity
from trainer.probe.gradients import Fading, Flow
from trainer.probe.induction import KINDS, Induction
from trainer.probe.lens import Lens
from trainer.probe.tokens import Decoding, Distribution, Surprise

SHADES = " ░▒▓█"
BAR = 30
"""Characters of the longest bar."""


def attention(found: Attention, head: Head) -> str:
    """One head as a grid of shades, and where each place looks most."""
    keys = found.source if head.kind in ("cross", "source") else found.tokens
    queries = found.source if head.kind == "source" else found.tokens
    title = f"{head.kind} attention, layer {head.layer}, head {head.head}; rows look at columns"
    return "\n".join([title, *_grid(queries, keys, head.weights), *_rest(found.unknown, found.left_out)])


def alignment(found: Alignment) -> str:
    """Target tokens as rows, source tokens as columns."""
    title = f"source: {' '.join(map(_quoted, found.source))}"
    return "\n".join([title, *_grid(found.target, found.source, found.weights), *_rest(found.unknown, found.left_out)])


def neighbours(found: Neighbours) -> str:
    """One line a neighbour."""
    rows = [(_quoted(name), f"{cosine:+.3f}", _bar(max(0.0, cosine))) for name, cosine in found.near]
    return "\n".join([f"near {' '.join(map(_quoted, found.tokens))}", *_table(rows), *_rest(found.unknown, 0)])


def points(found: Map) -> str:
    """Where each token stands at the last step."""
    rows = [
        (_quoted(token), f"{x:+.3f}", f"{y:+.3f}")
        for token, (x, y) in zip(found.tokens, found.frames[-1].tolist(), strict=True)
    ]
    title = (
        f"step {found.steps[-1]}, the last of {len(found.steps)}; the axes hold {found.explained[0]:.0%} and "
        f"{found.explained[1]:.0%} of the variance"
    )
    return "\n".join([title, *_table(rows), *_rest(found.unknown, 0)])


def purity(found: Purity) -> str:
    """The share, by class, and what is confused."""
    title = f"{_interval(found.purity)} of the nearest words are of the same class; by chance {found.chance:.3f}"
    rows = [(name, f"{share:.3f}", _bar(share)) for name, share in found.by_class.items()]
    confused = [f"{own} near {other}: {share:.3f}" for own, other, share in found.confused]
    return "\n".join([title, *_table(rows), *confused, *_rest(found.unknown, 0)])


def candidates(found: Distribution, chances: Decoding, count: int) -> str:
    """The likeliest outputs, as they are and as sampling would draw them."""
    rows = [("output", "logit", "probability", "bits", "drawn")]
    for candidate in found.likeliest(count):
        drawn = float(chances.final[candidate.id])
        numbers = (f"{candidate.logit:+.3f}", f"{candidate.probability:.4f}", f"{candidate.bits:.2f}", f"{drawn:.4f}")
        rows.append((_quoted(candidate.name), *numbers))
    place = found.position
    lines = ["of the whole text" if place is None else f"at place {place}, {_quoted(found.tokens[place])}"]
    lines += [*_table(rows), f"entropy {found.entropy:.2f} bits"]
    if found.truth is not None:
        right = found.candidate(found.truth)
        lines.append(f"the text goes on with {_quoted(right.name)}: rank {right.rank}, {right.bits:.2f} bits")
    return "\n".join([*lines, *_rest(found.unknown, found.left_out)])


def surprise(found: Surprise) -> str:
    """One line a token."""
    most = max(found.measured, default=1.0)
    rows = [
        (_quoted(token), "" if bits is None else f"{bits:.2f}", _bar((bits or 0.0) / max(most, 1e-9)))
        for token, bits in zip(found.tokens, found.bits, strict=True)
    ]
    measured = found.measured
    total = f"{sum(measured):.1f} bits in all, {sum(measured) / max(1, len(measured)):.2f} a token"
    if found.bits_per_byte is not None:
        total += f", {found.bits_per_byte:.3f} a byte"
    return "\n".join([*_table(rows), total, *_rest(found.unknown, found.left_out)])


def layers(found: Lens) -> str:
    """The likeliest output at each place, after each layer; the rank of what comes next in brackets."""
    head = ("", "input", *[f"layer {layer}" for layer in range(len(found.layers) - 1)])
    rows = [head]
    for place, glances in enumerate(zip(*found.layers, strict=True)):
        name = _quoted(found.tokens[place]) if len(found.layers[0]) > 1 else "whole row"
        cells = [
            f"{_quoted(glance.likeliest[0].name)} {glance.likeliest[0].probability:.2f}"
            + ("" if glance.rank is None else f" ({glance.rank})")
            for glance in glances
        ]
        rows.append((name, *cells))
    return "\n".join([*_table(rows), *_rest(found.unknown, found.left_out)])


def ablation(found: Ablation) -> str:
    """One line a part, the loss without it and the change in right answers."""
    shares = ", ".join(f"{name} {share:.3f}" for name, share in found.measures.items())
    title = f"whole model: loss {found.loss:.4f}, {shares}, on {found.units} units; without a part:"
    rows = [("part", "loss", *found.measures)]
    for change in found.changes:
        name = " + ".join(map(_part, change.parts))
        rows.append((name, _interval(change.loss, "+"), *[_interval(share, "+") for share in change.measures.values()]))
    return "\n".join([title, *_table(rows)])


def flow(found: Flow) -> str:
    """Gradient at the input by token, then by layer."""
    most = max([*found.streams[0], *found.source, 1e-30])
    rows = [
        (_quoted(token), f"{norm:.3g}", _bar(norm / most))
        for token, norm in zip(found.tokens, found.streams[0], strict=True)
    ]
    lines = [f"answer {_quoted(found.answer)} at place {found.position}, loss {found.loss:.4f}; gradient at the input"]
    lines += _table(rows)
    lines += _table([(name, f"{norm:.3g}") for name, norm in found.layers.items()])
    return "\n".join([*lines, *_rest(found.unknown, found.left_out)])


def fading(found: Fading) -> str:
    """Gradient by distance."""
    most = max((norm.value for norm in found.norms), default=0.0) or 1.0
    rows = [(str(distance), f"{norm.value:.3g}", _bar(norm.value / most)) for distance, norm in enumerate(found.norms)]
    return "\n".join([f"gradient by places before the answer, mean of {found.units} units", *_table(rows)])


def induction(found: Induction) -> str:
    """One line a head."""
    rows: list[tuple[str, ...]] = [("head", *KINDS)]
    for head in found.heads:
        scores = [getattr(head, kind).value for kind in KINDS]
        rows.append((f"layer {head.layer} head {head.head}", *[f"{score:.3f}" for score in scores]))
    best = found.best()
    named = f"best: layer {best.layer} head {best.head}" + ("" if found.is_clear() else ", but others are as good")
    first = "" if found.loss_first is None else f"loss {found.loss_first:.3f} at first, "
    repeated = f"{found.loss_repeated:.3f} in the repetition, {found.accuracy_repeated:.1%} right"
    return "\n".join([*_table(rows), f"{named}; everywhere alike would be {found.uniform:.3f}", first + repeated])


def _grid(queries: Sequence[str], keys: Sequence[str], weights: Tensor) -> list[str]:
    rows = []
    for query, row in zip(queries, weights.tolist(), strict=True):
        shades = "".join(SHADES[min(len(SHADES) - 1, int(weight * len(SHADES)))] for weight in row)
        most = max(range(len(row)), key=row.__getitem__)
        rows.append((_quoted(query), f"|{shades}|", f"{_quoted(keys[most])} {row[most]:.2f}"))
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _rest(unknown: Iterable[str], left_out: int) -> list[str]:
    names = " ".join(map(_quoted, unknown))
    lines = [f"not in the vocabulary: {names}"] if names else []
    return lines + ([f"{left_out} tokens left out: too long"] if left_out else [])


def _interval(interval: Interval, sign: str = "") -> str:
    """A figure and what lies around it."""
    return f"{interval.value:{sign}.4f} [{interval.low:{sign}.4f}, {interval.high:{sign}.4f}]"


def _part(part: Part) -> str:
    if part.branch == "positions":
        return "positions"
    side = "source " if part.side == "source" else ""
    head = "" if part.head is None else f" head {part.head}"
    return f"{side}layer {part.layer} {part.branch.replace('_', ' ')}{head}"


def _bar(share: float) -> str:
    return "█" * round(BAR * min(1.0, max(0.0, share)))


def _quoted(token: str) -> str:
    """A token with its spaces seen."""
    return repr(token) if token.strip() != token or not token or not token.isprintable() else token
