"""Settings of several runs side by side: settings as rows, runs as columns. Called by selectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from labs.compare.drawing import name_of
from labs.compare.privacy import is_private
from labs.faces import FACES, OPTION_FACES, WHEN, Text
from labs.forms import OPTION, flat
from labs.models import Run
from labs.presenters import rate_text

PRIVATE = ("prompts", "corpus", "base")
"""Settings that may hold words of a private text."""
WHOLE_NUMBERS = ("tokens", "batch", "context", "d_model", "d_ff", "vocab_size", "examples")
NOTHING = "–"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One setting of all runs. `differs`: they are not all alike."""

    label: Text
    values: list[str]

    @property
    def differs(self) -> bool:
        """Whether two runs disagree."""
        return len(set(self.values)) > 1


@dataclass(frozen=True, kw_only=True)
class Diff:
    """All settings of some runs."""

    names: list[str]
    """Heads of the columns: runs, or several that differ only in their seed."""
    rows: list[Row]

    @property
    def alone(self) -> bool:
        """Whether there is nothing to compare with: then all settings are shown."""
        return len(self.names) == 1

    @property
    def words(self) -> str:
        """As in "4 of 13 settings differ"; nothing for one column."""
        if self.alone:
            return ""
        count = sum(row.differs for row in self.rows)
        text = ngettext("%(count)s of %(total)s settings differs", "%(count)s of %(total)s settings differ", count)
        return text % {"count": count, "total": len(self.rows)}


def diff(groups: Sequence[Sequence[Run]], corpora: Mapping[str, str], *, hide_private: bool = False) -> Diff:
    """Every setting that means something to one of the runs, a column a group of runs that differ only in their seed.

    No query; runs hold their `started` event as an attribute.
    """
    runs = [group[0] for group in groups]
    values = [_values(run, corpora, hide=hide_private and is_private(run)) for run in runs]
    for found, group in zip(values, groups, strict=True):
        if len(group) > 1:
            found["seed"] = ", ".join(sorted((str(run.spec["seed"]) for run in group), key=int))
    names = [name for name in (*FACES, *_options(values)) if any(name in found for found in values)]
    rows = [Row(label=_label(name), values=[found.get(name, NOTHING) for found in values]) for name in names]
    facts = list(zip(*map(_facts, runs), strict=True))
    rows += [Row(label=label, values=list(found)) for label, found in zip(FACTS, facts, strict=False)]
    return Diff(names=[name_of([run.pk for run in group]) for group in groups], rows=rows)


def _options(values: Sequence[Mapping[str, str]]) -> list[str]:
    return sorted({name for found in values for name in found if name.startswith(OPTION)})


def _label(name: str) -> Text:
    face = OPTION_FACES.get(name.removeprefix(OPTION)) if name.startswith(OPTION) else FACES[name]
    return face.label if face else name.removeprefix(OPTION)


def _values(run: Run, corpora: Mapping[str, str], *, hide: bool) -> dict[str, str]:
    """A run's settings that mean something beside its others, as they are read."""
    texts = flat(run.spec)
    return {
        name: _("private") if hide and name in PRIVATE else _value(name, text, corpora)
        for name, text in texts.items()
        if all(texts.get(other) in wanted for other, wanted in WHEN.get(name, {}).items())
    }


def _value(name: str, text: str, corpora: Mapping[str, str]) -> str:
    if name == "corpus":
        return corpora.get(text, _("a text that has been deleted"))
    if name == "learning_rate":
        return rate_text(float(text))
    if name == "base":
        return text.removeprefix("sha256:")[:8] or NOTHING
    if name in WHOLE_NUMBERS and text.isdigit():
        return f"{int(text):,}"
    face = FACES.get(name)
    label = next((label for key, label in face.choices if key == text), None) if face else None
    return str(label) if label is not None else text.replace("\n", " · ") or NOTHING


FACTS: tuple[Text, ...] = (gettext_lazy("Parameters"), gettext_lazy("Threads"), gettext_lazy("Data hash"), "torch")
"""What a recipe does not say and a result depends on."""


def _facts(run: Run) -> tuple[str, ...]:
    """In the order of FACTS; the run holds its `started` event."""
    started: Mapping[str, Any] = getattr(run, "started", None) or {}
    threads = str(run.spec.get("threads", NOTHING))
    return f"{run.params:,}", threads, run.data_hash[:8] or NOTHING, str(started.get("torch", NOTHING))
