"""How hard each layer was pushed over a run: what the section "Gradients" draws, and its table. Called by the view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from labs.models import Run

COLUMNS = ("grad_norms", "update_ratios")


def pushes(run: Run) -> dict[str, Any]:
    """`steps` that were measured; `layers` from the input on, each with `name`, `title` and its columns. One query.

    A column has None where the run did not measure that layer at that step.
    """
    stored = Run.objects.filter(pk=run.pk).values_list("curve__layers", flat=True).get() or []
    names = list(dict.fromkeys(name for item in stored for column in COLUMNS for name in item[column]))
    layers = [
        {"name": name, "title": title(name)}
        | {column: [item[column].get(name) for item in stored] for column in COLUMNS}
        for name in in_order(names)
    ]
    return {"steps": [item["step"] for item in stored], "layers": layers}


def in_order(names: Iterable[str]) -> list[str]:
    """Layers as a text runs through them; those of one kind stay as they were."""
    return sorted(names, key=lambda name: {"embedding": 0, "head": 2, "neighbours": 2, "bias": 2}.get(name, 1))


def title(name: str) -> str:
    """A layer's name for people; parts without one keep their own."""
    kind, _dot, number = name.partition(".")
    values = {"number": int(number) + 1} if number.isdigit() else {}
    if values and kind in ("blocks", "layers"):
        return _("Layer %(number)s") % values
    if values and kind == "encoder":
        return _("Encoder layer %(number)s") % values
    if values and kind == "decoder":
        return _("Decoder layer %(number)s") % values
    own: Mapping[str, str] = {
        "embedding": _("Embedding"),
        "head": _("Output layer"),
        "neighbours": _("Neighbours' vectors"),
        "bias": _("Bias"),
    }
    return own.get(name, name)
