"""The text that trainers are compared on."""

from __future__ import annotations

from pathlib import Path

from benchmarks.common import ROOT
from trainer.corpora import load

SHAKESPEARE = ROOT.parent / "shared" / "data" / "shakespeare.txt"
"""1,115,394 characters, on which small character models are usually compared. Not part of the product."""

INSTEAD = "python-docs"


def text_file(wanted: Path | None, folder: Path) -> Path:
    """`wanted`, or Shakespeare, or where neither is there a built-in text, written into `folder`; says which."""
    path = wanted or SHAKESPEARE
    if not path.is_file():
        if wanted:
            raise SystemExit(f"There is no file {wanted}.")
        print(f"{SHAKESPEARE.name} is not here (give a text with --text): the corpus {INSTEAD} stands for it.")
        text = load(INSTEAD)
        assert isinstance(text, str)
        path = folder / f"{INSTEAD}.txt"
        path.write_text(text, encoding="utf-8")
    print(f"Text: {path.name}, {len(path.read_text(encoding='utf-8')):,} characters", flush=True)
    return path
