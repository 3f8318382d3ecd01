"""A finished model as it is: its own folder, with a card. Called by `python -m trainer export`."""

from __future__ import annotations

import shutil
from pathlib import Path

from trainer.export.card import model_card


def write_weights(folder: Path, out: Path) -> list[Path]:
    """Copy a model's folder (weights, shape, tokenizer) into the folder `out`, and add README.md. Returns the files.

    Raises FileNotFoundError for a folder without a model, before anything is written.
    """
    card = model_card(folder)
    shutil.copytree(folder, out, dirs_exist_ok=True)
    (out / "README.md").write_text(card, encoding="utf-8")
    return sorted(path for path in out.iterdir() if path.is_file())
