"""What a lab is: its texts in both languages, its recipes, its goal. Read from `labs/catalog` by `labs.catalogue`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from django.utils.functional import Promise, lazy
from django.utils.translation import get_language

from trainer.spec import RunSpec

LANGUAGES = ("en", "zh-hans")

SECTIONS = ("purpose", "predict", "see", "explain")
"""Parts of a lab's text, in this order: why, what to say before, what to look at, what to be able to say after."""

PREDICTIONS = ("number", "ranking")
"""What can be asked before a run: a figure, or an order."""

GOALS = ("measure", "forecast", "temperatures")
"""A bound for a measure; a prediction that comes close to it; texts written at three temperatures."""


def _chosen(texts: Mapping[str, str]) -> str:
    return texts.get(get_language() or LANGUAGES[0], texts[LANGUAGES[0]])


_later = lazy(_chosen, str)


def localised(texts: Mapping[str, str]) -> Promise:
    """A text in the reader's language, chosen when it is shown."""
    return cast(Promise, _later(dict(texts)))


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A recipe with a name, that the lab's page can open with."""

    name: str
    title: Promise
    spec: RunSpec
    base: str = ""
    """Name of the preset whose model this one goes on from; the learner chooses one of their own such runs."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What is asked before a run: a measure on a slice, as in `labs.figures`; or which of several comes first."""

    question: Promise
    measure: str
    slice: str
    kind: str = "number"
    """One of PREDICTIONS."""
    sketch: bool = False
    """Whether the curve of held-out losses may be sketched beside the number."""
    rank: str = ""
    """Of a ranking, what is ordered by the measure: `slices` of one run, or one's runs of `presets`."""
    items: tuple[str, ...] = ()
    """Their names."""
    lowest_first: bool = False
    """Whether the lowest figure comes first."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What completes the lab. The value is a measure of one finished run, less that of its baseline where `minus`."""

    text: Promise
    kind: str
    measure: str = ""
    slice: str = "held_out"
    minus: str = ""
    """`baseline`, or nothing."""
    least: float = -math.inf
    most: float = math.inf
    """Bounds of the value, of a forecast's relative error."""
    requires: Mapping[str, Any] = field(default_factory=dict)
    """Values of the recipe without which a run does not count; of `options`, the lowest ones that do."""

    @property
    def bound(self) -> float:
        """The number to be kept; infinite where there is none."""
        return self.least if math.isfinite(self.least) else self.most

    def reached(self, value: float) -> bool:
        """Whether a value keeps the bounds; one that is no number does not."""
        return self.least <= value <= self.most

    def better(self, value: float, than: float) -> bool:
        """Whether a value is nearer to the goal than another."""
        return value > than if math.isfinite(self.least) else value < than

    def counts(self, spec: Mapping[str, Any]) -> bool:
        """Whether a run of this recipe can reach the goal at all."""
        options = dict(spec.get("options") or {})
        lowest = self.requires.get("options", {})
        rest = {name: value for name, value in self.requires.items() if name != "options"}
        easy = any(options.get(name, value) < value for name, value in lowest.items())
        return not easy and all(spec.get(name) == value for name, value in rest.items())


@dataclass(frozen=True, kw_only=True)
class Graded:
    """How the server grades a recipe: trained anew within a budget, then measured on hidden data."""

    tokens: int
    """Most that the recipe may train on."""
    measure: str
    """Of the evaluation `hidden`: see `trainer.hidden`."""
    low: float
    """The figure that gives no point, ..."""
    full: float
    """... and the one that gives all; in between, points grow evenly. `full` may be the lower one."""
    requires: Mapping[str, Any] = field(default_factory=dict)
    """As in `Goal.requires`."""
    attempts: int = 3

    def share(self, value: float | None) -> float:
        """Part of the points for a figure, 0 to 1; nothing for none."""
        if value is None or not math.isfinite(value):
            return 0.0
        return min(1.0, max(0.0, (value - self.low) / (self.full - self.low)))


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a lab's text: heading and paragraphs."""

    title: Promise
    paragraphs: tuple[Promise, ...]


@dataclass(frozen=True, kw_only=True)
class Lab:
    """One lab. Its page opens with the first preset; what it shows is `knobs`, behind "more" `more`, the rest is
    hidden, but part of every link.
    """

    slug: str
    number: int
    title: Promise
    intro: Promise
    sections: tuple[Section, ...]
    presets: tuple[Preset, ...]
    knobs: tuple[str, ...]
    more: tuple[str, ...]
    corpora: tuple[str, ...]
    """Corpora offered; all that suit the task where none are named."""
    prediction: Prediction
    target: Goal
    graded: Graded

    @property
    def preset(self) -> RunSpec:
        """The recipe that the page opens with."""
        return self.presets[0].spec

    @property
    def goal(self) -> Promise:
        """What completes the lab, in words."""
        return self.target.text

    def preset_named(self, name: str) -> Preset:
        """A preset by name; the first one for a name that is none."""
        return next((preset for preset in self.presets if preset.name == name), self.presets[0])
