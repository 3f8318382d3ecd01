"""`./run bench` lists the benchmarks; `./run bench NAME [options]` runs one."""

from __future__ import annotations

import ast
import os
import runpy
import sys
from pathlib import Path

import django

FOLDER = Path(__file__).parent
ON_DJANGO = frozenset({"bands"})
"""Those that read the portal's own code, so Django must be set up before they are imported."""


def benchmarks() -> dict[str, str]:
    """Name and first line of the docstring of each module with a `main`; `class_` is the one that is called class."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        has_main = any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
        if has_main and path.stem != "__main__":
            found[path.stem.rstrip("_")] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def main() -> None:
    """Run the benchmark that the first argument names, as if it were called by itself."""
    known = benchmarks()
    if len(sys.argv) < 2:
        for name, line in known.items():
            print(f"{name:<16}{line}")
        return
    name = sys.argv.pop(1)
    if name not in known:
        sys.exit(f"There is no benchmark {name!r}. Known: {', '.join(known)}.")
    module = name if (FOLDER / f"{name}.py").exists() else f"{name}_"
    if name in ON_DJANGO:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.embedded")
        django.setup()
    runpy.run_module(f"benchmarks.{module}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
