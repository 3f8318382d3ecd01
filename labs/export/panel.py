"""What the page "Script" of a run shows. Called by its views."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from labs.export import selectors, wording
from labs.export.models import Export
from labs.export.states import Kind, Stage
from labs.models import Run

SHOWN_BYTES = 6_000
"""Of a script, at most so much is shown on the page."""
WRITING_S = 6.0
"""About how long files take."""
TAGS: dict[str, tuple[str, str]] = {
    Stage.WAITING: ("", "hourglass"),
    Stage.WORKING: ("live", "play"),
    Stage.DONE: ("good", "check"),
    Stage.FAILED: ("bad", "warning"),
    Stage.CANCELLED: ("", "stop"),
}
"""Class and icon of the tag that says where a job stands."""
ABOUT: dict[str, tuple[Promise, Promise | str]] = {
    Kind.SCRIPT: (
        _("One script"),
        _("train.py: recipe, data, model and loop in one file that needs PyTorch alone. It trains again and compares."),
    ),
    Kind.NOTEBOOK: (_("A notebook"), _("train.ipynb: the same in cells, with a word about each part.")),
    Kind.TRANSFORMERS: (
        _("A folder for transformers"),
        _("Configuration, weights and tokenizer as the transformers library opens them, with a card."),
    ),
    Kind.SAFETENSORS: (
        _("The weights"),
        _("weights.safetensors, shape and tokenizer as the portal keeps them, with a card. Nothing is pickled."),
    ),
    Kind.CHECK: (_("Does it reproduce this run?"), ""),
}
"""Title and a sentence."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing to take along, or the check."""

    kind: str
    title: Promise
    about: Promise | str
    job: Export | None
    files: list[tuple[str, int]]
    """Names and sizes of what can be downloaded."""
    seconds: float
    """About how long it takes."""
    peak: str = ""
    """The beginning of the script."""

    @property
    def tag(self) -> tuple[str, str]:
        """Class and icon."""
        return TAGS[self.job.state] if self.job else ("", "")

    @property
    def is_open(self) -> bool:
        """Whether it is on its way."""
        return self.job is not None and self.job.is_open

    @property
    def reason(self) -> str:
        """Why it failed."""
        return wording.reason(self.job.error) if self.job else ""

    @property
    def last_words(self) -> str:
        """What a script that failed said last."""
        return str(self.job.result.get("detail", "")) if self.job and self.job.error == "script_failed" else ""

    @property
    def comparison(self) -> str:
        """How the check came out."""
        done = self.job is not None and self.job.state == Stage.DONE and "outcome" in self.job.result
        return wording.comparison(self.job.result) if done and self.job else ""

    @property
    def identical(self) -> bool:
        """Whether every loss was the same."""
        return self.job is not None and self.job.result.get("outcome") == "identical"

    @property
    def percent(self) -> int:
        """How far it should be by now; it may take longer."""
        if self.job is None or self.job.claimed_at is None:
            return 0
        return min(97, round(100 * (timezone.now() - self.job.claimed_at).total_seconds() / max(1.0, self.seconds)))

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for _name, size in self.files)


def items(run: Run) -> dict[str, Item]:
    """Everything that the page offers, by kind. One query."""
    found = selectors.exports(run)
    return {kind: item(run, Kind(kind), found.get(kind)) for kind in Kind}


def item(run: Run, kind: Kind, job: Export | None) -> Item:
    """One of them. No query."""
    if job is not None:
        job.run = run
    paths = selectors.files(job) if job is not None else []
    title, about = ABOUT[kind]
    trained = float(run.result.get("seconds") or 0)
    return Item(
        kind=kind,
        title=title,
        about=about,
        job=job,
        files=[(path.name, path.stat().st_size) for path in paths],
        seconds=trained + WRITING_S if kind == Kind.CHECK else WRITING_S,
        peak=_beginning(paths[0]) if paths and kind == Kind.SCRIPT else "",
    )


def _beginning(path: Path) -> str:
    """The first lines of a script, none cut off."""
    with path.open(encoding="utf-8") as file:
        return file.read(SHOWN_BYTES).rpartition("\n")[0]


def context(run: Run) -> dict[str, Any]:
    """All that the page needs of a run."""
    found = items(run)
    return {
        "run": run,
        "scripts": [found[Kind.SCRIPT], found[Kind.NOTEBOOK]],
        "models": [found[Kind.TRANSFORMERS], found[Kind.SAFETENSORS]],
        "check": found[Kind.CHECK],
        "identity": wording.identity(run.info.get("started", {})),
    }
