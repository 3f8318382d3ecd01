"""Who may import whom: the table of the architecture, read from the syntax trees."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.tests.source import FOLDERS, ROOT, functions, is_test, python_files, tree

TRAINER_LIBRARIES = {"torch", "numpy", "tokenizers", "safetensors", "sklearn", "sacrebleu"}
ALLOWED = {
    "trainer": {"trainer"},
    "portal.lib": {"portal.lib"},
    "portal.accounts": {"portal.accounts", "portal.lib"},
    "labs": {
        "labs",
        "portal.lib",
        "trainer.checks",
        "trainer.spec",
        "trainer.events",
        "trainer.corpora",
        "trainer.recipes",
        "trainer.goals",
    },
    "courses": {"courses", "portal.lib", "labs.selectors", "labs.signals"},
}
"""Our own modules that a package may import; what is not named here (the rest of `portal`) joins everything."""
LEVELS = {
    "urls": 4,
    "views": 3,
    "api": 3,
    "forms": 2,
    "serializers": 2,
    "services": 1,
    "selectors": 1,
    "models": 0,
}
"""Inside an app imports go down only, or sideways."""


def module_name(path: Path) -> str:
    """How the module in this file is imported."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """Full names of what a module imports when it runs; for `from a import b` both a.b and a."""
    for node in _running(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Everything below a node but `if TYPE_CHECKING:`, which never runs."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from _running(child)


def _within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def _owner(path: Path) -> str | None:
    """The longest package of ALLOWED that the module lies in."""
    owners = [package for package in ALLOWED if _within(module_name(path), {package})]
    return max(owners, key=len, default=None)


def _level(name: str) -> int | None:
    return next((LEVELS[part] for part in name.split(".")[1:] if part in LEVELS), None)


PRODUCT = [path for path in python_files() if not is_test(path)]


def test_every_package_imports_only_what_the_table_allows() -> None:
    wrong = []
    for path in PRODUCT:
        owner = _owner(path)
        for name in imports(path):
            own = name.split(".")[0] in FOLDERS
            if owner and own and not _within(name, ALLOWED[owner]):
                wrong.append(f"{path} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_the_trainer_knows_only_a_few_libraries() -> None:
    allowed = TRAINER_LIBRARIES | set(sys.stdlib_module_names) | {"trainer"}
    paths = [path for path in PRODUCT if path.parts[0] == "trainer"]
    wrong = [f"{path} imports {name}" for path in paths for name in imports(path) if name.split(".")[0] not in allowed]
    assert not wrong, "\n".join(wrong)


def test_inside_an_app_imports_go_down() -> None:
    wrong = []
    for path in PRODUCT:
        level, app = _level(module_name(path)), path.parts[0]
        for name in imports(path):
            other = _level(name) if name.split(".")[0] == app else None
            if level is not None and other is not None and other > level:
                wrong.append(f"{path} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_no_function_imports_anything() -> None:
    wrong = {
        f"{path}:{node.lineno}"
        for path in python_files()
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert not wrong, "\n".join(sorted(wrong))


@pytest.mark.parametrize("module", ["portal.urls", "portal.asgi", "portal.celery"])
def test_the_web_and_the_workers_never_load_torch(module: str) -> None:
    code = f"""
import importlib, sys
import django
django.setup()
importlib.import_module({module!r})
if {module!r} == "portal.celery":
    sys.modules["portal.celery"].app.loader.import_default_modules()
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False", done.stdout + done.stderr
