"""Ids that stand for no text. They come after a tokenizer's own, always the same four, so that a model pre-trained on
one task can go on with another. Language models of plain texts need none and have none.
"""

from __future__ import annotations

from typing import NamedTuple, Self

from trainer.tokenizer import Tokenizer


class Specials(NamedTuple):
    """Where each special token stands."""

    pad: int
    """Fills short rows."""
    mask: int
    """Hides a token from a masked language model."""
    separator: int
    """Ends a source, begins its target."""
    end: int
    """Ends a target."""

    @classmethod
    def after(cls, tokenizer: Tokenizer) -> Self:
        """Right after the tokenizer's own ids."""
        first = tokenizer.vocab_size
        return cls(first, first + 1, first + 2, first + 3)

    @property
    def vocab_size(self) -> int:
        """Ids in all, the tokenizer's own included."""
        return self.end + 1
