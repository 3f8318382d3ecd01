"""Every field of a recipe as an option, with its bounds and its meaning as the recipe's own docstrings say it. Used by
`trainer.cli.train`.
"""

from __future__ import annotations

import argparse
import ast
import inspect
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from trainer.checks import CHOICES, LIMITS, NORMALISATIONS, TASK_FAMILIES
from trainer.cli.wording import RefusedError, option
from trainer.corpora import CORPORA
from trainer.spec import RunSpec
from trainer.starting import SAME_SHAPE

GIVEN_OTHERWISE = ("base", "options")
"""`--base DIR` and `--option name=value` take their place."""

LISTS = ("prompts", "normalise")

OF_THE_BASE = (*SAME_SHAPE, "context", "tokenizer", "vocab_size", "normalise")
"""What a fine-tuned run has from the model it starts from, unless told otherwise."""

TASK_OF_KIND = {"text": "language", "labelled": "classify", "tagged": "tag", "pairs": "sequence"}


def add_fields(parser: argparse.ArgumentParser) -> None:
    """An option for each field of RunSpec."""
    meanings = field_docs()
    group = parser.add_argument_group("recipe")
    for field in fields(RunSpec):
        if field.name in GIVEN_OTHERWISE:
            continue
        about = f"{meanings[field.name]} [{_allowed(field.name)}; usually {_usual(field.default)}]".replace("%", "%%")
        if field.name in LISTS:
            group.add_argument(option(field.name), nargs="+", metavar="TEXT", help=about)
        else:
            group.add_argument(option(field.name), metavar="VALUE", help=about)
    group.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set an option of a generated corpus, more than once for several; see `corpora NAME`",
    )


def field_docs() -> dict[str, str]:
    """The docstring under each field of RunSpec, on one line."""
    (node,) = ast.parse(inspect.getsource(RunSpec)).body
    assert isinstance(node, ast.ClassDef)
    found: dict[str, str] = {}
    for member, after in zip(node.body, node.body[1:], strict=False):
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name) and isinstance(after, ast.Expr):
            found[member.target.id] = " ".join(str(ast.literal_eval(after.value)).split())
    return found


def given(options: argparse.Namespace) -> dict[str, Any]:
    """The fields that a person set. Raises RefusedError for an `--option` without a value."""
    names = [field.name for field in fields(RunSpec) if field.name not in GIVEN_OTHERWISE]
    values = {name: value for name in names if (value := getattr(options, name)) is not None}
    if options.option:
        values["options"] = corpus_options(options.option)
    return values


def corpus_options(pairs: list[str]) -> dict[str, str]:
    """`name=value` texts as a mapping. Raises RefusedError."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not value.strip().lstrip("-").isdigit():
            raise RefusedError(f"--option {pair}: must be NAME=WHOLE NUMBER")
        found[name.strip()] = value.strip()
    return found


def completed(values: Mapping[str, Any], kind: str | None, base: Mapping[str, Any] | None) -> dict[str, Any]:
    """`values` with what follows from them: the task from the data, the family from the task, the tokenizer from the
    corpus; or, when fine-tuning, all from the recipe of the `base`. `kind` is that of a file of one's own.
    """
    corpus = CORPORA.get(str(values.get("corpus", RunSpec.corpus)))
    usual: dict[str, Any] = {}
    if base is not None:
        usual = {name: base[name] for name in OF_THE_BASE} | {"tuning": "full"}
    elif corpus is not None and kind is None:
        usual["tokenizer"] = corpus.default_tokenizer
    if kind is not None:
        usual["task"] = TASK_OF_KIND[kind]
    elif corpus is not None:
        usual["task"] = corpus.tasks[0]
    task = str(values.get("task", usual.get("task")))
    families = TASK_FAMILIES.get(task, ())
    if base is None and families and RunSpec.family not in families:
        usual["family"] = families[0]
    if task == "embed":
        usual.setdefault("tokenizer", "words")
    return usual | dict(values)


def _allowed(name: str) -> str:
    if name in LIMITS:
        low, high = LIMITS[name]
        return f"{low:,g} to {high:,.10g}"
    if name == "corpus":
        return ", ".join(CORPORA)
    if name in LISTS:
        return "any text" if name == "prompts" else ", ".join(NORMALISATIONS)
    return ", ".join(CHOICES.get(name, ("yes", "no")))


def _usual(value: Any) -> str:
    if value is MISSING or value in ((), ""):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(repr, value)) if isinstance(value, tuple) else str(value)
