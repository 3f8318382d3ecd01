"""Words about tables, in the reader's language. Called by views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from labs.datasets.selectors import Choice
from labs.models import Upload
from portal.lib.words import sentences

LABELS: dict[str, Promise] = {
    "text": gettext_lazy("Column of the texts"),
    "label": gettext_lazy("Column of the labels"),
    "source": gettext_lazy("Column of the sources"),
    "target": gettext_lazy("Column of the targets"),
}
"""Of what must be chosen."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One choice of a column, ready to draw."""

    name: str
    label: Promise
    value: str


def fields(choices: Iterable[Choice]) -> list[Field]:
    """The choices with their labels."""
    return [Field(name=choice.name, label=LABELS[choice.name], value=choice.value) for choice in choices]


def kept(upload: Upload) -> str:
    """What was made of a table: how many examples, how they are split, what was left out."""
    ready = _("“%(name)s” is ready to train on.") % {"name": upload.name}
    return sentences(ready, split(upload), repeated(upload))


def split(upload: Upload) -> str:
    """How a table's examples are divided."""
    facts = upload.facts
    if "train" not in facts:
        return ""
    values = {"train": f"{facts['train']:,}", "held_out": f"{facts['held_out']:,}"}
    return _("%(train)s examples to learn from, %(held_out)s held out.") % values


def repeated(upload: Upload) -> str:
    """How many rows said the same again."""
    count = upload.facts.get("duplicates", 0)
    if not count:
        return ""
    text = ngettext(
        "%(count)s row was left out: it repeats another.", "%(count)s rows were left out: they repeat others.", count
    )
    return text % {"count": f"{count:,}"}
