"""The data that a command works on: files of one's own, built-in corpora, those of a finished run. Used by the commands
that train, evaluate, probe and export.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.cli.wording import FIELDS as FIELD_WORDS
from trainer.cli.wording import RefusedError, data_refusal, sentence, upload_refusal
from trainer.corpora import (
    MAX_UPLOAD,
    CorpusError,
    Data,
    UploadError,
    check_upload,
    data_hash,
    load,
    load_labelled,
    load_pairs,
    read_bounded,
)
from trainer.folder import load_model, read_config
from trainer.loop import corpus_data
from trainer.models.base import Model
from trainer.spec import RunSpec, SpecError
from trainer.tasks.prepare import TEXT_TASKS
from trainer.tokenizer import Tokenizer

HASH = "sha256:"


@dataclass(frozen=True, kw_only=True)
class Own:
    """A person's own data."""

    data: Data
    kind: str
    """Of `trainer.corpora.KINDS`."""

    @property
    def corpus(self) -> str:
        """How a recipe names it."""
        return HASH + data_hash(self.data)


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A finished model with what made it."""

    folder: Path
    """Of the model itself."""
    model: Model
    tokenizer: Tokenizer
    spec: RunSpec
    labels: tuple[str, ...]
    recipe: dict[str, Any]


def add_file_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that name a file."""
    group = parser.add_argument_group("data of one's own")
    files = group.add_mutually_exclusive_group()
    files.add_argument("--text", type=Path, metavar="FILE", help="a text, or a .csv of which one column is the text")
    files.add_argument("--data", type=Path, metavar="FILE", help=".csv or .jsonl of texts with labels, or of pairs")
    add_column_arguments(group)


def add_column_arguments(group: argparse._ActionsContainer) -> None:
    """Options that name the columns of a file."""
    group.add_argument("--text-column", metavar="NAME", help="of --data: text; of --text: the one with the most text")
    group.add_argument("--label-column", metavar="NAME", help="column of the labels (default: label)")
    group.add_argument("--source-column", metavar="NAME", help="column of the sources of pairs (default: source)")
    group.add_argument("--target-column", metavar="NAME", help="column of the targets of pairs (default: target)")


def own_data(options: argparse.Namespace, task: str | None) -> Own | None:
    """What --text or --data name; None without them. Raises RefusedError, OSError."""
    if options.text is not None:
        return Own(data=_text(options.text, options.text_column), kind="text")
    if options.data is None:
        return None
    path: Path = options.data
    pairs = task == "sequence" or options.source_column is not None or options.target_column is not None
    try:
        with path.open("rb") as file:
            if pairs:
                columns = (options.source_column or "source", options.target_column or "target")
                return Own(data=load_pairs(file, path.name, *columns).examples, kind="pairs")
            columns = (options.text_column or "text", options.label_column or "label")
            return Own(data=load_labelled(file, path.name, *columns).examples, kind="labelled")
    except UploadError as error:
        raise upload_refusal(error, f"--data {path}") from None


def file_options(options: argparse.Namespace, path: Path, spec: RunSpec) -> argparse.Namespace:
    """`options` with a file as --text or --data, whichever a recipe's task learns from."""
    about_text = spec.task in TEXT_TASKS
    return argparse.Namespace(
        **vars(options) | {"text": path if about_text else None, "data": None if about_text else path}
    )


def _text(path: Path, column: str | None) -> str:
    try:
        with path.open("rb") as file:
            data = read_bounded(file, high=MAX_UPLOAD)
        return check_upload(data, name=path.name, column=column).text
    except UploadError as error:
        raise upload_refusal(error, f"--text {path}") from None


def trained(folder: Path) -> Trained:
    """The model of a run's folder, or of a model's own. Raises RefusedError."""
    inner = folder / "model" if (folder / "model").is_dir() else folder
    try:
        model, tokenizer = load_model(inner)
        config = read_config(inner)
        recipe = config["recipe"]
        return Trained(
            folder=inner,
            model=model,
            tokenizer=tokenizer,
            spec=RunSpec.stored(recipe["spec"]),
            labels=tuple(config["labels"]),
            recipe=recipe,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"{folder}: no model ({error})") from None


def data_of(found: Trained, options: argparse.Namespace) -> Data:
    """A run's data again: those of its corpus, or the file that it was given. Raises RefusedError for another."""
    own = own_data(options, found.spec.task)
    if own is not None:
        if own.corpus != found.spec.corpus:
            raise RefusedError(f"{options.text or options.data}: not the data that this model was trained on")
        return own.data
    return built_in(found.spec)


def built_in(spec: RunSpec) -> Data:
    """The corpus that a recipe names. Raises RefusedError for data of one's own."""
    if spec.corpus.startswith(HASH):
        raise data_refusal({"reason": "needs_data"})
    try:
        return corpus_data(spec)
    except SpecError as error:
        raise RefusedError(
            *[f"--{name}: {sentence(FIELD_WORDS, *problem)}" for name, problem in error.errors.items()]
        ) from None


def other_corpus(name: str, seed: int) -> Data:
    """A built-in corpus as it is by default. Raises RefusedError."""
    try:
        return load(name, seed=seed)
    except CorpusError as error:
        raise RefusedError(f"--corpus {name}: {sentence(FIELD_WORDS, error.code, error.params)}") from None
