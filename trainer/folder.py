"""A finished model as a folder: weights.safetensors, config.json and the tokenizer. Nothing in it is ever unpickled.

Written by `trainer.loop`, read by all that plays, evaluates, probes or exports.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save

from trainer import tokenizer as tokenizers
from trainer.models.base import Model
from trainer.models.config import FAMILIES, ModelConfig
from trainer.models.registry import build
from trainer.tokenizer import Tokenizer

WEIGHTS = "weights.safetensors"
CONFIG = "config.json"


def save_model(
    folder: Path, model: Model, tokenizer: Tokenizer, recipe: dict[str, Any], labels: Sequence[str] = ()
) -> None:
    """Write a model with the recipe that made it and its outputs' names, in place of one that is there already."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    (temporary / WEIGHTS).write_bytes(save(weights))
    config = {"model": asdict(model.config), "labels": list(labels), "recipe": recipe}
    (temporary / CONFIG).write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    tokenizer.save(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def load_model(folder: Path) -> tuple[Model, Tokenizer]:
    """Read a model and its tokenizer, ready to use. Raises FileNotFoundError, or ValueError for another family."""
    values = read_config(folder)["model"]
    if values.get("family") not in FAMILIES:
        raise ValueError(f"not a model of {', '.join(FAMILIES)}: {folder}")
    model = build(ModelConfig(**values), torch.Generator())
    model.load_state_dict(load_file(folder / WEIGHTS))
    return model.eval(), tokenizers.load(folder)


def read_config(folder: Path) -> dict[str, Any]:
    """`model` (shape), `labels`, `recipe` of a model's folder. Raises FileNotFoundError, ValueError."""
    config: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    return config
