"""The tokenizer that a recipe asks for, made of its training data. Used by every task."""

from __future__ import annotations

from trainer.spec import RunSpec
from trainer.tasks.base import DataError
from trainer.tokenizer import Tokenizer, fit

MAX_CHARACTERS = 10_000
"""Largest character vocabulary: embedding and logits grow with it, and rare characters learn nothing."""


def fitted(spec: RunSpec, text: str) -> Tokenizer:
    """Learn the vocabulary of a text. Raises DataError where there are too many different characters."""
    tokenizer = fit(spec.tokenizer, text, vocab_size=spec.vocab_size, normalise=spec.normalise)
    if tokenizer.vocab_size > MAX_CHARACTERS:
        raise DataError("vocabulary_too_large", limit=MAX_CHARACTERS, found=tokenizer.vocab_size)
    return tokenizer
