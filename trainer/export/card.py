"""What a model is, in a README: recipe, data, measures, use. Written into every folder that leaves."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from trainer import checkpoint
from trainer.corpora import CORPORA
from trainer.events import Evaluation
from trainer.folder import read_config
from trainer.spec import RunSpec

USE = """\
This model was trained to learn how such models work. It is small, has seen little data, and repeats what it has seen,
mistakes and prejudice included. Do not rely on what it says.
"""

OPEN_TRAINER = """\
```python
from pathlib import Path
from trainer.sample import load_model

model, tokenizer = load_model(Path("."))
```
"""

OPEN_TRANSFORMERS = """\
```python
from transformers import AutoTokenizer, {architecture}

model = {architecture}.from_pretrained(".")
tokenizer = AutoTokenizer.from_pretrained(".")
```
"""


def model_card(folder: Path, *, opened_with: str = "") -> str:
    """Markdown about the model of a folder; `opened_with` names its class where that is one of `transformers`.

    Measures come from the run around the folder, if it is still there. Raises FileNotFoundError.
    """
    config = read_config(folder)
    recipe = config["recipe"]
    spec = RunSpec.stored(recipe["spec"])
    parts = [
        _front(opened_with),
        f"# {spec.task.capitalize()} model ({spec.family})",
        f"Trained in {recipe['step']:,} steps from {origin(spec)}.",
        "## Use",
        USE.strip(),
        (OPEN_TRANSFORMERS.format(architecture=opened_with) if opened_with else OPEN_TRAINER).strip(),
        "## Data",
        data_lines(spec, recipe["data_hash"]),
        "## Measures",
        measures(folder, recipe),
        "## Recipe",
        recipe_table(spec),
        f"torch {recipe['torch']}; run {recipe['identity'][:12]}.",
    ]
    if config["labels"]:
        parts.insert(3, f"Labels: {', '.join(config['labels'])}.")
    return "\n\n".join(parts) + "\n"


def origin(spec: RunSpec) -> str:
    """Where training began."""
    return "new weights" if spec.tuning == "scratch" else f"the weights {spec.base} (tuning: {spec.tuning})"


def data_lines(spec: RunSpec, digest: str) -> str:
    """What it was trained on."""
    corpus = CORPORA.get(spec.corpus)
    if corpus is None:
        return f"Data of the person who trained it ({spec.corpus}). Ask them before you pass the model on."
    facts = {
        "Corpus": corpus.title,
        "Languages": ", ".join(corpus.languages),
        "Licence": corpus.licence,
        "Origin": corpus.origin,
        "SHA-256": digest,
    }
    return "\n".join(f"- {name}: {value}" for name, value in facts.items())


def measures(folder: Path, recipe: dict[str, Any]) -> str:
    """Held-out loss, and the run's report as a table."""
    lines = [f"Held-out loss: {recipe['held_out_loss']:.4f} nats a target."]
    saved = checkpoint.load(folder.parent, identity=recipe["identity"])
    rows = [row for event in saved.curve.evaluations for row in _rows(event)] if saved else []
    if rows:
        lines += ["", "| Data | Measure | Value | 95 % interval |", "| --- | --- | ---: | --- |", *rows]
    return "\n".join(lines)


def recipe_table(spec: RunSpec) -> str:
    """Every choice that is not the usual one is marked."""
    values, usual = spec.to_dict(), RunSpec().to_dict()
    rows = [
        f"| {each.name} | {_cell(values[each.name])} | {'' if values[each.name] == usual[each.name] else '•'} |"
        for each in fields(spec)
    ]
    return "\n".join(["| Choice | Value | Not the usual one |", "| --- | --- | :---: |", *rows])


def _rows(event: Evaluation) -> list[str]:
    return [
        f"| {event.slice} | {name} | {figure['value']:.4g} | {figure['low']:.4g} to {figure['high']:.4g} |"
        for name, figure in event.measures.items()
    ]


def _cell(value: object) -> str:
    text = repr(value) if not isinstance(value, str) else value or "–"
    return text.replace("|", "\\|").replace("\n", " ")


def _front(opened_with: str) -> str:
    lines = ["---", *(["library_name: transformers"] if opened_with else []), "tags:", "- education", "---"]
    return "\n".join(lines)
