"""The recipe panel: what somebody typed or linked, beside the lab's preset. Called by views; services check."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from labs.datasets.selectors import kind_for
from labs.faces import FACES, OPTION_FACES, WHEN, Choices, Face, Text, When
from labs.lab import Lab, Preset
from trainer.checks import TASK_FAMILIES
from trainer.corpora import OPTIONS

__all__ = ["FACES", "SEED_LIMIT", "Recipe", "flat", "given_of", "number_text", "read_number", "read_prediction", "same"]

SEED_LIMIT = 10_000
"""New seeds lie below this: short enough to say aloud."""

OPTION = "options."
"""Before the name of a corpus's option."""
LISTS = ("normalise", "show")
"""Parameters that may come several times; they are one text with commas."""


def given_of(query: QueryDict) -> dict[str, str]:
    """What a link or a form says, each name once."""
    return {
        name: ",".join(str(value) for value in query.getlist(name) if value) if name in LISTS else str(query[name])
        for name in query
    }


def flat(spec: Mapping[str, Any]) -> dict[str, str]:
    """A recipe's fields as a link has them; options each under a name of its own."""
    found = {name: number_text(spec[name]) for name in FACES if name in spec and name not in ("prompts", "normalise")}
    found["prompts"] = "\n".join(spec.get("prompts", ()))
    found["normalise"] = ",".join(spec.get("normalise", ()))
    return found | {f"{OPTION}{name}": str(value) for name, value in dict(spec.get("options") or ()).items()}


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One field of the recipe, ready to draw."""

    name: str
    face: Face
    value: str
    preset: str
    choices: Choices
    error: Text = ""
    when: When = field(default_factory=dict)
    applies: bool = True
    """Whether it changes anything beside the other values."""

    @property
    def changed(self) -> bool:
        """Whether it differs from the preset."""
        return not same(self.value, self.preset)

    @property
    def id(self) -> str:
        """For the page."""
        return self.name.replace(".", "-")

    @property
    def described_by(self) -> str:
        """Ids of hint and error."""
        return f"error-{self.id}" + (f" hint-{self.id}" if self.face.hint else "")

    @property
    def condition(self) -> str:
        """`when` for the page's script; empty without."""
        return json.dumps(self.when) if self.when else ""

    @property
    def ticked(self) -> list[str]:
        """Of a list, what is in it."""
        return self.value.split(",")

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
    bases: list[tuple[str, str]] = field(default_factory=list)
    defaults: Mapping[str, str] = field(default_factory=dict)
    """What takes the preset's place where nothing is given: the learner's own model to start from."""

    @property
    def chosen(self) -> Preset:
        """The preset that the rest is measured by."""
        return self.lab.preset_named(self.given.get("preset", ""))

    @cached_property
    def _preset(self) -> dict[str, str]:
        found = flat(self.chosen.spec.to_dict())
        for name, limits in self.options:
            found.setdefault(f"{OPTION}{name}", str(limits.default))
        return found | dict(self.defaults)

    @property
    def options(self) -> list[tuple[str, Any]]:
        """Options of the chosen corpus, but for its size, which is the field `examples`."""
        corpus = self.given.get("corpus", self.chosen.spec.corpus).strip()
        return [(name, limits) for name, limits in OPTIONS.get(corpus, {}).items() if name != "size"]

    @property
    def names(self) -> tuple[str, ...]:
        """Every field, hidden ones too."""
        return (*FACES, *(f"{OPTION}{name}" for name, _limits in self.options))

    @property
    def values(self) -> dict[str, str]:
        """Every field as text, given or from the preset."""
        return {name: self.given.get(name, self.preset(name)).strip(" ,\t") for name in self.names}

    @property
    def fields(self) -> dict[str, Any]:
        """The same as RunSpec wants it."""
        values: dict[str, Any] = {name: value for name, value in self.values.items() if not name.startswith(OPTION)}
        options = {name.removeprefix(OPTION): text for name, text in self.values.items() if name.startswith(OPTION)}
        values["prompts"] = tuple(line for line in self._raw("prompts").split("\n") if line)
        if values["tuning"] == "scratch":
            values["base"] = ""  # it keeps its place in the panel
        values["normalise"] = tuple(filter(None, self.values["normalise"].split(",")))
        return values | {"options": options}

    def preset(self, name: str) -> str:
        """The preset's value of a field, as text."""
        return self._preset.get(name, "")

    # What is shown

    @property
    def show(self) -> tuple[str, ...]:
        """The controls that a link chose to show; none for the lab as it is."""
        asked = self.given.get("show", "").split(",")
        return tuple(name for name in (*FACES, "options") if name in asked)

    @property
    def front(self) -> tuple[str, ...]:
        """Fields in front."""
        return tuple(name for name in self.show if name != "seed") if self.show else self.lab.knobs

    @property
    def knobs(self) -> list[Knob]:
        """The fields in front, and hidden ones that are wrong."""
        return [*self._knobs(self.front), *self.stray]

    @property
    def stray(self) -> list[Knob]:
        """Hidden fields that are wrong."""
        shown = {*self.front, *(() if self.show else self.lab.more), "seed"}
        wrong = tuple(name for name in (*FACES, "options") if name in self.errors and name not in shown)
        return list(self._knobs(wrong))

    @property
    def more(self) -> list[Knob]:
        """The fields behind "more"."""
        return [] if self.show else list(self._knobs(self.lab.more))

    @property
    def more_open(self) -> bool:
        """Whether something behind "more" needs to be seen."""
        return any(knob.changed or knob.error for knob in self.more)

    @property
    def seed(self) -> Knob | None:
        """The seed, unless a link leaves it out."""
        return self.knob("seed") if not self.show or "seed" in self.show or "seed" in self.errors else None

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Name and value of every field that is not shown: part of the form, so that nothing is lost."""
        seed = [self.seed] if self.seed else []
        shown = {knob.name for knob in (*self.knobs, *self.more, *seed)}
        rest = [(name, self._raw(name)) for name in self.names if name not in shown]
        return [*rest, *((name, self.given[name]) for name in ("preset", "show") if self.given.get(name))]

    @property
    def state(self) -> list[tuple[str, str]]:
        """Name and value of every field and of the preset, for a form that makes another link."""
        return [(name, self._raw(name)) for name in self.names] + [("preset", self.chosen.name)]

    @property
    def takes_uploads(self) -> bool:
        """Whether a text of one's own can be trained on here."""
        return not self.lab.corpora and self.values["task"] in ("language", "masked", "embed")

    @property
    def takes_tables(self) -> str:
        """The kind of table of one's own that can be trained on here, labelled or pairs; empty for none."""
        return kind_for(self.values["task"], self.lab.corpora)

    @property
    def tickable(self) -> list[tuple[str, Text, bool]]:
        """Controls that a cut-down lab may show, as (name, label, ticked)."""
        shown = self.show or (*self.lab.knobs, "seed")
        labels = [(name, face.label) for name, face in FACES.items() if name != "task" and self._applies(name)]
        if self.options:
            labels.append(("options", " · ".join(str(OPTION_FACES[name].label) for name, _limits in self.options)))
        return [(name, label, name in shown) for name, label in labels]

    @property
    def presets(self) -> list[tuple[str, Text, str, bool]]:
        """The lab's presets as (name, title, link, whether it is this one)."""
        keep = {"show": ",".join(self.show)} if self.show else {}
        url = reverse("lab", args=[self.lab.slug])
        return [
            (preset.name, preset.title, f"{url}?{urlencode({'preset': preset.name} | keep)}", preset is self.chosen)
            for preset in self.lab.presets
        ]

    @property
    def back(self) -> str:
        """The preset without any change."""
        return next(url for _name, _title, url, chosen in self.presets if chosen)

    def _knobs(self, names: tuple[str, ...]) -> Iterator[Knob]:
        for name in names:
            if name == "options":
                yield from (self.knob(f"{OPTION}{option}") for option, _limits in self.options)
            elif name != "seed":
                yield self.knob(name)

    def _raw(self, name: str) -> str:
        if name != "prompts":
            return self.values[name]
        return self.given.get(name, self.preset(name)).replace("\r\n", "\n")

    def _applies(self, name: str) -> bool:
        return all(self.values.get(other) in wanted for other, wanted in WHEN.get(name, {}).items())

    def knob(self, name: str) -> Knob:
        """One field. A value outside the usual choices becomes a choice, so that a link shows what it says."""
        option = name.removeprefix(OPTION) if name.startswith(OPTION) else ""
        face = OPTION_FACES[option] if option else FACES[name]
        value, preset = self._raw(name), self.preset(name)
        choices = self._choices(name, face)
        if face.kind in ("select", "seg"):
            for wanted in (preset, value):
                if not any(same(key, wanted) for key, _label in choices):
                    choices = (*choices, (wanted, number_label(wanted)))
        chosen = next((key for key, _label in choices if same(key, value)), value)
        first = bool(option) and option == self.options[0][0]
        error = self.errors.get("options", "") if first else self.errors.get(name, "")
        return Knob(
            name=name,
            face=face,
            value=chosen,
            preset=preset,
            choices=choices,
            error=error,
            when={} if error else WHEN.get(name, {}),
            applies=bool(error) or self._applies(name),
        )

    def _choices(self, name: str, face: Face) -> Choices:
        if name == "corpus":
            return tuple(self.corpora)
        if name == "base":
            return tuple(self.bases)
        if name == "family":
            families = TASK_FAMILIES.get(self.values["task"], ())
            return tuple((key, label) for key, label in face.choices if key in families)
        return face.choices

    # Links

    @property
    def query(self) -> str:
        """The whole state, hidden controls included, as a query string."""
        values = {name: self._raw(name) for name in self.names}
        return urlencode(values | {name: self.given[name] for name in ("preset", "show") if self.given.get(name)})

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
    """The figure that a learner expects: None when left empty, not-a-number (which services refuse) for no number."""
    if not text.strip():
        return None
    value = read_number(text.strip())
    return math.nan if value is None else value


def number_text(value: object) -> str:
    """A preset's value as a person would type it: 0.03, 512000, muon, true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def number_label(value: str) -> str:
    """A value that no choice names: 200,000; –."""
    return f"{int(value):,}" if value.isascii() and value.isdigit() and len(value) > 4 else value or "–"


def same(one: str, other: str) -> bool:
    """Whether two texts mean the same value: 0.030 is 0.03."""
    a, b = read_number(one), read_number(other)
    return one == other if a is None or b is None else a == b
