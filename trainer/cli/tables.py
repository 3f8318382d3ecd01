"""Aligned tables of figures. Used by the commands that report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

HEAD = ("measure", "value", "95 % interval", "n")

TITLES = {"samples": "what it writes"}

MAIN = ("accuracy", "macro_f1", "f1", "exact_match", "exact", "token_f1", "bleu", "chrf")
"""What the table of slices shows, where there is any of it; else the first few."""

MOST_COLUMNS = 3

Figures = Mapping[str, Mapping[str, float]]
"""By name: value, low, high, n."""


def aligned(rows: Sequence[Sequence[str]], *, indent: str = "  ", left: Sequence[int] = (0,)) -> list[str]:
    """Lines with columns of one width: those in `left` begin together, the others end together."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = zip(row, widths, strict=True)
        lines.append(
            "  ".join(cell.ljust(width) if i in left else cell.rjust(width) for i, (cell, width) in enumerate(cells))
        )
    return [(indent + line).rstrip() for line in lines]


def slices(found: Mapping[str, Figures]) -> list[str]:
    """Every figure of the first slice; of others that have the same figures, the main ones in one table."""
    lines: list[str] = []
    names = list(found)
    alike = [name for name in names[1:] if found[name].keys() == found[names[0]].keys()]
    for name in names:
        if name not in alike:
            lines += _in_full(name, found[name])
    if alike:
        measures = list(found[names[0]])
        main = [measure for measure in MAIN if measure in measures] or measures
        lines += _side_by_side({name: found[name] for name in alike}, main[:MOST_COLUMNS])
    return lines


def _in_full(name: str, measures: Figures) -> list[str]:
    rows = [(_plain(measure), *_cells(figure)) for measure, figure in measures.items()]
    return [TITLES.get(name, _plain(name)), *aligned([HEAD, *rows])]


def _cells(figure: Mapping[str, float]) -> tuple[str, str, str]:
    return number(figure["value"]), _interval(figure), f"{int(figure['n']):,}"


def _side_by_side(found: Mapping[str, Figures], measures: Sequence[str]) -> list[str]:
    head = ("slice", *map(_plain, measures), "n")
    rows = [
        (
            _plain(name),
            *(f"{number(figures[measure]['value'])} ({_interval(figures[measure])})" for measure in measures),
            f"{int(figures[measures[0]]['n']):,}",
        )
        for name, figures in found.items()
    ]
    return aligned([head, *rows])


def _interval(figure: Mapping[str, float]) -> str:
    return f"{number(figure['low'])} to {number(figure['high'])}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def number(value: float) -> str:
    """Three digits after the point; one of large numbers."""
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3f}"
