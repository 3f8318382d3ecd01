"""A text as tokens: split, windows to train on, windows held out. Shared by the tasks that learn from texts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.spec import RunSpec
from trainer.tasks.base import DataError
from trainer.tasks.vocabulary import fitted
from trainer.tokenizer import Tokenizer

TRAIN_SHARE = 0.9
"""The first 90 % of the characters train, the rest is held out."""

MIN_WINDOWS = 2
"""Fewest whole windows that each part must have."""


@dataclass(frozen=True, kw_only=True)
class TextData:
    """A text as tokens, split once and for all."""

    tokenizer: Tokenizer
    train: Tensor
    """(N,) int64."""
    held_out: Tensor
    """(M,) int64."""
    bytes_per_token: float
    """Mean UTF-8 bytes a held-out token."""


def split(text: str) -> tuple[str, str]:
    """The training part and the held-out part of a text."""
    cut = int(len(text) * TRAIN_SHARE)
    return text[:cut], text[cut:]


def prepare(spec: RunSpec, text: str, tokenizer: Tokenizer | None = None) -> TextData:
    """Fit a tokenizer, unless one is given, and split. Raises DataError.

    Merges and words are learned from the training part alone. The characters of the held-out part belong to the
    alphabet, so that every token can be scored.
    """
    train, held_out = split(text)
    if not held_out:
        raise DataError("text_too_short", needed=_needed(spec.context), found=len(text))
    if tokenizer is None:
        source = text if spec.tokenizer == "characters" else train
        tokenizer = fitted(spec, source)
    train_ids, held_out_ids = tokenizer.encode(train), tokenizer.encode(held_out)
    if min(len(train_ids), len(held_out_ids)) < MIN_WINDOWS * spec.context + 1:
        found = len(train_ids) + len(held_out_ids)
        raise DataError("text_too_short", needed=_needed(spec.context), found=found)
    return TextData(
        tokenizer=tokenizer,
        train=torch.from_numpy(train_ids),
        held_out=torch.from_numpy(held_out_ids),
        bytes_per_token=len(held_out.encode()) / len(held_out_ids),
    )


def random_windows(tokens: Tensor, *, batch: int, context: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw windows anywhere in the text: inputs and the tokens that follow them, both (B, T)."""
    starts = torch.randint(len(tokens) - context, (batch, 1), generator=generator)  # (B, 1)
    windows = tokens[starts + torch.arange(context + 1)]  # (B, T + 1)
    return windows[:, :-1].contiguous(), windows[:, 1:].contiguous()


def all_windows(tokens: Tensor, *, context: int) -> tuple[Tensor, Tensor]:
    """Cut the text into non-overlapping windows: inputs and targets, both (N, T). The last, partial one is left out."""
    count = (len(tokens) - 1) // context
    return tokens[: count * context].view(count, context), tokens[1 : count * context + 1].view(count, context)


def _needed(context: int) -> int:
    return round((MIN_WINDOWS * context + 1) / (1 - TRAIN_SHARE)) + 1
