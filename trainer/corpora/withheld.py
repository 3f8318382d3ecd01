"""What is taken out of a text to grade with, drawn from a secret seed. Called by `trainer.hidden`.

No text has a part that nobody has seen: everybody can read all of it. So the model to be graded is trained anew on the
text without the blocks that the seed draws, and measured on these. Whoever made the recipe cannot know which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from trainer.corpora.draws import Draws

BLOCK = 1_000
"""Fewest characters of a block, whole lines."""

SHARE, MOST = 0.05, 40_000
"""Part of a text that is taken out, and most characters."""


def withheld(text: str, secret: str) -> tuple[str, str]:
    """The rest of a text, and what was taken out, both in their order.

    A block that holds the text's last occurrence of a character stays, so that every character can be learnt.
    """
    blocks = list(_blocks(text))
    wanted = min(MOST, int(len(text) * SHARE))
    left = Counter(text)
    out: set[int] = set()
    size = 0
    for place in Draws("withheld", secret).shuffled(range(len(blocks))):
        if size >= wanted:
            break
        held = Counter(blocks[place])
        if all(left[character] > count for character, count in held.items()):
            left -= held
            out.add(place)
            size += len(blocks[place])
    rest = "".join(block for place, block in enumerate(blocks) if place not in out)
    return rest, "".join(block for place, block in enumerate(blocks) if place in out)


def _blocks(text: str) -> Iterator[str]:
    """The text in pieces of whole lines; one long line is cut."""
    block: list[str] = []
    size = 0
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), BLOCK):
            piece = line[start : start + BLOCK]
            block.append(piece)
            size += len(piece)
            if size >= BLOCK:
                yield "".join(block)
                block, size = [], 0
    if block:
        yield "".join(block)
