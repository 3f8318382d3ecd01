"""An exported script as a Jupyter notebook: recipe, parts, training, curve. Called by `python -m trainer export`.

nbformat 4 is plain JSON, so no library is needed.
"""

from __future__ import annotations

import hashlib
import json
import textwrap
from pathlib import Path
from typing import Any

from trainer.corpora import Data
from trainer.export.script import FUTURE, MAIN, Script, script_of_run, write_files
from trainer.spec import RunSpec

NOTEBOOK = "train.ipynb"


def write_notebook(run_dir: Path, out: Path, *, data: Data | None = None, base: Path | None = None) -> list[Path]:
    """Write `train.ipynb` into the folder `out`; else as `trainer.export.script.write_script`."""
    script = script_of_run(run_dir, data=data, base=base, notebook=True)
    return write_files(out, NOTEBOOK, json.dumps(notebook_of(script), ensure_ascii=False, indent=1) + "\n", script)


def notebook_of(script: Script) -> dict[str, Any]:
    """The notebook's JSON."""
    cells = [markdown(f"# Training run\n\n{script.about}"), code("\n".join([FUTURE, "", *script.imports]).strip())]
    for section in script.sections:
        if section.module != MAIN:
            first = "" if section.module != RunSpec.__module__ else "\n".join([*script.chosen, "", "", ""])
            cells += [markdown(f"## {script.introductions[section.module]}"), code(first + section.text)]
    cells += [markdown("## The data and the losses of the run"), *map(code, script.data_part())]
    cells += [markdown("## This run"), *map(code, main_cells(script))]
    for number, cell in enumerate(cells):
        # Ids must be unique; these stay the same for the same run.
        cell["id"] = hashlib.sha256(f"{number} {cell['source']}".encode()).hexdigest()[:12]
    python = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return {"cells": cells, "metadata": python, "nbformat": 4, "nbformat_minor": 5}


def main_cells(script: Script) -> list[str]:
    """The body of `main`, cell by cell."""
    (text,) = (section.text for section in script.sections if section.module == MAIN)
    body = textwrap.dedent(text.split(":\n", 1)[1])
    return [cell.strip() for cell in body.split("# %%\n")]


def markdown(text: str) -> dict[str, Any]:
    """A cell of text."""
    return {"cell_type": "markdown", "metadata": {}, "source": lines(text.strip())}


def code(text: str) -> dict[str, Any]:
    """A cell to run."""
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": lines(text)}


def lines(text: str) -> list[str]:
    """As nbformat has them, each with its end."""
    return text.splitlines(keepends=True)
