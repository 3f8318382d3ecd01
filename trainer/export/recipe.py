"""A run's recipe as the first class of an exported script: `RunSpec` with this run's values, each with its meaning.
Called by `trainer.export.script`.
"""

from __future__ import annotations

import ast
import json
import textwrap
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from trainer.export.folding import WIDTH, end_line
from trainer.export.source import Source, is_docstring, names_of
from trainer.models.config import ModelConfig
from trainer.spec import RunSpec

IN_THE_DATA = (
    "task",
    "family",
    "corpus",
    "options",
    "examples",
    "data_seed",
    "tokenizer",
    "vocab_size",
    "normalise",
    "base",
    "prompts",
)
"""What is done already when the script starts."""

CONFIG_FIELDS = frozenset(each.name for each in fields(ModelConfig))
INDENT = " " * 4


def recipe_source(source: Source, spec: RunSpec, config: ModelConfig, used: frozenset[str]) -> Source:
    """The module `trainer.spec` of a script: one class. `used` names the attributes that its code reads."""
    (node,) = (node for node in source.tree.body if isinstance(node, ast.ClassDef) and node.name == RunSpec.__name__)
    shape = {name: text for name, text in shape_arguments(node, config).items() if name in used}
    read = {name for text in shape.values() for name in CONFIG_FIELDS if f"self.{name}" in text}
    lines = [f"class {RunSpec.__name__}:", f'{INDENT}"""The recipe. Change a value, and run the script again."""', ""]
    for member, after in zip(node.body, [*node.body[1:], None], strict=True):
        for name in names_of(member) if isinstance(member, ast.AnnAssign) else ():
            if name not in IN_THE_DATA and name in used | read:
                lines += assignment(name, getattr(spec, name), meaning(after))
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and is_property(member):
            lines += [*source.lines[source.first_line(member) - 1 : end_line(member)], ""]
    lines += shape_method(shape)
    return Source(source.name, "\n".join([*_head(source), *lines]) + "\n")


def data_lines(spec: RunSpec) -> list[str]:
    """The choices that the data contain already, as comments."""
    chosen = {
        name: value for name, value in spec.to_dict().items() if name in IN_THE_DATA and value not in ("", 0, [], {})
    }
    return [f"# {name} = {value!r}" for name, value in chosen.items()]


def shape_arguments(node: ast.ClassDef, config: ModelConfig) -> dict[str, str]:
    """How `RunSpec.model_config` fills in each field of `ModelConfig`: from the recipe, or with what the data say."""
    (method,) = (
        member for member in node.body if isinstance(member, ast.FunctionDef) and member.name == "model_config"
    )
    (call,) = (
        each for each in ast.walk(method) if isinstance(each, ast.Call) and ast.unparse(each.func) == "ModelConfig"
    )
    found = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg}
    return {name: text if "self." in text else repr(getattr(config, name)) for name, text in found.items()}


def shape_method(shape: Mapping[str, str]) -> list[str]:
    """The lines of `model_config`."""
    return [
        f"{INDENT}def model_config(self) -> ModelConfig:",
        f'{INDENT * 2}"""The model\'s shape; numbers come from the data."""',
        f"{INDENT * 2}return ModelConfig(",
        *(f"{INDENT * 3}{name}={text.replace(chr(39), chr(34))}," for name, text in shape.items()),
        f"{INDENT * 2})",
    ]


def assignment(name: str, value: Any, text: str) -> list[str]:
    """A field with its meaning above it."""
    comment = textwrap.wrap(" ".join(text.split()), WIDTH - 2 - len(INDENT), break_long_words=False)
    shown = json.dumps(value) if isinstance(value, str) else repr(value)
    return [*(f"{INDENT}# {line}" for line in comment), f"{INDENT}{name} = {shown}", ""]


def meaning(node: ast.stmt | None) -> str:
    """The docstring below a field."""
    if is_docstring(node):
        assert isinstance(node, ast.Expr)
        assert isinstance(node.value, ast.Constant)
        return str(node.value.value)
    return ""


def is_property(node: ast.FunctionDef) -> bool:
    """Whether a method is read like a field."""
    return any(isinstance(each, ast.Name) and each.id == "property" for each in node.decorator_list)


def _head(source: Source) -> list[str]:
    return [taken.line() for taken in source.imports.values() if taken.module != "__future__"]
