"""The labs, read from `labs/catalog` when this module is loaded: one folder each, with `lab.yaml` and a text in each
language. Anything missing or wrong there stops the start with file and field. What authors publish takes their place:
see `labs.authoring.shelf`.

`lab.yaml`:
    number      place in the curriculum
    recipe      slug in `trainer.recipes`, from which presets and bounds can come
    presets     recipes: name, title in both languages, and `run` (one of the recipe's), `values` (RunSpec), or both
    shown, more fields of RunSpec in front, and behind "more"; the others are hidden
    corpora     names of corpora to choose from; all that suit the task when left out
    prediction  measure (and slice) that is asked before a run; `sketch: true` also takes a sketched curve. `kind:
                ranking` asks for an order instead: `rank` (slices or presets), `items`, `first` (highest or lowest)
    goal        kind, measure, slice, minus, least, most: see `labs.lab.Goal`. Without bounds they come from the
                recipe's goal of that measure and slice. `requires` names a preset and the fields that a run must have
                from it. The texts write {bound} for the bound
    graded      tokens (the budget), measure (of the hidden set), low and full (the figures for no and for all points),
                attempts, requires (else the goal's): see `labs.lab.Graded`
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import yaml

from labs.assessment.reading import FieldError, read_graded, read_prediction
from labs.authoring.shelf import Shelf
from labs.lab import GOALS, LANGUAGES, SECTIONS, Goal, Graded, Lab, Prediction, Preset, Section, localised
from labs.wording import measure
from trainer.corpora import CORPORA, OPTIONS
from trainer.goals import Recipe
from trainer.recipes import RECIPES
from trainer.spec import RunSpec, SpecError

FOLDER = Path(__file__).parent / "catalog"
FILES = ("lab.yaml", *(f"{language}.md" for language in LANGUAGES))
"""What makes a lab."""
FRONT = ("title", "intro", "question", "goal")
"""Lines above a text."""
FIELDS = {"number", "recipe", "presets", "shown", "more", "corpora", "prediction", "goal", "graded"}
GOAL_FIELDS = {"kind", "measure", "slice", "minus", "least", "most", "requires"}
SPEC_FIELDS = frozenset(each.name for each in fields(RunSpec)) - {"threads", "device", "precision"}
"""What a recipe may say; the rest is the portal's."""
SOME_BASE = "sha256:" + "0" * 64
"""Stands for the model that a fine-tuned preset starts from, while it is checked."""


class CatalogueError(Exception):
    """A lab that cannot be read: says file, field and reason."""


def read_labs(folder: Path = FOLDER) -> dict[str, Lab]:
    """Every lab below `folder`, in the order of their numbers. Raises CatalogueError."""
    labs = [read_lab(path.parent) for path in sorted(folder.glob("*/lab.yaml"))]
    numbers = [lab.number for lab in labs]
    for lab in labs:
        if numbers.count(lab.number) > 1:
            raise CatalogueError(f"{lab.slug}/lab.yaml: number: {lab.number} is another lab's too")
    return {lab.slug: lab for lab in sorted(labs, key=lambda lab: lab.number)}


def read_lab(folder: Path) -> Lab:
    """One lab. Raises CatalogueError."""
    try:
        files = {name: folder.joinpath(name).read_text(encoding="utf-8") for name in FILES}
    except OSError as error:
        raise CatalogueError(f"{folder.name}: {error.filename}: {error.strerror}") from error
    return read_files(folder.name, files)


def read_files(slug: str, files: Mapping[str, str]) -> Lab:
    """A lab from the texts of its files by name. Raises CatalogueError, whatever is in them."""
    try:
        return _Reader(slug, files).lab()
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise CatalogueError(f"{slug}: cannot be read: {type(error).__name__}: {error}") from error


class _Reader:
    """Reads the files of one lab, and knows how to complain about them."""

    def __init__(self, slug: str, files: Mapping[str, str]) -> None:
        self.slug, self.files = slug, files
        self.data = self._yaml()
        self.texts = {language: self._text(language) for language in LANGUAGES}
        self.recipe = self._recipe()

    def lab(self) -> Lab:
        if strange := sorted(set(self.data) - FIELDS):
            raise self._wrong(strange[0], "there is no such field")
        number = self.data.get("number")
        if not isinstance(number, int):
            raise self._wrong("number", "a whole number is missing")
        knobs = self._names("shown", SPEC_FIELDS)
        more = self._names("more", SPEC_FIELDS)
        if twice := sorted(set(knobs) & set(more)):
            raise self._wrong("more", f"{twice[0]} is shown already")
        return Lab(
            slug=self.slug,
            number=number,
            title=self._front("title"),
            intro=self._front("intro"),
            sections=self._sections(),
            presets=self._presets(),
            knobs=knobs,
            more=more,
            corpora=self._names("corpora", CORPORA.keys()),
            prediction=self._prediction(),
            target=self._goal(),
            graded=self._graded(),
        )

    def _wrong(self, field: str, reason: str, file: str = "lab.yaml") -> CatalogueError:
        return CatalogueError(f"{self.slug}/{file}: {field}: {reason}")

    def _yaml(self) -> dict[str, Any]:
        try:
            data = yaml.safe_load(self.files["lab.yaml"])
        except yaml.YAMLError as error:
            raise self._wrong("(all)", f"not valid YAML: {error}") from error
        if not isinstance(data, dict):
            raise self._wrong("(all)", "expected fields, each as “name: value”")
        return data

    def _recipe(self) -> Recipe | None:
        slug = self.data.get("recipe")
        if slug is not None and slug not in RECIPES:
            raise self._wrong("recipe", f"{slug} is not in trainer.recipes")
        return RECIPES[slug] if slug else None

    # Texts

    def _text(self, language: str) -> tuple[dict[str, str], list[tuple[str, list[str]]]]:
        """The lines above a text, and its sections: heading and paragraphs."""
        file = f"{language}.md"
        text = self.files[file]
        match = re.fullmatch(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL)
        if not match:
            raise self._wrong("(all)", "does not begin with fields between two lines ---", file)
        front = dict(re.findall(r"^(\w+): (.+)$", match[1], re.MULTILINE))
        for name in FRONT:
            if not front.get(name, "").strip():
                raise self._wrong(name, "is missing", file)
        parts = re.split(r"^## (.+)$", match[2], flags=re.MULTILINE)[1:]
        found = [
            (title.strip(), [" ".join(part.split()) for part in body.strip().split("\n\n") if part.strip()])
            for title, body in zip(parts[::2], parts[1::2], strict=True)
        ]
        if len(found) != len(SECTIONS) or not all(paragraphs for _title, paragraphs in found):
            raise self._wrong("(text)", f"needs {len(SECTIONS)} sections with text: {', '.join(SECTIONS)}", file)
        return front, found

    def _front(self, name: str, **values: str) -> Any:
        """A line above the texts; `{bound}` in it stands for the goal's."""
        texts = {language: self.texts[language][0][name].strip() for language in LANGUAGES}
        for key, value in values.items():
            texts = {language: text.replace(f"{{{key}}}", value) for language, text in texts.items()}
        return localised(texts)

    def _sections(self) -> tuple[Section, ...]:
        made = []
        for place, name in enumerate(SECTIONS):
            parts = {language: self.texts[language][1][place] for language in LANGUAGES}
            counts = {len(paragraphs) for _title, paragraphs in parts.values()}
            if len(counts) > 1:
                raise self._wrong(name, "has another number of paragraphs than in English", f"{LANGUAGES[1]}.md")
            made.append(
                Section(
                    title=localised({language: title for language, (title, _) in parts.items()}),
                    paragraphs=tuple(
                        localised({language: paragraphs[i] for language, (_, paragraphs) in parts.items()})
                        for i in range(counts.pop())
                    ),
                )
            )
        return tuple(made)

    # Recipes

    def _names(self, field: str, known: Any) -> tuple[str, ...]:
        names = self.data.get(field, [])
        if not isinstance(names, list):
            raise self._wrong(field, "expected a list")
        for name in names:
            if name not in known:
                raise self._wrong(field, f"there is no {name}")
        return tuple(names)

    def _presets(self) -> tuple[Preset, ...]:
        entries = self.data.get("presets")
        if not isinstance(entries, list) or not entries:
            raise self._wrong("presets", "expected at least one")
        presets = tuple(self._preset(entry, f"presets[{place}]") for place, entry in enumerate(entries))
        names = [preset.name for preset in presets]
        for place, preset in enumerate(presets):
            if names.count(preset.name) > 1 or (preset.base and preset.base not in names):
                raise self._wrong(f"presets[{place}]", f"a name that is there twice, or no preset {preset.base}")
        return presets

    def _preset(self, entry: Any, field: str) -> Preset:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise self._wrong(f"{field}.name", "is missing")
        if strange := sorted(set(entry) - {"name", "title", "run", "values", "base"}):
            raise self._wrong(f"{field}.{strange[0]}", "there is no such field")
        titles = entry.get("title")
        if not isinstance(titles, dict) or any(not titles.get(language) for language in LANGUAGES):
            raise self._wrong(f"{field}.title", f"needs {' and '.join(LANGUAGES)}")
        values, base = self._values(entry, field)
        return Preset(
            name=entry["name"],
            title=localised({language: str(titles[language]) for language in LANGUAGES}),
            spec=self._spec(values, base, field),
            base=base,
        )

    def _values(self, entry: Mapping[str, Any], field: str) -> tuple[dict[str, Any], str]:
        """What the preset says, and the preset that it goes on from."""
        values, base = dict(entry.get("values") or {}), str(entry.get("base", ""))
        if "run" not in entry:
            return values, base
        try:
            run = self.recipe.run(entry["run"]) if self.recipe else None
        except KeyError:
            run = None
        if run is None:
            raise self._wrong(f"{field}.run", f"the recipe has no run {entry['run']}")
        return {**run.values, **values}, base or run.base

    def _spec(self, values: dict[str, Any], base: str, field: str) -> RunSpec:
        if strange := sorted(set(values) - SPEC_FIELDS):
            raise self._wrong(f"{field}.values.{strange[0]}", "is not a recipe's to say")
        try:
            checked = RunSpec.parse(values | ({"base": SOME_BASE} if base else {}))
        except SpecError as error:
            name, (code, params) = next(iter(error.errors.items()))
            raise self._wrong(f"{field}.values.{name}", f"{code} {params}") from error
        return RunSpec.stored(checked.to_dict() | {"base": ""})

    # Prediction and goal

    def _prediction(self) -> Prediction:
        names = [preset.name for preset in self._presets()]
        try:
            return read_prediction(self.data.get("prediction"), self._front("question"), names)
        except FieldError as error:
            raise self._wrong(error.field, error.reason) from error

    def _graded(self) -> Graded:
        """The goal's conditions hold for a graded attempt too, unless it has its own."""
        entry, goal = self.data.get("graded"), self.data.get("goal")
        own = entry if isinstance(entry, dict) and "requires" in entry else goal
        requires = self._requires(own.get("requires") if isinstance(own, dict) else None)
        try:
            return read_graded(entry, requires)
        except FieldError as error:
            raise self._wrong(error.field, error.reason) from error

    def _goal(self) -> Goal:
        entry = self.data.get("goal")
        if not isinstance(entry, dict):
            raise self._wrong("goal", "is missing")
        if strange := sorted(set(entry) - GOAL_FIELDS):
            raise self._wrong(f"goal.{strange[0]}", "there is no such field")
        kind = entry.get("kind", "measure")
        if kind not in GOALS:
            raise self._wrong("goal.kind", f"must be one of {', '.join(GOALS)}")
        if entry.get("minus", "") not in ("", "baseline"):
            raise self._wrong("goal.minus", "can only be the baseline")
        if kind != "temperatures" and not entry.get("measure"):
            raise self._wrong("goal.measure", "is missing")
        bounds: dict[str, Any] = {name: float(entry[name]) for name in ("least", "most") if name in entry}
        if kind != "temperatures" and not bounds:
            bounds = self._bounds(entry)
        given = {name: entry[name] for name in ("measure", "slice", "minus") if name in entry}
        requires = self._requires(entry.get("requires"))
        goal = Goal(text=self._front("goal"), kind=kind, requires=requires, **given, **bounds)
        shown = measure(goal.measure).percent or kind == "forecast"
        bound = f"{100 * abs(goal.bound):g} %" if shown else f"{abs(goal.bound):g}"
        return replace(goal, text=self._front("goal", bound=bound))

    def _requires(self, entry: Any) -> dict[str, Any]:
        """Values of the fields named, as the preset named has them; of options, those that come with the corpus too."""
        if entry is None:
            return {}
        presets = {preset.name: preset for preset in self._presets()}
        if not isinstance(entry, dict) or entry.get("preset") not in presets:
            raise self._wrong("goal.requires.preset", "there is no such preset")
        for name in entry.get("fields") or [None]:
            if name not in SPEC_FIELDS:
                raise self._wrong("goal.requires.fields", f"there is no {name}")
        spec = presets[entry["preset"]].spec
        values = spec.to_dict()
        usual = {name: limits.default for name, limits in OPTIONS[spec.corpus].items() if name != "size"}
        values["options"] = usual | values["options"]
        return {name: values[name] for name in entry["fields"]}

    def _bounds(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the recipe's goal of the same measure, slice and baseline."""
        wanted = (entry["measure"], entry.get("slice", "held_out"), entry.get("minus", ""))
        for goal in self.recipe.goals if self.recipe else ():
            if (goal.measure, goal.slice, goal.minus) == wanted:
                return {"least": goal.least, "most": goal.most}
        raise self._wrong("goal.least", "no bound here, and none in the recipe for this measure")


LABS = Shelf(read_labs(), read_files)
"""By slug, in the order of the curriculum, as they are at this moment."""
