"""What may be done to a text before it is cut into tokens. None of it can be undone. Used by every tokenizer.

The rules are the Hugging Face library's, so that an exported tokenizer does exactly the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tokenizers import normalizers

NORMALISATIONS = ("nfc", "nfkc", "lowercase", "strip_accents")
"""In the order in which they are applied, whatever order they are named in.

- `nfc`: letter and combining accent become one character (Unicode UAX 15).
- `nfkc`: the same, and wide letters, ligatures and circled digits become plain ones: Ａ → A, ﬁ → fi.
- `lowercase`: A → a, character by character.
- `strip_accents`: é → e. Takes more than accents from some scripts: Japanese が → か, Indic vowel signs.
"""

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def checked(names: Sequence[str]) -> tuple[str, ...]:
    """The names in the order of NORMALISATIONS, each once. Raises ValueError for one that is not there."""
    for name in names:
        if name not in NORMALISATIONS:
            raise ValueError(f"normalise: {name!r} is none of {', '.join(NORMALISATIONS)}")
    return tuple(name for name in NORMALISATIONS if name in names)


def rules(names: Sequence[str]) -> list[normalizers.Normalizer]:
    """The library's objects for checked names."""
    of: dict[str, list[normalizers.Normalizer]] = {
        "nfc": [normalizers.NFC()],
        "nfkc": [normalizers.NFKC()],
        "lowercase": [normalizers.Lowercase()],
        "strip_accents": [normalizers.NFD(), normalizers.StripAccents(), normalizers.NFC()],
    }
    return [rule for name in names for rule in of[name]]


def sound(text: str) -> str:
    """The text with U+FFFD for lone surrogates (half an emoji from a browser), which have no UTF-8 form. As long as
    before.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return LONE_SURROGATE.sub("\ufffd", text)
    return text
