"""How training goes, layer by layer: the size of gradients, and how much a step changes the weights. Called by the loop
at checkpoints, so that nothing is paid between them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from trainer.models.base import Model


def layer_norms(model: Model) -> dict[str, float]:
    """Norm of the gradient that each layer has now; layers without one (frozen, or not in the loss) are left out."""
    found: dict[str, float] = {}
    for name, param in model.named_parameters():
        if param.grad is not None:
            layer = layer_name(name)
            found[layer] = math.hypot(found.get(layer, 0.0), float(param.grad.norm()))
    return found


def weights_now(model: Model) -> dict[str, Tensor]:
    """A copy of the weights that are trained, for `update_ratios` after the step."""
    return {name: param.detach().clone() for name, param in model.named_parameters() if param.requires_grad}


@torch.no_grad()
def update_ratios(model: Model, before: dict[str, Tensor]) -> dict[str, float]:
    """Each layer's change since `before`, over the size that it had: about 0.001 a step is usual for Adam.

    0 where it was zero then: a ratio to nothing says nothing.
    """
    changes: dict[str, float] = {}
    sizes: dict[str, float] = {}
    for name, param in model.named_parameters():
        if name in before:
            layer = layer_name(name)
            changes[layer] = math.hypot(changes.get(layer, 0.0), float((param - before[name]).norm()))
            sizes[layer] = math.hypot(sizes.get(layer, 0.0), float(before[name].norm()))
    return {layer: change / sizes[layer] if sizes[layer] else 0.0 for layer, change in changes.items()}


def layer_name(parameter: str) -> str:
    """The layer of a parameter: `blocks.0` of `blocks.0.attention.qkv`, `head` of `head`."""
    first, *rest = parameter.split(".")
    return f"{first}.{rest[0]}" if rest and rest[0].isdigit() else first
