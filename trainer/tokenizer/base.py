"""What every tokenizer can do. Models, samples, baselines and labs know tokenizers by this alone."""

from __future__ import annotations

import codecs
import json
import os
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import tokenizers
from tokenizers import normalizers

from trainer.tokenizer.normalise import checked, rules, sound

# The Rust side asks the environment, there is no other switch: its thread pool neither survives a fork nor keeps to
# a run's share of the cores.
os.environ["TOKENIZERS_PARALLELISM"] = "false"

Ids = npt.NDArray[np.int64]

TOKENIZER_FILE = "tokenizer.json"
"""Hugging Face's format, so that a model's folder is of use elsewhere too."""

KIND_FILE = "tokenizer_kind.json"
"""What that format does not say: the family's name and the normalisations."""


class Piece(NamedTuple):
    """One token of a text, at text[start:end]. Bytes inside one character all have that character's place."""

    id: int
    start: int
    end: int


class Tokenizer(ABC):
    """Text to ids and back. "Text" is what UTF-8 can spell; lone surrogates are read as U+FFFD."""

    kind: ClassVar[str]

    def __init__(self, normalise: Sequence[str] = ()) -> None:
        self.normalise = checked(normalise)
        self._rules = normalizers.Sequence(rules(self.normalise))

    @classmethod
    @abstractmethod
    def fit(cls, text: str, *, vocab_size: int, normalise: Sequence[str] = ()) -> Self:
        """Make the vocabulary of a text."""

    @classmethod
    @abstractmethod
    def from_hub(cls, inner: tokenizers.Tokenizer, *, normalise: Sequence[str] = ()) -> Self:
        """The tokenizer that has this `hub`."""

    @cached_property
    @abstractmethod
    def hub(self) -> tokenizers.Tokenizer:
        """The same tokenizer as an object of the Hugging Face library; not to be changed (see `to_hub`)."""

    @property
    @abstractmethod
    def vocab_size(self) -> int:
        """Number of different ids; they run from 0."""

    @property
    @abstractmethod
    def lossless(self) -> bool:
        """Whether `decode(encode(text)) == text` for every text."""

    @abstractmethod
    def token_bytes(self, token: int) -> bytes:
        """UTF-8 bytes of one token; perhaps only a part of a character."""

    @abstractmethod
    def unknown(self, text: str) -> list[str]:
        """What of a text the vocabulary lacks (characters, words), each once, in order."""

    @abstractmethod
    def _encode(self, text: str) -> Ids:
        """Ids of a text that is already normalised."""

    def encode(self, text: str) -> Ids:
        """Ids of a text; what `unknown` names is left out, or has the id of the unknown word."""
        return self._encode(self.normalised(text))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; bytes that are not UTF-8 become U+FFFD."""
        return b"".join([self.token_bytes(token) for token in ids]).decode("utf-8", "replace")

    def stream(self, before: Iterable[int] = ()) -> Callable[[int], str]:
        """A function that takes token after token, and gives the text that each one completes; after the tokens
        `before`, which are not given again. All its answers joined are what `decode` gives, less a character that is
        unfinished at the end.
        """
        del before  # only words need to know what they follow
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        return lambda token: decoder.decode(self.token_bytes(token))

    def token_text(self, token: int) -> str:
        """One token for people to read; bytes that are no whole character as ⟨E4⟩. White space stays as it is."""
        text = self.token_bytes(token).decode("utf-8", "surrogateescape")
        # The codec puts a byte that it cannot read at U+DC00 + byte.
        return "".join([f"⟨{ord(c) - 0xDC00:02X}⟩" if "\udc80" <= c <= "\udcff" else c for c in text])

    def pieces(self, text: str) -> list[Piece]:
        """The tokens of a text and their places in it, as it was before normalisation. For texts that people look at:
        slower than `encode`.
        """
        return self._places(text, self.hub.encode(sound(text), add_special_tokens=False))

    def normalised(self, text: str) -> str:
        """The text that `encode` reads in place of this one."""
        return self._rules.normalize_str(sound(text)) if self.normalise else sound(text)

    def save(self, folder: Path) -> None:
        """Write the tokenizer into an existing folder; `load` reads it."""
        (folder / TOKENIZER_FILE).write_text(self.hub.to_str(pretty=True), encoding="utf-8")
        about = {"kind": self.kind, "normalise": list(self.normalise)}
        (folder / KIND_FILE).write_text(json.dumps(about) + "\n", encoding="utf-8")

    def _places(self, text: str, encoding: tokenizers.Encoding) -> list[Piece]:
        pieces = [Piece(token, *span) for token, span in zip(encoding.ids, encoding.offsets, strict=True)]
        if not self.normalise:
            return pieces
        # Where the library composes or strips an accent, it forgets the accent's place.
        starts = {piece.start for piece in pieces}
        ends = [piece.end for piece in pieces]
        for i, end in enumerate(ends):
            while end < len(text) and end not in starts and unicodedata.category(text[end]).startswith("M"):
                end += 1
            ends[i] = end
        return [piece._replace(end=end) for piece, end in zip(pieces, ends, strict=True)]
