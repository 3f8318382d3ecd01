"""Text to token ids and back: single characters, or byte-pair encoding. `trainer.loop` fits one on the text of a run,
`trainer.sample` loads it back from the model's folder.

Both are lossless on the text they were fitted on; `BPE` on any text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

# The Rust side asks the environment, there is no other switch: its thread pool neither survives a fork nor keeps to
# a run's share of the cores.
os.environ["TOKENIZERS_PARALLELISM"] = "false"

Ids = npt.NDArray[np.int64]
N_BYTES = 256


class Tokenizer(Protocol):
    """What models, samples and baselines need of a tokenizer."""

    @property
    def vocab_size(self) -> int:
        """Number of different ids; they run from 0."""

    def encode(self, text: str) -> Ids:
        """Ids of a text; characters that the vocabulary lacks are left out (see `unknown`)."""

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; bytes that are not UTF-8 become U+FFFD."""

    def token_bytes(self, token: int) -> bytes:
        """UTF-8 bytes of one token; with BPE perhaps only a part of a character."""

    def unknown(self, text: str) -> list[str]:
        """Characters that `encode` leaves out, each once, in order."""

    def save(self, folder: Path) -> None:
        """Write the vocabulary into an existing folder."""


class Characters:
    """One token a character. Ids follow the order of code points."""

    FILE = "characters.json"

    def __init__(self, alphabet: Sequence[str]) -> None:
        self._alphabet = list(alphabet)
        points = np.array([ord(character) for character in alphabet], dtype=np.int64)
        self._ids = np.full(int(points.max(initial=-1)) + 2, -1, dtype=np.int64)  # last entry: for all beyond
        self._ids[points] = np.arange(len(points))

    @classmethod
    def fit(cls, text: str) -> Self:
        """Take every character of a text."""
        return cls(sorted(set(text)))

    @property
    def vocab_size(self) -> int:
        return len(self._alphabet)

    def encode(self, text: str) -> Ids:
        # One look-up for the whole text: 465,000 characters in about 3 ms.
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        ids = self._ids[np.minimum(points, len(self._ids) - 1)]
        return ids if ids.min(initial=0) >= 0 else ids[ids >= 0]

    def decode(self, ids: Iterable[int]) -> str:
        return "".join([self._alphabet[token] for token in ids])

    def token_bytes(self, token: int) -> bytes:
        return self._alphabet[token].encode()

    def unknown(self, text: str) -> list[str]:
        known = set(self._alphabet)
        return [character for character in dict.fromkeys(text) if character not in known]

    def save(self, folder: Path) -> None:
        (folder / self.FILE).write_text(json.dumps({"characters": "".join(self._alphabet)}), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(json.loads((folder / cls.FILE).read_text(encoding="utf-8"))["characters"])


class BPE:
    """Byte-level byte-pair encoding (Sennrich et al. 2016; bytes as in GPT-2). Ids 0 to 255 are the single bytes."""

    FILE = "tokenizer.json"

    def __init__(self, inner: tokenizers.Tokenizer) -> None:
        self._inner = inner
        byte_of = {character: byte for byte, character in _byte_characters().items()}
        ordered = sorted(inner.get_vocab().items(), key=lambda item: item[1])
        self._bytes = [bytes(byte_of[character] for character in token) for token, _ in ordered]

    @classmethod
    def fit(cls, text: str, vocab_size: int) -> Self:
        """Learn merges from a text until there are `vocab_size` tokens, or no pair is left that occurs twice."""
        inner = tokenizers.Tokenizer(models.BPE())
        inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        inner.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=2,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        inner.train_from_iterator([text], trainer=trainer)
        return cls(inner)

    @property
    def vocab_size(self) -> int:
        return len(self._bytes)

    def encode(self, text: str) -> Ids:
        # A lone surrogate (half an emoji from a browser) has no UTF-8 form.
        sound = text.encode("utf-8", "replace").decode("utf-8")
        return np.array(self._inner.encode(sound).ids, dtype=np.int64)

    def decode(self, ids: Iterable[int]) -> str:
        return b"".join([self._bytes[token] for token in ids]).decode("utf-8", "replace")

    def token_bytes(self, token: int) -> bytes:
        return self._bytes[token]

    def unknown(self, text: str) -> list[str]:
        del text  # bytes spell everything
        return []

    def save(self, folder: Path) -> None:
        self._inner.save(str(folder / self.FILE))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(tokenizers.Tokenizer.from_file(str(folder / cls.FILE)))


def load(folder: Path) -> Tokenizer:
    """Read the tokenizer of a model's folder, whichever it is. Raises FileNotFoundError."""
    return BPE.load(folder) if (folder / BPE.FILE).exists() else Characters.load(folder)


def _byte_characters() -> dict[int, str]:
    """GPT-2's printable stand-in for each byte: itself where it prints, else the next code points from U+0100."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(N_BYTES) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(N_BYTES + i) for i, byte in enumerate(others)}
