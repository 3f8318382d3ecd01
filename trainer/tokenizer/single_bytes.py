"""One token a byte, and the letters that stand for bytes in Hugging Face's files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Self

import numpy as np
import tokenizers
from tokenizers import decoders, models, pre_tokenizers

from trainer.tokenizer.base import Ids, Tokenizer

N_BYTES = 256


class Bytes(Tokenizer):
    """One token a byte of UTF-8: the id is the byte. Lossless without normalisation."""

    kind = "bytes"

    @classmethod
    def fit(cls, text: str = "", *, vocab_size: int = N_BYTES, normalise: Sequence[str] = ()) -> Self:
        """There is nothing to learn: neither text nor `vocab_size` has a say."""
        del text, vocab_size
        return cls(normalise)

    @classmethod
    def from_hub(cls, inner: tokenizers.Tokenizer, *, normalise: Sequence[str] = ()) -> Self:
        del inner
        return cls(normalise)

    @cached_property
    def hub(self) -> tokenizers.Tokenizer:
        inner = tokenizers.Tokenizer(models.BPE({letter: byte for byte, letter in byte_letters().items()}, []))
        inner.normalizer = self._rules
        inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        inner.decoder = decoders.ByteLevel()
        return inner

    @property
    def vocab_size(self) -> int:
        return N_BYTES

    @property
    def lossless(self) -> bool:
        return not self.normalise

    def _encode(self, text: str) -> Ids:
        return np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int64)

    def decode(self, ids: Iterable[int]) -> str:
        return bytes([*ids]).decode("utf-8", "replace")

    def token_bytes(self, token: int) -> bytes:
        return bytes([token])

    def unknown(self, text: str) -> list[str]:
        del text  # bytes spell everything
        return []


def byte_letters() -> dict[int, str]:
    """GPT-2's printable stand-in for each byte: itself where it prints, else the next code points from U+0100."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(N_BYTES) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable} | {byte: chr(N_BYTES + i) for i, byte in enumerate(others)}
    return dict(sorted(letters.items()))
