"""Fine-tuning a model that was trained before: a new head, frozen layers, low-rank changes. Used by the tasks.

Full fine-tuning needs nothing from here but, for another set of outputs, `new_head`.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from trainer.models.base import Model
from trainer.models.layers import Layer


def new_head(model: Model, n_outputs: int, *, pool: str | None = None) -> None:
    """Give a model outputs of another kind; the head starts at zero, so that the first loss is ln n_outputs.

    A head that was tied is so no longer. `pool` changes whether there is one answer a position or a row.
    """
    model.config = replace(model.config, n_outputs=n_outputs, tied=False, pool=pool or model.config.pool)
    model.head = nn.Parameter(torch.zeros(n_outputs, model.config.d_model, device=model.embedding.device))


def freeze(model: Model) -> None:
    """Leave only the head to be trained. Raises ValueError where the head is also something else."""
    if model.head is None:
        raise ValueError("this model has no head of its own: give it one with new_head")
    model.requires_grad_(False)
    model.head.requires_grad_(True)


class LowRank(nn.Module):
    """W + B A in place of a matrix W: B starts at zero, so at first nothing changes (Hu et al. 2021)."""

    def __init__(self, weight: Tensor, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        rows, columns = weight.shape
        self.a = nn.Parameter(torch.empty(rank, columns).normal_(std=columns**-0.5, generator=generator))
        self.b = nn.Parameter(torch.zeros(rows, rank))
        self.to(weight.device)

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.b @ self.a  # alpha = rank: the change is not scaled


def add_lora(model: Model, rank: int, generator: torch.Generator) -> None:
    """Freeze a model but for its head and a low-rank change to each hidden matrix.

    All of them, feed-forward included, as Dettmers et al. (2023, QLoRA) found best. Hu et al. had queries and values.
    Stacked matrices (queries, keys and values) share one change of this rank. Muon leaves these tables to Adam.
    """
    freeze(model)
    for module in list(model.modules()):
        if isinstance(module, Layer):
            for name in module.hidden:
                change = LowRank(getattr(module, name), rank, generator)
                parametrize.register_parametrization(module, name, change)


def merge_lora(model: Model) -> None:
    """Write the changes into the weights: a plain model again, with the same outputs and all of it trainable."""
    for module in list(model.modules()):
        if isinstance(module, Layer):
            for name in module.hidden:
                if parametrize.is_parametrized(module, name):
                    parametrize.remove_parametrizations(module, name)
    model.requires_grad_(True)
