"""The recipe panel: what somebody typed or linked, beside the lab's preset. Called by views; services check."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from labs.catalogue import Lab

Text = str | Promise
Choices = tuple[tuple[str, Text], ...]

SEED_LIMIT = 10_000
"""New seeds lie below this: short enough to say aloud."""


@dataclass(frozen=True, kw_only=True)
class Face:
    """How a field of RunSpec is shown. `kind` names the part in `labs/_knob.html`."""

    label: Text
    kind: str
    choices: Choices = ()
    unit: Text = ""
    hint: Text = ""
    less: Text = ""
    more: Text = ""
    low: int = 0
    high: int = 0


FACES: dict[str, Face] = {
    "corpus": Face(label=_("Text"), kind="select"),
    "tokenizer": Face(
        label=_("Tokens are"), kind="seg", choices=(("characters", _("characters")), ("bpe", _("BPE pieces")))
    ),
    "vocab_size": Face(label=_("Vocabulary"), kind="number", unit=_("tokens")),
    "n_layers": Face(label=_("Layers"), kind="stepper", less=_("Fewer layers"), more=_("More layers"), low=1, high=6),
    "d_model": Face(label=_("Width"), kind="seg", choices=tuple((n, n) for n in ("32", "64", "96", "128"))),
    "n_heads": Face(label=_("Heads"), kind="seg", choices=tuple((n, n) for n in ("1", "2", "4", "8"))),
    "context": Face(label=_("Context"), kind="seg", choices=tuple((n, n) for n in ("32", "64", "128"))),
    "optimizer": Face(label=_("Optimiser"), kind="seg", choices=(("muon", "Muon"), ("adamw", "AdamW"))),
    "learning_rate": Face(
        label=_("Learning rate"), kind="rate", hint=_("Muon learns well near 0.03, AdamW near 0.01.")
    ),
    "tokens": Face(
        label=_("Train on"),
        kind="seg",
        choices=(("256000", "¼ M"), ("512000", "½ M"), ("1024000", "1 M"), ("2048000", "2 M")),
        hint=_("Millions of tokens in all"),
    ),
    "schedule": Face(
        label=_("Schedule"),
        kind="seg",
        choices=(
            ("linear", pgettext_lazy("schedule of the learning rate", "linear")),
            ("cosine", pgettext_lazy("schedule of the learning rate", "cosine")),
            ("constant", pgettext_lazy("schedule of the learning rate", "constant")),
        ),
    ),
    "warmup": Face(label=_("Warm-up"), kind="number", unit=_("steps")),
    "clip": Face(label=_("Clip at"), kind="number", unit=_("norm; 0 is off")),
    "weight_decay": Face(label=_("Weight decay"), kind="number"),
    "dropout": Face(label=_("Dropout"), kind="number"),
    "batch": Face(label=_("Batch"), kind="number", unit=_("windows")),
    "seed": Face(label=_("Seed"), kind="seed"),
}


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One field of the recipe, ready to draw."""

    name: str
    face: Face
    value: str
    preset: str
    choices: Choices
    error: Text = ""

    @property
    def changed(self) -> bool:
        """Whether it differs from the preset."""
        return not same(self.value, self.preset)

    @property
    def described_by(self) -> str:
        """Ids of hint and error."""
        return f"error-{self.name}" + (f" hint-{self.name}" if self.face.hint else "")

    @property
    def exponent(self) -> float:
        """Place of the learning rate on its logarithmic slider, -5 to 0."""
        rate = read_number(self.value)
        return round(min(0.0, max(-5.0, math.log10(rate))), 2) if rate and rate > 0 else -2.5


@dataclass
class Recipe:
    """A lab's recipe as a link or a form gave it. Unknown names are ignored, missing ones are the preset."""

    lab: Lab
    given: Mapping[str, str]
    corpora: list[tuple[str, str]] = field(default_factory=list)
    errors: Mapping[str, Text] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Fields that this lab lets people choose, seed last."""
        return (*self.lab.knobs, *self.lab.more, "seed")

    @property
    def values(self) -> dict[str, str]:
        """Every field as text, given or from the preset."""
        return {name: self.given.get(name, self.preset(name)).strip() for name in self.names}

    def preset(self, name: str) -> str:
        """The preset's value of a field, as text."""
        return number_text(getattr(self.lab.preset, name))

    @property
    def knobs(self) -> list[Knob]:
        """The fields in front."""
        return [self.knob(name) for name in self.lab.knobs]

    @property
    def more(self) -> list[Knob]:
        """The fields behind "more"."""
        return [self.knob(name) for name in self.lab.more]

    @property
    def more_open(self) -> bool:
        """Whether something behind "more" needs to be seen."""
        return any(knob.changed or knob.error for knob in self.more)

    @property
    def seed(self) -> Knob:
        """The seed."""
        return self.knob("seed")

    def knob(self, name: str) -> Knob:
        """One field. A value outside the usual choices becomes a choice, so that a link shows what it says."""
        face, value = FACES[name], self.values[name]
        choices: Choices = tuple(self.corpora) if name == "corpus" else face.choices
        chosen = next((key for key, _label in choices if same(key, value)), None)
        if choices and chosen is None:
            choices = (*choices, (value, value or "–"))
        return Knob(
            name=name,
            face=face,
            value=value if chosen is None else chosen,
            preset=self.preset(name),
            choices=choices,
            error=self.errors.get(name, ""),
        )

    @property
    def query(self) -> str:
        """Every field as a query string."""
        return urlencode(self.values)

    @property
    def url(self) -> str:
        """The lab's page with this recipe: a link that anyone may open."""
        return f"{reverse('lab', args=[self.lab.slug])}?{self.query}"

    def key(self, token: str) -> str:
        """Idempotency key of a press on Run: the same form with the same values is the same run."""
        if not token:
            return ""
        parts = urlencode({"lab": self.lab.slug, "token": token} | self.values)
        return hashlib.sha256(parts.encode()).hexdigest()


def read_number(text: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_prediction(text: str) -> float | None:
    """The loss that a learner expects: None when left empty, not-a-number (which services refuse) for anything else."""
    if not text.strip():
        return None
    value = read_number(text.strip())
    return math.nan if value is None else value


def number_text(value: object) -> str:
    """A preset's value as a person would type it: 0.03, 512000, muon."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def same(one: str, other: str) -> bool:
    """Whether two texts mean the same value: 0.030 is 0.03."""
    a, b = read_number(one), read_number(other)
    return one == other if a is None or b is None else a == b
