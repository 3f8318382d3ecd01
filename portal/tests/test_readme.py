"""The README says what is true: its tree is the disk's, its table of settings is the code's."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from portal.tests.source import ROOT, tree

README = (ROOT / "README.md").read_text(encoding="utf-8")


def listed() -> list[Path]:
    """Paths of the tree in the README: one a line, two spaces of indentation a level."""
    block = re.search(r"## The tree\n\n```\n(.*?)```", README, re.S)
    assert block, "no tree in README.md"
    paths, parents = [], [Path()]
    for line in block[1].splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        path = parents[depth] / line.split()[0]
        parents[depth + 1 :] = [path]
        paths.append(path)
    return paths


def top_level() -> set[str]:
    """What lies beside the README and is not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for line in done.stdout.splitlines() if (ROOT / (name := line.split("/")[0])).exists()}


def settings_read() -> dict[str, set[str]]:
    """Environment variables that portal/settings reads, with their defaults as written; "" where there is none."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "portal" / "settings").glob("*.py")):
        for name, default in _reads(tree(path.relative_to(ROOT))):
            found.setdefault(name, set()).add(default)
    return found


def _reads(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("env.") and node.args:
            name, *default = node.args
            if isinstance(name, ast.Constant) and re.fullmatch(r"[A-Z_]+", str(name.value)):
                yield str(name.value), _written(default[0]) if default else ""


def _written(default: ast.expr) -> str:
    """How the table writes a default: true and false, not Python's; an expression counts as none."""
    if not isinstance(default, ast.Constant):
        return ""
    return str(default.value).lower() if isinstance(default.value, bool) else str(default.value)


def table() -> dict[str, str]:
    """Settings of the README: name and default."""
    return dict(re.findall(r"^\| `([A-Z_]+)` \| `?(.*?)`? \|", README, re.M))


def test_every_path_of_the_tree_exists() -> None:
    assert [str(path) for path in listed() if not (ROOT / path).exists()] == []


def test_the_tree_lists_everything_at_the_top() -> None:
    assert top_level() == {path.parts[0] for path in listed()}


def test_the_table_lists_every_setting_and_no_other() -> None:
    assert set(table()) == set(settings_read())


def test_the_table_gives_the_defaults() -> None:
    read = settings_read()
    wrong = {
        name: default
        for name, default in table().items()
        if (literals := read[name] - {""}) and default not in literals
    }
    assert wrong == {}
