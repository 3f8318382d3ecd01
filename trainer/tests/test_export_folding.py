from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from trainer.export.folding import Rules, folded
from trainer.export.source import Source

RULES = Rules(absent=frozenset({"trace"}), never=frozenset({"stop"}), forgotten=frozenset({"StoppedError"}))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(x, trace=None):\n    return x\n", "def f(x):\n    return x\n"),
        ("def f(x, *, trace=None):\n    return g(x, trace=trace)\n", "def f(x):\n    return g(x)\n"),
        ("def f(x: int, trace: T | None = None) -> int:\n    return x\n", "def f(x: int) -> int:\n    return x\n"),
        ("x = g(x, trace)\n", "x = g(x)\n"),
        ("x = (a or 1.0) + (b or None)\n", "x = (a or 1.0) + (b or None)\n"),
        ("def f(x, *, trace, y):\n    return x\n", "def f(x, *, y):\n    return x\n"),
        ("y = 1 if trace is None else 2  # why\n", "y = 1  # why\n"),
        ("y = a if trace is not None and trace.x else b\n", "y = b\n"),
        ("y = trace or new()\n", "y = new()\n"),
        ("y = a or trace is not None or b\n", "y = a or b\n"),
        ("if stop():\n    raise StoppedError\nx = 1\n", "x = 1\n"),
        ("if trace is None or trace.wants(1):\n    # why\n    x = 1  # so\n", "# why\nx = 1  # so\n"),
        ("if trace is not None:\n    x = 1\nelse:\n    x = 2\n", "x = 2\n"),
        ("if trace is not None:\n    x = 1\nelif y:\n    x = 2  # odd\n", "if y:\n    x = 2  # odd\n"),
        ("inside = None if trace is None else trace.source\nf(x, inside)\n", "f(x)\n"),
        ("x = None\nf(x)\n", "x = None\nf(x)\n"),
        ("s = 'Ünïcode'; y = 1 if trace is None else 2\n", "s = 'Ünïcode'; y = 1\n"),
        ("x = self.data.train\n", "x = self.data.train\n"),
    ],
)  # fmt: skip
def test_what_hangs_on_absent_parameters_goes_and_all_else_stays(source: str, expected: str) -> None:
    assert folded(source, RULES) == expected


def test_names_are_replaced_where_they_stand() -> None:
    rules = Rules(renamed={"self.data.train": "self.train"})
    assert folded("x = f(self.data.train, self.data.trained)\n", rules) == "x = f(self.train, self.data.trained)\n"


def test_docstrings_lose_sentences_about_what_is_gone() -> None:
    source = '''
    def f(x, trace=None, stop=None):
        """Do it (Ba et al. 2016). With `trace` it says more. Raises StoppedError.

        Stay. See `trainer.spec`.
        """
    '''
    (function,) = ast.parse(folded(dedent(source), RULES)).body
    assert isinstance(function, ast.FunctionDef)
    assert ast.get_docstring(function) == "Do it (Ba et al. 2016).\n\nStay."


def test_a_long_head_is_broken_as_the_formatter_does() -> None:
    names = [f"a_rather_long_parameter_{i}" for i in range(5)]
    source = f"def f({', '.join(names)}, trace=None):\n    pass\n"
    assert folded(source, RULES) == "def f(\n" + "".join(f"    {name},\n" for name in names) + "):\n    pass\n"


def test_a_class_keeps_only_methods_that_somebody_names() -> None:
    source = Source("x", "class A:\n    '''It.'''\n\n    def a(self): ...\n\n    # About b.\n    def b(self): ...\n")
    assert source.kept_text(source.blocks["A"], {"a"}) == "class A:\n    '''It.'''\n\n    def a(self): ..."
