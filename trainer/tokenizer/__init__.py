"""Text to token ids and back: characters, bytes, byte-pair encoding or whole words. `trainer.loop` fits one on the
text of a run, `trainer.sample` loads it back from the model's folder, the token lab shows its pieces and merges.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tokenizers

from trainer.tokenizer.base import KIND_FILE, TOKENIZER_FILE, Ids, Piece, Tokenizer
from trainer.tokenizer.bpe import BPE
from trainer.tokenizer.characters import Characters
from trainer.tokenizer.normalise import NORMALISATIONS
from trainer.tokenizer.single_bytes import Bytes
from trainer.tokenizer.words import Words

__all__ = [
    "BPE",
    "KINDS",
    "NORMALISATIONS",
    "Bytes",
    "Characters",
    "Compression",
    "Ids",
    "Piece",
    "Tokenizer",
    "Words",
    "compression",
    "fit",
    "load",
    "to_hub",
]

KINDS: dict[str, type[Tokenizer]] = {family.kind: family for family in (Characters, Bytes, BPE, Words)}
"""Every family by its name."""


@dataclass(frozen=True, kw_only=True)
class Compression:
    """How short a tokenizer makes a text."""

    tokens: int
    bytes: int
    """UTF-8 bytes of the text as it came, before normalisation."""

    @property
    def tokens_per_1000_bytes(self) -> float:
        """0 for an empty text."""
        return 1000 * self.tokens / self.bytes if self.bytes else 0.0

    @property
    def bytes_per_token(self) -> float:
        """0 for a text without tokens."""
        return self.bytes / self.tokens if self.tokens else 0.0


def fit(kind: str, text: str, *, vocab_size: int, normalise: Sequence[str] = ()) -> Tokenizer:
    """Make a tokenizer of a family in KINDS from a text. `vocab_size` bounds `bpe` (never below its 256 bytes) and
    `words` (with the unknown word); `characters` and `bytes` have the size they have.

    Raises ValueError for another kind or a normalisation not in NORMALISATIONS.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: {kind!r} is none of {', '.join(KINDS)}")
    return KINDS[kind].fit(text, vocab_size=vocab_size, normalise=normalise)


def load(folder: Path) -> Tokenizer:
    """Read the tokenizer of a model's folder, whichever it is. Raises FileNotFoundError."""
    about = json.loads((folder / KIND_FILE).read_text(encoding="utf-8"))
    saved = (folder / TOKENIZER_FILE).read_text(encoding="utf-8")
    return KINDS[about["kind"]].from_hub(tokenizers.Tokenizer.from_str(saved), normalise=about["normalise"])


def to_hub(tokenizer: Tokenizer) -> tokenizers.Tokenizer:
    """A tokenizer of the Hugging Face library with the same ids on every text; `transformers` loads what it saves."""
    return tokenizers.Tokenizer.from_str(tokenizer.hub.to_str())


def compression(tokenizer: Tokenizer, text: str) -> Compression:
    """Count the tokens and the bytes of a text. Characters that the tokenizer leaves out make no token."""
    return Compression(tokens=len(tokenizer.encode(text)), bytes=len(text.encode("utf-8", "replace")))
