"""The project's own source files, for the tests that read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

ROOT: Path = settings.BASE_DIR
FOLDERS = ("portal", "courses", "labs", "trainer", "benchmarks")


@cache
def python_files() -> tuple[Path, ...]:
    """Every module of our own, relative to the root; without migrations."""
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    files += [ROOT / "manage.py", ROOT / "conftest.py", ROOT / "run"]
    return tuple(path.relative_to(ROOT) for path in files if "migrations" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    """Its syntax tree."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def is_test(path: Path) -> bool:
    """Whether a module belongs to the tests."""
    return "tests" in path.parts or path.name == "conftest.py"


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method in it."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
