"""Tables for tests."""

from __future__ import annotations

import json

GOOD = ("great", "fine", "lovely")
BAD = ("poor", "awful", "dull")


def reviews_csv(count: int = 60) -> bytes:
    """Short opinions with their label, half of each."""
    lines = ["stars,opinion,mood"]
    for number in range(count):
        words, mood = (GOOD, "good") if number % 2 else (BAD, "bad")
        lines.append(f'{number % 5},"The film number {number} was {words[number % 3]}, I think",{mood}')
    return "\n".join(lines).encode()


def pairs_jsonl(count: int = 60) -> bytes:
    """Rows of letters with the same rows backwards."""
    rows = [f"{number:b}".replace("0", "a ").replace("1", "b ").strip() for number in range(64, 64 + count)]
    return "\n".join(json.dumps({"question": row, "answer": row[::-1]}) for row in rows).encode()
