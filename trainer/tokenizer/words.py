"""One token a word, by one rule for generated symbols and for prose."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Self

import numpy as np
import tokenizers
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers

from trainer.tokenizer.base import Ids, Piece, Tokenizer
from trainer.tokenizer.normalise import sound

UNKNOWN = "<unk>"
UNKNOWN_ID = 0

GLUE = "\uffed"
"""Starts a token that follows another without a space; OpenNMT's Tokenizer has the same mark."""

# Every character is in exactly one of the four classes, by code point, so that Python and the library agree.
SPACE = "\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
SIGN = "々〆〇ぁ-ゖゝ-ゟァ-ヺー-ヿ\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Chinese and Japanese, which put no spaces between words."""

LETTER = rf"[\w&&[^{SPACE}{SIGN}]]"
MARK = rf"[^\w{SPACE}{SIGN}{GLUE}]"
JOINT = r"['’.\-]"
"""Inside a word these belong to it: don't, well-known, 3.14, os.path."""

SEAM = "|".join(
    [
        rf"(?<={LETTER})(?={MARK})(?!{JOINT}{LETTER})",
        rf"(?<=[{SIGN}])(?={MARK}|{LETTER})",
        rf"(?<={MARK})(?={MARK})",
        rf"(?<={MARK})(?={LETTER})(?<!{LETTER}{JOINT})",
    ]
)
"""Where a glued token starts."""

TOKEN = "|".join(
    [
        rf"{GLUE}?{LETTER}+(?:{JOINT}{LETTER}+)*",
        rf"{GLUE}?{MARK}",
        rf"[{SIGN}]",
        r"\r\n|\r|\n",
        # One space before a word or mark goes without saying, unless other white space, or nothing, is before it.
        rf"(?!(?<=[^{SPACE}]) (?:{LETTER}|{MARK}))[{SPACE}&&[^\r\n]]+",
    ]
)

IS_SPACE = re.compile(f"[{SPACE}]")
STANDS_OFF = re.compile(f"[^{SPACE}{SIGN}{GLUE}]")


class Words(Tokenizer):
    """One token a word, the most frequent ones first; of equals, those that a text has first.

    What white space separates is a word, so that a generated text has one token a symbol. Punctuation and other marks
    are words of their own. A word or mark that follows another without a space starts with GLUE: `Yes, I can.` is
    `Yes` `￭,` `I` `can` `￭.`. Chinese and Japanese characters are single words and never glued. One space between two
    words goes without saying; every other white space is a token.

    Not lossless: a word that it does not know comes back as `<unk>`. A text of known words comes back whole, but for
    the character GLUE itself, which is read as U+FFFD.
    """

    kind = "words"

    def __init__(self, vocabulary: Sequence[str], *, normalise: Sequence[str] = ()) -> None:
        """`vocabulary` without the unknown word."""
        super().__init__(normalise)
        glue = [normalizers.Replace(GLUE, "\ufffd"), normalizers.Replace(Regex(SEAM), GLUE)]
        self._gluing = normalizers.Sequence([self._rules, *glue])
        self._cut = pre_tokenizers.Split(Regex(TOKEN), "removed", invert=True)
        self._words = [UNKNOWN, *vocabulary]
        self._is_space = [IS_SPACE.match(word) is not None for word in self._words]
        self._stands_off = [STANDS_OFF.match(word) is not None for word in self._words]

    @classmethod
    def fit(cls, text: str, *, vocab_size: int, normalise: Sequence[str] = ()) -> Self:
        """Take the most frequent words of a text; `vocab_size` counts the unknown word too."""
        counts = Counter(cls([], normalise=normalise).split(text))
        return cls([word for word, _ in counts.most_common(max(0, vocab_size - 1))], normalise=normalise)

    @classmethod
    def from_hub(cls, inner: tokenizers.Tokenizer, *, normalise: Sequence[str] = ()) -> Self:
        vocabulary = inner.get_vocab()
        return cls(sorted(vocabulary, key=vocabulary.__getitem__)[1:], normalise=normalise)

    @cached_property
    def hub(self) -> tokenizers.Tokenizer:
        vocabulary = {word: i for i, word in enumerate(self._words)}
        inner = tokenizers.Tokenizer(models.WordLevel(vocabulary, UNKNOWN))
        inner.normalizer = self._gluing
        inner.pre_tokenizer = self._cut
        inner.decoder = decoders.Sequence(
            [
                # A space before each word that is not glued, but for those that stand off on their own. Gives what
                # `decode` gives, less a space where a text starts with several.
                decoders.WordPiece(prefix=GLUE, cleanup=False),
                decoders.Replace(Regex(rf"^ (?=[{SPACE}{SIGN}])"), ""),
                decoders.Fuse(),
                decoders.Replace(Regex(rf"(?<=[{SPACE}]) (?=[^{SPACE}{SIGN}])"), ""),
            ]
        )
        return inner

    @property
    def vocab_size(self) -> int:
        return len(self._words)

    @property
    def lossless(self) -> bool:
        return False

    def split(self, text: str) -> list[str]:
        """The words of a text, known or not."""
        normalised = self._gluing.normalize_str(sound(text))
        return [word for word, _ in self._cut.pre_tokenize_str(normalised)]

    def encode(self, text: str) -> Ids:
        # The library normalises as it goes.
        return self._encode(sound(text))

    def _encode(self, text: str) -> Ids:
        return np.array(self.hub.encode(text, add_special_tokens=False).ids, dtype=np.int64)

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(map(self.stream(), ids))

    def stream(self, before: Iterable[int] = ()) -> Callable[[int], str]:
        after_space = all(self._is_space[token] for token in [*before][-1:])  # so is the start of a text

        def write(token: int) -> str:
            nonlocal after_space
            word = self._words[token]
            apart = self._stands_off[token] and not after_space
            after_space = self._is_space[token]
            return f" {word}" if apart else word.removeprefix(GLUE)

        return write

    def token_bytes(self, token: int) -> bytes:
        """The word alone, without GLUE and without the space before it."""
        return self._words[token].removeprefix(GLUE).encode()

    def token_text(self, token: int) -> str:
        return self._words[token]

    def pieces(self, text: str) -> list[Piece]:
        # The library counts GLUE as part of the character before it.
        glued = [word.startswith(GLUE) for word in self.split(text)]
        return [
            Piece(piece.id, piece.start + glue, piece.end)
            for piece, glue in zip(super().pieces(text), glued, strict=True)
        ]

    def unknown(self, text: str) -> list[str]:
        known = set(self._words)
        return [word.removeprefix(GLUE) for word in dict.fromkeys(self.split(text)) if word not in known]
