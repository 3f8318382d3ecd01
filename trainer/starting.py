"""Where a fine-tuned run starts: from the weights of a finished model. Called by `trainer.loop`."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from trainer.folder import WEIGHTS
from trainer.models.base import Model
from trainer.models.registry import build
from trainer.models.tuning import add_lora, freeze
from trainer.spec import RunSpec, SpecError
from trainer.tasks.base import Task

SAME_SHAPE = (
    "family",
    "n_layers",
    "d_model",
    "n_heads",
    "d_ff",
    "positions",
    "norm",
    "norm_place",
    "residual",
    "activation",
    "lookback",
)
"""What a model's weights only make sense with."""


def base_hash(folder: Path) -> str:
    """`sha256:<hex>` of a model folder's weights: the value of `RunSpec.base`. Raises OSError."""
    return "sha256:" + hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()


def check_base(spec: RunSpec, base: Path | None) -> Path:
    """The folder to start from. Raises SpecError where it is missing, or another than the spec names."""
    try:
        if base is not None and base_hash(base) == spec.base:
            return base
    except OSError:
        pass
    raise SpecError({"base": ("no_base", {})})


def fine_tuned(task: Task, before: Model, generator: torch.Generator) -> Model:
    """A model for the task with the weights of `before`, and what shall learn of it unfrozen. Raises SpecError.

    Rows of the embedding stay with their tokens; special tokens that `before` did not have start fresh. The head stays
    only where the task is again about the vocabulary.
    """
    spec, config = task.spec, task.config
    if other := [name for name in SAME_SHAPE if getattr(config, name) != getattr(before.config, name)]:
        raise SpecError({name: ("not_as_in_base", {"base": getattr(before.config, name)}) for name in other})
    if config.context > before.config.context and spec.positions == "learned":
        raise SpecError({"context": ("not_as_in_base", {"base": before.config.context})})
    model = build(replace(config, tied=False) if config.n_outputs != config.vocab_size else config, generator)
    transplant(kept_weights(task, before), model)
    choose_trained(model, spec, generator)
    return model


def kept_weights(task: Task, before: Model) -> dict[str, Tensor]:
    """What a model for the task takes over from `before`, by name: all but a head that was about something else."""
    config = task.config
    # An LM's outputs are its vocabulary; labels have a head of their own.
    about_words = config.n_outputs == config.vocab_size and before.config.n_outputs == before.config.vocab_size
    return {name: old.detach() for name, old in before.named_parameters() if name != "head" or about_words}


@torch.no_grad()
def transplant(weights: dict[str, Tensor], model: Model) -> None:
    """Copy what both have: all, or the first rows where one is longer."""
    own = dict(model.named_parameters())
    for name, old in weights.items():
        if name in own:
            new = own[name]
            place = tuple(slice(0, min(a, b)) for a, b in zip(old.shape, new.shape, strict=True))
            new[place] = old[place]


def choose_trained(model: Model, spec: RunSpec, generator: torch.Generator) -> None:
    """Leave unfrozen what the recipe's tuning trains."""
    if spec.tuning == "frozen":
        freeze(model)
    elif spec.tuning == "lora":
        add_lora(model, spec.lora_rank, generator)
