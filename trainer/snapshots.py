"""The weights of every checkpoint, in half precision, for whoever looks back at a run: a tenth of a checkpoint's size.
Written by `trainer.loop`, read by `trainer.probe`. A run is never resumed from them.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from trainer.checkpoint import write_whole
from trainer.models.base import Model

FOLDER = "snapshots"


def save_snapshot(run_dir: Path, step: int, model: Model) -> None:
    """Keep the model's weights at a step."""
    folder = run_dir / FOLDER
    folder.mkdir(exist_ok=True)
    weights = {name: tensor.detach().half().contiguous().cpu() for name, tensor in model.state_dict().items()}
    write_whole(folder / f"{step:06d}.safetensors", save(weights))


def steps(run_dir: Path) -> list[int]:
    """Steps that have a snapshot, ascending."""
    return sorted(int(path.stem) for path in (run_dir / FOLDER).glob("*.safetensors"))


def load_snapshot(run_dir: Path, step: int, model: Model) -> None:
    """Give a model of the same shape the weights of a step. Raises FileNotFoundError."""
    weights = load_file(run_dir / FOLDER / f"{step:06d}.safetensors")
    model.load_state_dict({name: tensor.to(torch.float32) for name, tensor in weights.items()})


def load_tensor(run_dir: Path, step: int, name: str) -> torch.Tensor:
    """One tensor of a step, without reading the others. Raises FileNotFoundError, SafetensorError."""
    with safe_open(run_dir / FOLDER / f"{step:06d}.safetensors", framework="pt") as file:
        tensor: torch.Tensor = file.get_tensor(name)
    return tensor.float()
