"""Source code made simpler without losing its comments: parameters that are always None go, and all that hangs on
them. Called by `trainer.export.source`, so that an exported script has nothing in it that its run does not use.

Edits are pieces of text put in place of others; the syntax tree only says where.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

WIDTH = 120
SENTENCE_END = r"(?<=[.!?])\s+(?=[A-Z`])"
UNKNOWN = object()
"""Value of an expression that depends on more than what is absent."""


class Edit(NamedTuple):
    """`text` stands for the bytes from `start` to `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is known of a run before it starts."""

    absent: frozenset[str] = frozenset()
    """Parameters and arguments of these names are always None, and go."""

    never: frozenset[str] = frozenset()
    """Parameters that are functions, which always answer no, and go."""

    forgotten: frozenset[str] = frozenset()
    """Words that docstrings of functions without such parameters have no use for."""

    renamed: Mapping[str, str] = field(default_factory=dict)
    """Dotted names, and what stands for them."""

    @property
    def gone(self) -> frozenset[str]:
        """Parameters that are left out."""
        return self.absent | self.never


def folded(source: str, rules: Rules) -> str:
    """The source of a module, made simpler."""
    return Folder(source, rules).folded()


class Folder:
    """One module's text and tree."""

    def __init__(self, source: str, rules: Rules) -> None:
        self.rules = rules
        self.raw = source.encode()
        self.tree = ast.parse(source)
        aliases = {name for node in ast.walk(self.tree) if (name := self.alias(node))}
        self.rules = replace(rules, absent=rules.absent | aliases)
        self.lines = [0]
        for line in self.raw.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))

    def alias(self, node: ast.AST) -> str:
        """A name that is given what is absent, and so is absent itself; empty for any other statement."""
        if not isinstance(node, ast.Assign) or isinstance(node.value, ast.Constant):
            return ""
        (target, *others) = node.targets
        value = node.value
        if isinstance(value, ast.IfExp) and (test := self.value(value.test)) is not UNKNOWN:
            value = value.body if test else value.orelse
        return target.id if isinstance(target, ast.Name) and not others and self.value(value) is None else ""

    def folded(self) -> str:
        """All of it."""
        return self.between(0, len(self.raw), self.tree.body)

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where a node's text is."""
        assert isinstance(node, ast.expr | ast.stmt | ast.arg | ast.keyword)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self.lines[node.lineno - 1] + node.col_offset
        return start, self.lines[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.AST) -> str:
        """A node's text, simplified."""
        return self.between(*self.span(node), [node])

    def between(self, start: int, end: int, nodes: Sequence[ast.AST]) -> str:
        """The text of a range that holds these nodes, simplified."""
        pieces: list[bytes] = []
        for edit in sorted(edit for node in nodes for edit in self.edits(node)):
            pieces += [self.raw[start : edit.start], edit.text.encode()]
            start = edit.end
        return b"".join([*pieces, self.raw[start:end]]).decode()

    def edits(self, node: ast.AST) -> Iterator[Edit]:
        """The outermost changes inside a node."""
        if isinstance(node, ast.JoinedStr):
            return  # before Python 3.12, what is inside has no true place
        if (edit := self.edit(node)) is not None:
            yield edit
            return
        children: Iterable[ast.AST] = ast.iter_child_nodes(node)
        if isinstance(node, ast.FunctionDef):
            yield from self.signature(node)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield from self.docstring(node)
            children = [*node.decorator_list, *node.body]
        for child in children:
            yield from self.edits(child)

    def edit(self, node: ast.AST) -> Edit | None:
        """What stands for a whole node, if it changes as a whole."""
        if isinstance(node, ast.Assign) and self.alias(node):
            return Edit(self.lines[node.lineno - 1], self.lines[end_line(node)], "")
        if isinstance(node, ast.If) and (value := self.value(node.test)) is not UNKNOWN:
            return self.branch(node, node.body if value else node.orelse)
        if isinstance(node, ast.IfExp) and (value := self.value(node.test)) is not UNKNOWN:
            return Edit(*self.span(node), self.text(node.body if value else node.orelse))
        if isinstance(node, ast.BoolOp):
            left = [part for part in node.values if not self.neutral(part, node.op)]
            if len(left) < len(node.values):
                word = " or " if isinstance(node.op, ast.Or) else " and "
                return Edit(*self.span(node), word.join(map(self.text, left)))
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.Attribute) and (name := ast.unparse(node)) in self.rules.renamed:
            return Edit(*self.span(node), self.rules.renamed[name])
        return None

    def value(self, node: ast.expr) -> object:
        """What an expression is where all that is absent is None; UNKNOWN where that does not tell."""
        if isinstance(node, ast.Name) and node.id in self.rules.absent:
            return None
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self.rules.never:
            return False
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Is | ast.IsNot):
            values = self.value(node.left), self.value(node.comparators[0])
            same = values[0] is values[1]
            return UNKNOWN if UNKNOWN in values else same == isinstance(node.ops[0], ast.Is)
        if isinstance(node, ast.BoolOp):
            return self.decided(node)
        return UNKNOWN

    def decided(self, node: ast.BoolOp) -> object:
        """The value of `and` or `or`, if one operand settles it or all are known."""
        values = [self.value(part) for part in node.values]
        settles = isinstance(node.op, ast.Or)
        for value in values:
            if value is not UNKNOWN and bool(value) is settles:
                return value
        return UNKNOWN if UNKNOWN in values else values[-1]

    def neutral(self, node: ast.expr, op: ast.boolop) -> bool:
        """Whether an operand of `and` or `or` has no say. A constant is there as a value."""
        value = self.value(node)
        return not isinstance(node, ast.Constant) and value is not UNKNOWN and bool(value) is isinstance(op, ast.And)

    def branch(self, node: ast.If, chosen: list[ast.stmt]) -> Edit:
        """The chosen statements in place of the whole `if`; an `elif` that is left becomes an `if`."""
        start, end = self.lines[node.lineno - 1], self.lines[end_line(node)]
        if not chosen:
            return Edit(start, end, "")
        first, last = chosen[0], chosen[-1]
        indent = " " * node.col_offset
        if self.raw[self.span(first)[0] :].startswith(b"elif"):
            text = self.between(self.span(first)[0], end, [first])
            return Edit(start, end, indent + text.removeprefix("el"))
        line = first.lineno
        while self.raw[self.lines[line - 2] : self.lines[line - 1]].lstrip().startswith(b"#"):
            line -= 1
        text = self.between(self.lines[line - 1], self.lines[end_line(last)], chosen)
        return Edit(start, end, textwrap.indent(textwrap.dedent(text), indent))

    def call(self, node: ast.Call) -> Edit | None:
        """A call without the arguments that are gone."""
        gone = self.rules.gone
        arguments = [each for each in node.args if not (isinstance(each, ast.Name) and each.id in gone)]
        keywords = [each for each in node.keywords if each.arg not in gone]
        if len(arguments) + len(keywords) == len(node.args) + len(node.keywords):
            return None
        parts = [self.text(each) for each in (*arguments, *keywords)]
        return Edit(*self.span(node), self.bracketed(node, f"{self.text(node.func)}(", parts, ")"))

    def signature(self, node: ast.FunctionDef) -> Iterator[Edit]:
        """A function's head without the parameters that are gone, or that its body never uses by keyword."""
        given = node.args
        defaults = [*[None] * (len(given.args) - len(given.defaults)), *given.defaults]
        plain = list(zip(given.args, defaults, strict=True))
        named = list(zip(given.kwonlyargs, given.kw_defaults, strict=True))
        kept = [self.parameter(*each) for each in plain if each[0].arg not in self.rules.gone]
        kept_named = [self.parameter(*each) for each in named if each[0].arg not in self.rules.gone]
        if len(kept) + len(kept_named) == len(plain) + len(named):
            return
        parts = [*kept, *(["*"] if kept_named else []), *kept_named]
        tail = f") -> {self.text(node.returns)}:" if node.returns else "):"
        start = self.lines[node.lineno - 1] + node.col_offset
        end = self.raw.rindex(b":", start, self.span(node.body[0])[0]) + 1
        yield Edit(start, end, self.bracketed(node, f"def {node.name}(", parts, tail))

    def parameter(self, arg: ast.arg, default: ast.expr | None) -> str:
        """One parameter as it was."""
        if default is None:
            return self.text(arg)
        return f"{self.text(arg)} = {self.text(default)}" if arg.annotation else f"{arg.arg}={self.text(default)}"

    def bracketed(self, node: ast.expr | ast.FunctionDef, head: str, parts: list[str], tail: str) -> str:
        """Parts between brackets on one line, or indented on lines of their own, as `ruff format` breaks them."""
        line = self.raw[self.lines[node.lineno - 1] : self.lines[node.lineno]].decode()
        indent = " " * (len(line) - len(line.lstrip()))
        joined = ", ".join(parts)
        if len(line[: node.col_offset]) + len(head + joined + tail) <= WIDTH:
            return head + joined + tail
        if len(indent) + 4 + len(joined) <= WIDTH:
            return f"{head}\n{indent}    {joined}\n{indent}{tail}"
        return head + "".join(f"\n{indent}    {part}," for part in parts) + f"\n{indent}{tail}"

    def docstring(self, node: ast.FunctionDef | ast.ClassDef) -> Iterator[Edit]:
        """A docstring without its later sentences about what is gone, or about other parts of the trainer."""
        whole = ast.get_docstring(node)
        if whole is None:
            return
        text = re.sub(rf", (?:{'|'.join(sorted(self.rules.absent)) or '$'})=None", "", whole)
        gone = {"trainer"}
        if isinstance(node, ast.FunctionDef):
            parameters = self.rules.gone & {arg.arg for arg in (*node.args.args, *node.args.kwonlyargs)}
            gone |= parameters | (self.rules.forgotten if parameters else set())
        about = re.compile(rf"\b(?:{'|'.join(sorted(gone))})\b")
        paragraphs = [re.split(SENTENCE_END, part) for part in text.split("\n\n")]
        first = paragraphs[0][0]
        kept = [[each for each in part if each == first or not about.search(each)] for part in paragraphs]
        if kept != paragraphs or text != whole:
            yield Edit(*self.span(node.body[0]), written([" ".join(part) for part in kept if part], node.body[0]))


def end_line(node: ast.stmt) -> int:
    """A statement's last line."""
    assert node.end_lineno is not None
    return node.end_lineno


def written(paragraphs: Sequence[str], place: ast.stmt) -> str:
    """A docstring in place of another."""
    margin = " " * place.col_offset
    text = f'"""{paragraphs[0]}"""'
    if len(paragraphs) == 1 and len(margin + text) <= WIDTH:
        return text
    filled = ["\n".join(textwrap.wrap(" ".join(part.split()), WIDTH - 3 - len(margin))) for part in paragraphs]
    return textwrap.indent('"""' + "\n\n".join(filled) + '\n"""', margin).lstrip()
