"""One self-contained `train.py` that repeats a run, loss by loss, with torch alone. Called by
`python -m trainer export`.

The script is the trainer's own source, cut down to what the run uses (`source`, `folding`), with the recipe on top
(`recipe`), the prepared data at its end or beside it (`prepared`), and a short loop (`playback`).
"""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from trainer import checkpoint
from trainer.corpora import CORPORA, Data, data_hash
from trainer.export import templates
from trainer.export.folding import SENTENCE_END, WIDTH, Rules, end_line
from trainer.export.packing import base64_lines, losses_as_tensors, packed, vocabulary
from trainer.export.playback import Losses
from trainer.export.prepared import PREPARED, RENAMED, tensors_of
from trainer.export.recipe import data_lines, recipe_source
from trainer.export.source import Bundle, Key, Section, Source, read_source, simplified
from trainer.folder import load_model, read_config
from trainer.loop import corpus_data
from trainer.models.config import ModelConfig
from trainer.models.registry import MODELS
from trainer.spec import RunSpec
from trainer.starting import check_base, kept_weights
from trainer.tasks.base import Task
from trainer.tasks.language import LanguageTask
from trainer.tasks.prepare import prepare

EMBEDDED = 1_000_000
"""Most characters of data inside the script; more are a file of their own."""

SCRIPT, DATA_FILE = "train.py", "data.bin"

RULES = Rules(
    absent=frozenset({"trace", "cache"}),
    never=frozenset({"stop"}),
    forgotten=frozenset({"StoppedError"}),
    renamed=RENAMED,
)
"""Nobody looks inside the model, decodes step by step or stops the run."""

ASKED_BY_OTHERS = {"samples", "baseline"}
"""What a task offers, and no script asks for."""

MAIN = "main"
FUTURE = "from __future__ import annotations"
RULE = "# " + "=" * (WIDTH - 2)
FIELDS_GO = {Task.__module__: Task.__name__, ModelConfig.__module__: ModelConfig.__name__}
"""Classes whose fields go where the run does not read them, by module."""

INTRODUCTIONS = {
    "trainer.spec": "The recipe.",
    "trainer.export.playback": "The loop, and what to compare with.",
    MAIN: "This run.",
}
"""Of sections whose modules say something else."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """All parts of a script."""

    about: str
    """What it is, for people."""
    chosen: list[str]
    """Comments: what of the recipe is in the data already."""
    imports: list[str]
    sections: list[Section]
    introductions: dict[str, str]
    """Of each section, by its module."""
    data: bytes
    embedded: bool
    """Whether the data are small enough to be in the script."""

    def text(self) -> str:
        """The whole file."""
        quotes = '"""'
        parts = [f"{quotes}{self.about}{quotes}", FUTURE, "\n".join(self.imports).strip()]
        head = "\n\n".join(parts)
        body = [f"{self.banner(section)}\n\n{apart(section.text)}{section.text}" for section in self.sections]
        return f"{head}\n\n" + "\n\n\n".join([*body, *self.data_part(), 'if __name__ == "__main__":\n    main()\n'])

    def banner(self, section: Section) -> str:
        """The comment above a section."""
        lines = [f"# {line}" for line in self.introductions[section.module].splitlines()]
        if section.module == RunSpec.__module__:
            lines += ["#", "# Done already, and contained in the data:", *self.chosen]
        return "\n".join([RULE, *lines, RULE])

    def data_part(self) -> list[str]:
        """The data as text, if they are inside."""
        if not self.embedded:
            return []
        return [f'# Data and losses of the run (see `unpacked`).\nDATA = """\n{base64_lines(self.data)}\n"""']


def apart(text: str) -> str:
    """A second empty line, where a section begins with a definition."""
    return "\n" if text.startswith(("class ", "def ", "@")) else ""


def script_of(
    spec: RunSpec,
    data: Data,
    losses: Losses,
    *,
    base: Path | None = None,
    torch_version: str = torch.__version__,
    notebook: bool = False,
) -> Script:
    """The script of a run, given its recipe, its data, its losses and the folder of the model that it began from.

    With `notebook`, `main` is there to be cut into cells.

    Raises SpecError for another base than the spec's, DataError for data that do not suit.
    """
    tokenizer, before = None, None
    if spec.tuning != "scratch":
        before, tokenizer = load_model(check_base(spec, base))
    task = prepare(spec, data, tokenizer)
    tensors = tensors_of(task) | losses_as_tensors(losses)
    if before is not None:
        tensors |= {f"base.{name}": weights for name, weights in kept_weights(task, before).items()}
    if isinstance(task, LanguageTask):
        tensors |= vocabulary(task.tokenizer, spec.prompts[0])
    packed_data = packed(tensors)
    embedded = len(packed_data) * 4 // 3 <= EMBEDDED
    main = main_source(spec, task, embedded=embedded, torch_version=torch_version, notebook=notebook)
    bundle = bundled(spec, task, main)
    return Script(
        about=about(spec, torch_version, None if embedded else len(packed_data)),
        chosen=data_lines(spec),
        imports=bundle.imports(),
        sections=bundle.sections(),
        introductions={name: introduction(bundle.source(name)) for name in bundle.sources},
        data=packed_data,
        embedded=embedded,
    )


def write_script(run_dir: Path, out: Path, *, data: Data | None = None, base: Path | None = None) -> list[Path]:
    """Write `train.py`, and `data.bin` where the data are large, of a finished run into the folder `out`.

    `data` are those of an upload; a built-in corpus is loaded. Raises FileNotFoundError for a run without a model or a
    curve, SpecError and DataError as `script_of`, ValueError where the data are not those of the run.
    """
    script = script_of_run(run_dir, data=data, base=base)
    return write_files(out, SCRIPT, script.text(), script)


def script_of_run(
    run_dir: Path, *, data: Data | None = None, base: Path | None = None, notebook: bool = False
) -> Script:
    """The script of a finished run: see `write_script`."""
    recipe = read_config(run_dir / "model")["recipe"]
    spec = RunSpec.stored(recipe["spec"])
    data = corpus_data(spec) if data is None else data
    if data_hash(data) != recipe["data_hash"]:
        raise ValueError(f"not the data of this run: {recipe['data_hash']}")
    saved = checkpoint.load(run_dir)
    if saved is None:
        raise FileNotFoundError(f"no curve in {run_dir}")
    losses = Losses(saved.curve.losses.tolist(), {event.step: event.loss for event in saved.curve.held_out})
    return script_of(spec, data, losses, base=base, torch_version=recipe["torch"], notebook=notebook)


def write_files(out: Path, name: str, text: str, script: Script) -> list[Path]:
    """A script or notebook, and its data where they are not inside. Returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    files = [out / name]
    files[0].write_text(text, encoding="utf-8")
    if not script.embedded:
        files.append(out / DATA_FILE)
        files[1].write_bytes(script.data)
    return files


def bundled(spec: RunSpec, task: Task, main: Source) -> Bundle:
    """All source that the run uses."""
    given = {MAIN: main, type(task).__module__: grafted(type(task))}
    given |= {
        module: simplified(Source(module, read_source(module), {name: frozenset()}), RULES)
        for module, name in FIELDS_GO.items()
    }
    recipe = Source(RunSpec.__module__, read_source(RunSpec.__module__))
    used: frozenset[str] = frozenset()
    while True:  # what the code reads decides what the recipe has, which is code too
        given[recipe.name] = recipe_source(recipe, spec, task.config, used)
        bundle = Bundle([Key(MAIN, "main")], given, RULES)
        if bundle.used == used:
            return bundle
        used = frozenset(bundle.used)
        given = bundle.sources


def grafted(task: type[Task]) -> Source:
    """A task's module, the task beginning from prepared data."""
    source = simplified(Source(task.__module__, read_source(task.__module__)), RULES)
    module = PREPARED[task].__module__
    prepared = simplified(Source(module, read_source(module)), RULES)
    old, new = source.method(task.__name__, "__init__"), prepared.method(PREPARED[task].__name__, "__init__")
    lines = [
        *source.lines[: old.lineno - 1],
        *prepared.lines[new.lineno - 1 : end_line(new)],
        *source.lines[end_line(old) :],
    ]
    taken = [each.line() for each in prepared.imports.values() if each.module != task.__module__]
    whole = Source(source.name, "\n".join([*lines, *taken]) + "\n")
    block = whole.blocks[task.__name__]
    text = whole.kept_text(block, whole.reached(task.__name__, vars(Task).keys() - ASKED_BY_OTHERS))
    return replace(whole, text="\n".join([*whole.lines[: block.first - 1], text, *whole.lines[block.last :]]) + "\n")


def main_source(spec: RunSpec, task: Task, *, embedded: bool, torch_version: str, notebook: bool) -> Source:
    """The module that begins a script."""
    family = MODELS[spec.family]
    beside = templates.READ_BESIDE_NOTEBOOK if notebook else templates.READ_BESIDE
    read = templates.READ_INSIDE if embedded else beside
    assert isinstance(family, type)
    names: dict[str, object] = {
        "model_module": family.__module__,
        "model": family.__name__,
        "task_module": type(task).__module__,
        "task": type(task).__name__,
        "read": read,
        "torch": torch_version,
        "threads": spec.threads,
    }
    template = templates.notebook_main if notebook else templates.script_main
    text = template(names, tuned=spec.tuning != "scratch", writes=isinstance(task, LanguageTask))
    return Source(MAIN, text)


def introduction(source: Source) -> str:
    """What a section is about: the first sentence of its module, and what letters mean there."""
    if source.name in INTRODUCTIONS:
        return INTRODUCTIONS[source.name]
    text = ast.get_docstring(ast.parse(read_source(source.name))) or ""
    first = re.split(SENTENCE_END, " ".join(text.split()))[0]
    letters = [" ".join(part.split()) for part in re.findall(r"Letters: [^.]*\.", text)]
    return "\n".join(line for part in (first, *letters) for line in textwrap.wrap(part, WIDTH - 2))


def about(spec: RunSpec, torch_version: str, size: int | None) -> str:
    """The docstring of a script."""
    corpus = CORPORA.get(spec.corpus)
    origin = f"{corpus.title}; {corpus.licence}; {corpus.origin}" if corpus else spec.corpus
    beside = f" {DATA_FILE} ({size / 1e6:.1f} MB: data, losses) must lie beside it." if size else ""
    lines = [
        f"A training run in one file: task `{spec.task}`, family `{spec.family}`.",
        "",
        *textwrap.wrap(
            f"Trains again, prints the losses and compares them with those of the run. Needs Python 3.11 or newer and "
            f"torch alone, for identical losses torch {torch_version} on the same kind of processor.{beside}",
            WIDTH,
        ),
        "",
        "    python train.py",
        "",
        *textwrap.wrap(f"Data: {origin}", WIDTH),
    ]
    return "\n".join(lines) + "\n"
