"""Byte-pair encoding: single bytes, and the pairs of tokens that a text repeats most."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Self

import numpy as np
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from trainer.tokenizer.base import Ids, Piece, Tokenizer
from trainer.tokenizer.normalise import checked, rules, sound
from trainer.tokenizer.single_bytes import byte_letters

MIN_COUNT = 2
"""A pair must occur as often to be merged."""

MAX_STEPPED = 1_000
"""Characters of a text whose merges are shown one by one."""


class BPE(Tokenizer):
    """Byte-level byte-pair encoding (Sennrich et al. 2016; bytes as in GPT-2). Lossless without normalisation.

    Ids 0 to 255 are the single bytes, in the order of GPT-2's letters for them. Each merge adds one id: the pair that
    occurs most in the training text, of equals the one with the smaller ids. No merge reaches across words.
    """

    kind = "bpe"

    def __init__(self, inner: tokenizers.Tokenizer, *, normalise: Sequence[str] = ()) -> None:
        super().__init__(normalise)
        self._inner = inner
        byte_of = {letter: byte for byte, letter in byte_letters().items()}
        ordered = sorted(inner.get_vocab().items(), key=lambda item: item[1])
        self._bytes = [bytes(byte_of[letter] for letter in token) for token, _ in ordered]

    @classmethod
    def fit(cls, text: str, vocab_size: int, *, normalise: Sequence[str] = ()) -> Self:
        """Learn merges from a text until there are `vocab_size` tokens, or no pair is left that occurs twice."""
        inner = tokenizers.Tokenizer(models.BPE())
        inner.normalizer = normalizers.Sequence(rules(checked(normalise)))
        inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        inner.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=MIN_COUNT,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        inner.train_from_iterator([sound(text)], trainer=trainer)
        return cls(inner, normalise=normalise)

    @classmethod
    def from_hub(cls, inner: tokenizers.Tokenizer, *, normalise: Sequence[str] = ()) -> Self:
        return cls(inner, normalise=normalise)

    @cached_property
    def hub(self) -> tokenizers.Tokenizer:
        return self._inner

    @property
    def vocab_size(self) -> int:
        return len(self._bytes)

    @property
    def lossless(self) -> bool:
        return not self.normalise

    def encode(self, text: str) -> Ids:
        # The library normalises as it goes; twice would not always be the same as once.
        return self._encode(sound(text))

    def _encode(self, text: str) -> Ids:
        return np.array(self._inner.encode(text, add_special_tokens=False).ids, dtype=np.int64)

    def token_bytes(self, token: int) -> bytes:
        return self._bytes[token]

    def unknown(self, text: str) -> list[str]:
        del text  # bytes spell everything
        return []

    def merges(self) -> list[tuple[bytes, bytes]]:
        """The merged pairs, in the order in which they were learned."""
        return [(self._bytes[left], self._bytes[right]) for left, right in self._ranks]

    def steps(self, text: str, *, limit: int = 200) -> list[list[Piece]]:
        """The pieces of a text as single bytes, then after each merge that changes them; after `limit` merges it ends,
        else with what `pieces` gives. Raises ValueError for a text of more than MAX_STEPPED characters.
        """
        if len(text) > MAX_STEPPED:
            raise ValueError(f"text: at most {MAX_STEPPED} characters, not {len(text)}")
        encoding = self._single.encode(sound(text), add_special_tokens=False)
        pieces = self._places(text, encoding)
        words = list(encoding.word_ids)
        states = [pieces]
        while len(states) <= limit:
            found = [
                self._ranks[pair]
                for (left, right), (word, other) in zip(pairwise(pieces), pairwise(words), strict=True)
                if word == other and (pair := (left.id, right.id)) in self._ranks
            ]
            if not found:
                break
            pieces, words = self._merged(pieces, words, min(found))
            states.append(pieces)
        return states

    def _merged(self, pieces: list[Piece], words: list[int | None], rank: int) -> tuple[list[Piece], list[int | None]]:
        """Pieces and the word of each, after one merge from left to right."""
        pair, token = self._pairs[rank]
        new_pieces: list[Piece] = []
        new_words: list[int | None] = []
        i = 0
        while i < len(pieces):
            here, after = pieces[i], pieces[i + 1] if i + 1 < len(pieces) else None
            if after and (here.id, after.id) == pair and words[i] == words[i + 1]:
                new_pieces.append(Piece(token, here.start, after.end))
            else:
                after = None
                new_pieces.append(here)
            new_words.append(words[i])
            i += 2 if after else 1
        return new_pieces, new_words

    @cached_property
    def _pairs(self) -> list[tuple[tuple[int, int], int]]:
        """By rank: the ids of a merged pair, and the id of what they become."""
        ids = self._inner.get_vocab()
        merges = json.loads(self._inner.to_str())["model"]["merges"]
        return [((ids[left], ids[right]), ids[left + right]) for left, right in merges]

    @cached_property
    def _ranks(self) -> dict[tuple[int, int], int]:
        return {pair: rank for rank, (pair, _) in enumerate(self._pairs)}

    @cached_property
    def _single(self) -> tokenizers.Tokenizer:
        """This tokenizer before its first merge."""
        inner = tokenizers.Tokenizer.from_str(self._inner.to_str())
        inner.model = models.BPE(self._inner.get_vocab(), [])
        return inner
