"""The trainer's own source, cut down to what one run uses. Called by `trainer.export.script`.

From a first module on, `Bundle` follows every name to the definition behind it and keeps that, and of a class only the
methods that somebody calls by name. Modules come in the order of their imports; what comes from outside the trainer
is imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, TypeGuard

from trainer.export.folding import WIDTH, Rules, end_line, folded

PACKAGE = "trainer"
FIRST = "trainer.spec"
"""What others read before they read on; whatever it needs is needed when it is called, not before."""

ALWAYS = {"forward"}
"""Methods that torch calls."""


class BundleError(Exception):
    """The source cannot be put into one file: a fault of the exporter, never of a run."""


class Key(NamedTuple):
    """A top-level definition."""

    module: str
    name: str


class Import(NamedTuple):
    """What a module takes from another: `name` of it, or all of it where None."""

    module: str
    name: str | None
    alias: str

    def line(self) -> str:
        """As a statement."""
        if self.name is None:
            return f"import {self.module}" + (f" as {self.alias}" if self.alias != self.module else "")
        return f"from {self.module} import {self.name}" + (f" as {self.alias}" if self.alias != self.name else "")


@dataclass(frozen=True)
class Block:
    """A definition: lines `first` to `last` (from 1), comments above and a docstring below included."""

    node: ast.stmt
    first: int
    last: int


def read_source(module: str) -> str:
    """A module's text."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise BundleError(f"no source: {module}")
    return Path(spec.origin).read_text(encoding="utf-8")


@dataclass
class Source:
    """One module."""

    name: str
    text: str
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Classes whose fields go where nobody reads them, each with those that stay all the same."""

    @cached_property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> dict[str, Import]:
        """By the name that the module knows each by."""
        found = [
            Import(node.module if isinstance(node, ast.ImportFrom) and node.module else alias.name,
                   alias.name if isinstance(node, ast.ImportFrom) else None,
                   alias.asname or alias.name)
            for node in self.tree.body if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        ]  # fmt: skip
        return {each.alias: each for each in found}

    @cached_property
    def blocks(self) -> dict[str, Block]:
        """Its top-level definitions by name."""
        found: dict[str, Block] = {}
        for node, after in zip(self.tree.body, [*self.tree.body[1:], None], strict=True):
            last = end_line(after) if is_docstring(after) and not isinstance(node, ast.Expr) else end_line(node)
            for name in names_of(node):
                found[name] = Block(node, self.first_line(node), last)
        return found

    def method(self, owner: str, name: str) -> ast.FunctionDef:
        """A method of one of its classes."""
        (found,) = (
            member
            for node in self.tree.body if isinstance(node, ast.ClassDef) and node.name == owner
            for member in node.body if isinstance(member, ast.FunctionDef) and member.name == name
        )  # fmt: skip
        return found

    def reached(self, owner: str, names: Iterable[str]) -> set[str]:
        """Of the methods of one of its classes, those of these names and all that they call on themselves."""
        found: set[str] = set()
        todo = ["__init__", *names]
        (members,) = (node.body for node in self.tree.body if isinstance(node, ast.ClassDef) and node.name == owner)
        methods = {member.name: member for member in members if isinstance(member, ast.FunctionDef)}
        while todo:
            name = todo.pop()
            if name in methods and name not in found:
                found.add(name)
                inside = [node for node in ast.walk(methods[name]) if isinstance(node, ast.Attribute)]
                todo += [node.attr for node in inside if isinstance(node.value, ast.Name) and node.value.id == "self"]
        return found

    def first_line(self, node: ast.stmt) -> int:
        """Of a node with its decorators and the comments right above."""
        decorators = node.decorator_list if isinstance(node, ast.ClassDef | ast.FunctionDef) else []
        line = min([node.lineno, *(each.lineno for each in decorators)])
        while line > 1 and self.lines[line - 2].lstrip().startswith("#"):
            line -= 1
        return line

    def dropped(self, block: Block, used: set[str]) -> list[tuple[ast.stmt, int, int]]:
        """Members of a class that nobody uses, with their lines."""
        node = block.node
        if not isinstance(node, ast.ClassDef):
            return []
        keep = self.fields.get(node.name)
        found: list[tuple[ast.stmt, int, int]] = []
        for member, after in zip(node.body, [*node.body[1:], None], strict=True):
            last = end_line(after) if is_docstring(after) else end_line(member)
            if isinstance(member, ast.FunctionDef):
                off = not member.name.startswith("__") and member.name not in used | ALWAYS
            else:
                off = keep is not None and any(name not in used | keep for name in names_of(member))
            if off:
                found.append((member, self.first_line(member), last if keep is not None else end_line(member)))
        return found

    def kept_nodes(self, block: Block, used: set[str]) -> Iterator[ast.AST]:
        """Everything in a definition but the members that nobody uses."""
        off = {id(member) for member, _, _ in self.dropped(block, used)}
        todo: list[ast.AST] = [block.node]
        while todo:
            node = todo.pop()
            yield node
            todo += [child for child in ast.iter_child_nodes(node) if id(child) not in off]

    def kept_text(self, block: Block, used: set[str]) -> str:
        """The text of that."""
        off = {line for _, first, last in self.dropped(block, used) for line in range(first, last + 1)}
        lines = [self.lines[line - 1] for line in range(block.first, block.last + 1) if line not in off]
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip()
        return re.sub(r"(:\n)\n+", r"\1", text) if off else text


class Section(NamedTuple):
    """What is left of one module."""

    module: str
    text: str


class Bundle:
    """All that `roots` need. `given` has modules that are not read from their files; `rules` simplify every module."""

    def __init__(self, roots: Iterable[Key], given: Mapping[str, Source], rules: Rules) -> None:
        self.sources, self.rules = dict(given), rules
        self.wanted: dict[Key, None] = dict.fromkeys(roots)
        self.used: set[str] = set()
        """Names of attributes that somebody reads."""
        self.outside: set[Import] = set()
        self.needs: dict[str, dict[str, None]] = {}
        """Modules that each module's definitions come from, in order."""
        size = (0, 0)
        while size != (len(self.wanted), len(self.used)):
            size = (len(self.wanted), len(self.used))
            for key in list(self.wanted):
                self.follow(key)

    def source(self, module: str) -> Source:
        """A module, simplified."""
        if module not in self.sources:
            self.sources[module] = simplified(Source(module, read_source(module)), self.rules)
        return self.sources[module]

    def follow(self, key: Key) -> None:
        """Note all that a definition needs."""
        source = self.source(key.module)
        for node in source.kept_nodes(source.blocks[key.name], self.used):
            if isinstance(node, ast.Attribute):
                self.used.add(node.attr)
            elif isinstance(node, ast.Name):
                self.find(source, node.id)

    def find(self, source: Source, name: str) -> None:
        """Where a name leads: a definition of this module or another, or a library."""
        if name in source.blocks:
            self.wanted.setdefault(Key(source.name, name))
        elif (taken := source.imports.get(name)) is None:
            return
        elif taken.module.split(".")[0] != PACKAGE:
            self.outside.add(taken)
        elif taken.name is None or taken.alias != taken.name:
            raise BundleError(f"cannot follow {taken.line()}")
        else:
            self.needs.setdefault(source.name, {})[taken.module] = None
            self.find(self.source(taken.module), taken.name)

    def sections(self) -> list[Section]:
        """What is left of each module that something is left of, those first that others need."""
        names = [key.name for key in self.wanted] + [taken.alias for taken in self.outside]
        if len(names) > len(set(names)):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise BundleError(f"one name for two things: {', '.join(twice)}")
        done: dict[str, None] = dict.fromkeys([FIRST] if any(key.module == FIRST for key in self.wanted) else [])
        for key in self.wanted:
            self.after_its_needs(key.module, done)
        found = [Section(module, self.text_of(self.source(module))) for module in done]
        return [section for section in found if section.text]

    def after_its_needs(self, module: str, done: dict[str, None]) -> None:
        """Put a module behind those that it needs."""
        if module in done:
            return
        for other in self.needs.get(module, {}):
            self.after_its_needs(other, done)
        done[module] = None

    def text_of(self, source: Source) -> str:
        """The wanted definitions of a module, in its own order."""
        blocks = {
            source.blocks[key.name].first: source.blocks[key.name] for key in self.wanted if key.module == source.name
        }
        text, before = "", False
        for _, block in sorted(blocks.items()):
            long = isinstance(block.node, ast.ClassDef | ast.FunctionDef)
            close = block.first > 1 and source.lines[block.first - 2].strip()
            text += ("\n\n\n" if long or before else "\n" if close else "\n\n") if text else ""
            text += source.kept_text(block, self.used)
            before = long
        return text

    def imports(self) -> list[str]:
        """Statements for all that comes from libraries, as isort sorts them: the standard library, then torch."""
        grouped: dict[tuple[bool, bool, str], set[str]] = {}
        for taken in self.outside:
            names = grouped.setdefault((taken.module.startswith("torch"), taken.name is not None, taken.module), set())
            names.add(taken.line().split(" import ")[-1].removeprefix("import "))
        lines = [
            from_line(module, sorted(names, key=_isort)) if is_from else f"import {min(names)}"
            for (_, is_from, module), names in sorted(grouped.items())
        ]
        first_torch = next((i for i, line in enumerate(lines) if line.split()[1].startswith("torch")), len(lines))
        return [*lines[:first_torch], "", *lines[first_torch:]]


def simplified(source: Source, rules: Rules) -> Source:
    """A module with what `rules` leave of it, and names of its own for what it knows as `module.x`."""
    modules = {alias: taken for alias, taken in source.imports.items() if _is_module(taken)}
    renamed, added = dict(rules.renamed), ""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            taken = modules[node.value.id]
            renamed[f"{taken.alias}.{node.attr}"] = node.attr
            added += f"from {taken.module}.{taken.name} import {node.attr}\n"
    text = folded(source.text, replace(rules, renamed=renamed))
    return replace(source, text=f"{text}\n{added}")


def from_line(module: str, names: list[str]) -> str:
    """An import as `ruff format` breaks it."""
    line = f"from {module} import {', '.join(names)}"
    return line if len(line) <= WIDTH else f"from {module} import (\n    {f',{chr(10)}    '.join(names)},\n)"


def _is_module(taken: Import) -> bool:
    """Whether an import gives a module of the package."""
    if taken.name is None or taken.module.split(".")[0] != PACKAGE:
        return False
    try:
        return find_spec(f"{taken.module}.{taken.name}") is not None
    except ModuleNotFoundError:
        return False


def _isort(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def is_docstring(node: ast.stmt | None) -> TypeGuard[ast.Expr]:
    """Whether a statement is a string alone."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def names_of(node: ast.stmt) -> list[str]:
    """What a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
