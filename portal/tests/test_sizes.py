"""A file that can be read in one sitting, a function that can be seen at once."""

from __future__ import annotations

from pathlib import Path

from portal.tests.source import ROOT, functions, python_files

MODULE, FUNCTION, TEMPLATE, SCRIPT = 400, 50, 150, 300


def _lines(path: Path) -> int:
    return len((ROOT / path).read_text(encoding="utf-8").splitlines())


def _too_long(paths: list[Path], most: int) -> str:
    return "\n".join(f"{path}: {_lines(path)} lines" for path in paths if _lines(path) > most)


def _own(folder: str, pattern: str) -> list[Path]:
    return [path.relative_to(ROOT) for path in sorted((ROOT / folder).rglob(pattern)) if "vendor" not in path.parts]


def test_modules_are_short() -> None:
    assert not _too_long(list(python_files()), MODULE)


def test_functions_are_short() -> None:
    long = [
        f"{path}:{function.lineno} {function.name}"
        for path in python_files()
        for function in functions(path)
        if (function.end_lineno or function.lineno) - function.lineno + 1 > FUNCTION
    ]
    assert not long, "\n".join(long)


def test_templates_are_short() -> None:
    assert not _too_long(_own("templates", "*.html"), TEMPLATE)


def test_scripts_are_short() -> None:
    assert not _too_long([*_own("static", "*.js"), *_own("static", "*.mjs")], SCRIPT)
