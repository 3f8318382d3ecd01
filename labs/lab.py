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
    """What is asked before a run: a measure on a slice, as in `labs.figures`."""

    question: Promise
    measure: str
    slice: str


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
