"""A finished model as a folder: weights.safetensors, config.json and the tokenizer. Nothing in it is ever unpickled.

Written by `trainer.loop`, read by `trainer.sample`.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save

from trainer import tokenizer as tokenizers
from trainer.models.config import ModelConfig
from trainer.models.gpt import GPT
from trainer.tokenizer import Tokenizer

FAMILY = "gpt"


def save_model(folder: Path, model: GPT, tokenizer: Tokenizer, recipe: dict[str, Any]) -> None:
    """Write a model with the recipe that made it, in place of one that is there already."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    (temporary / "weights.safetensors").write_bytes(save(weights))
    config = {"family": FAMILY, "model": asdict(model.config), "recipe": recipe}
    (temporary / "config.json").write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    tokenizer.save(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def load_model(folder: Path) -> tuple[GPT, Tokenizer]:
    """Read a model and its tokenizer, ready to sample. Raises FileNotFoundError, or ValueError for another family."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("family") != FAMILY:
        raise ValueError(f"not a {FAMILY} model: {folder}")
    model = GPT(ModelConfig(**config["model"]), torch.Generator())
    model.load_state_dict(load_file(folder / "weights.safetensors"))
    return model.eval(), tokenizers.load(folder)
