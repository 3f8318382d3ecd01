"""Held-out loss and its other units. Called by the loop and by whoever evaluates a language model."""

from __future__ import annotations

import math

import numpy as np

from trainer.measures.intervals import Numbers, normal_ratio
from trainer.measures.report import Report


def perplexity(loss: float) -> float:
    """e to the loss; cut off where a double would overflow."""
    return math.exp(min(loss, 700.0))


def bits_per_byte(nats: float, n_bytes: float) -> float:
    """Nats in a unit that does not depend on the tokenizer: of a token and its mean bytes, or of a text and all of its
    bytes. Special tokens stand for no bytes, and their nats must not be in it.
    """
    return nats / math.log(2) / n_bytes


def loss_report(
    nats: Numbers, tokens: Numbers, *, n_bytes: Numbers | None = None, special_nats: Numbers | None = None
) -> Report:
    """Figures `loss` (nats a token), `perplexity`, and with `n_bytes` also `bits_per_byte`; intervals over windows.

    One number a window each: nats and count of the tokens that were predicted, the UTF-8 bytes that they stand for, and
    how many of the nats fell on special tokens. Detail: tokens, bytes, special_nats. Raises ValueError where no token
    was predicted or a number is not finite.
    """
    loss = normal_ratio(nats, tokens)
    figures = {"loss": loss, "perplexity": loss.mapped(perplexity)}
    special = np.zeros(len(nats)) if special_nats is None else np.asarray(special_nats, dtype=np.float64)
    total_bytes = None if n_bytes is None else int(np.sum(n_bytes))
    if n_bytes is not None and total_bytes:
        of_text = np.asarray(nats, dtype=np.float64) - special
        figures["bits_per_byte"] = normal_ratio(of_text, n_bytes).mapped(lambda value: bits_per_byte(value, 1.0))
    detail = {"tokens": int(np.sum(tokens)), "bytes": total_bytes, "special_nats": float(special.sum())}
    return Report(figures, detail)
