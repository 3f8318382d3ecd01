"""Held-out loss and its other units. Called by `trainer.loop`."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from trainer.models.gpt import GPT

TOKENS_AT_ONCE = 4096


class StoppedError(Exception):
    """The caller asked to stop in the middle of an evaluation."""


@torch.inference_mode()
def mean_loss(model: GPT, windows: Tensor, targets: Tensor, *, stop: Callable[[], bool]) -> float:
    """Mean nats a token over windows and targets, both (N, T). Raises StoppedError."""
    model.eval()
    total = 0.0
    try:
        at_once = max(1, TOKENS_AT_ONCE // windows.shape[1])
        for ids, wanted in zip(torch.split(windows, at_once), torch.split(targets, at_once), strict=True):
            if stop():
                raise StoppedError
            logits = model(ids)  # (B, T, V)
            total += cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="sum").item()
    finally:
        model.train()
    return total / targets.numel()


def spread(count: int, wanted: int) -> Tensor:
    """Up to `wanted` of `count` indices, evenly spread: the same at every call."""
    return torch.linspace(0, count - 1, min(count, wanted), dtype=torch.float64).round().long()


def perplexity(loss: float) -> float:
    """e to the loss; cut off where a double would overflow."""
    return math.exp(min(loss, 700.0))


def bits_per_byte(loss: float, bytes_per_token: float) -> float:
    """Nats a token in a unit that does not depend on the tokenizer."""
    return loss / math.log(2) / bytes_per_token
