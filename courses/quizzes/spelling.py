"""How typed words and tensor shapes are compared, as pure functions. Called by grading and by the loader.

Both are brought to one spelling first, so that what means the same reads the same.
"""

from __future__ import annotations

import re
import unicodedata

_SIGN = re.compile(r"(?<![\w.])[-−–](?=[\d.])")
_POINT = re.compile(r"(?<=\d)[.,](?=\d)")
_KEPT = {"\ue000": "-", "\ue001": "."}
_BRACKETS = re.compile(r"^(torch\.size)?\s*[(\[{<]+|[)\]}>]+$")
_BETWEEN = re.compile(r"[\s,;、×x*·]+")
_SIZE = re.compile(r"\d{1,12}|[a-z]\w{0,19}|\d{1,6}[a-z]\w{0,19}")


def words(text: str) -> str:
    """A short text without what does not change its meaning: width, case, spaces and punctuation.

    The sign of a number and the point in it stay: -1 is not 1, and 3.5 is not 35.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = _POINT.sub("\ue001", _SIGN.sub("\ue000", plain))
    kept = "".join(letter for letter in plain if unicodedata.category(letter)[0] not in "PZC" or letter in _KEPT)
    return "".join(_KEPT.get(letter, letter) for letter in kept)


def code(text: str) -> str:
    """A piece of code without its spaces; case and punctuation count in code."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def shape(text: str) -> tuple[str, ...]:
    """The sizes of a tensor in their order: "12×64", "(12, 64)" and "[12 64]" are ("12", "64"). Empty when unreadable.

    Sizes are numbers or names; letters count without case, an "x" stands between sizes.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    plain = _BRACKETS.sub("", _BRACKETS.sub("", plain)).strip(" ,")
    sizes = [size for size in _BETWEEN.split(plain) if size]
    if not all(_SIZE.fullmatch(size) and size.isascii() for size in sizes):
        return ()
    return tuple(str(int(size)) if size.isdigit() else size for size in sizes)
