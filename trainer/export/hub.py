"""A model's folder that the `transformers` library loads, where it has a class of the same architecture. Called by
`python -m trainer export`.

Only files are written here; `transformers` itself is needed by whoever loads them. `trainer.export.architectures` has
the classes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tokenizers
from safetensors.torch import save_file

from trainer.export.architectures import translated
from trainer.export.card import model_card
from trainer.folder import load_model, read_config
from trainer.models.config import ModelConfig
from trainer.tasks.specials import Specials
from trainer.tokenizer import Tokenizer, to_hub

SPECIAL_NAMES = {"pad_token": "<|pad|>", "mask_token": "<|mask|>", "sep_token": "<|sep|>", "eos_token": "<|end|>"}
"""In the order of `trainer.tasks.specials.Specials`."""

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")


def write_hub(folder: Path, out: Path) -> list[Path]:
    """Write the model of a folder into the folder `out`: configuration, weights, tokenizer, card. Returns the files.

    Raises NotExportableError before anything is written; FileNotFoundError.
    """
    model, tokenizer = load_model(folder)
    found = translated(model, read_config(folder)["labels"])
    out.mkdir(parents=True, exist_ok=True)
    config = {"architectures": [found.architecture], "dtype": "float32"} | found.config
    _write(out / "config.json", config | special_ids(tokenizer, model.config))
    # A tied head is a table of its own there: safetensors refuses two names for the same memory.
    weights = {name: tensor.clone().contiguous() for name, tensor in found.weights.items()}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    write_tokenizer(out, tokenizer, model.config)
    (out / "README.md").write_text(model_card(folder, opened_with=found.architecture), encoding="utf-8")
    return sorted(out / name for name in ("README.md", "config.json", "model.safetensors", *TOKENIZER_FILES))


def write_tokenizer(out: Path, tokenizer: Tokenizer, config: ModelConfig) -> None:
    """The tokenizer with the same ids, the special ones included."""
    inner = to_hub(tokenizer)
    about: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": config.context,
    }
    if has_specials(tokenizer, config):
        inner.add_special_tokens([tokenizers.AddedToken(name, special=True) for name in SPECIAL_NAMES.values()])
        about |= SPECIAL_NAMES
    inner.save(str(out / "tokenizer.json"))
    _write(out / "tokenizer_config.json", about)


def special_ids(tokenizer: Tokenizer, config: ModelConfig) -> dict[str, int | None]:
    """The ids that the library's own defaults would otherwise stand for."""
    names = "pad_token_id", "sep_token_id", "eos_token_id", "bos_token_id", "cls_token_id"
    if not has_specials(tokenizer, config):
        return dict.fromkeys(names)
    ids = Specials.after(tokenizer)
    return dict.fromkeys(names) | {"pad_token_id": ids.pad, "sep_token_id": ids.separator, "eos_token_id": ids.end}


def has_specials(tokenizer: Tokenizer, config: ModelConfig) -> bool:
    """Whether a model knows ids beyond those of its tokenizer."""
    return config.vocab_size > tokenizer.vocab_size


def _write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
