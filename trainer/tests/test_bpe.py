"""The library's byte-pair encoding beside a plain one of thirty lines."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from tokenizers import pre_tokenizers

from trainer.tokenizer.bpe import BPE, MAX_STEPPED
from trainer.tokenizer.single_bytes import byte_letters

ENGLISH = "the cat sat on the mat, and the rat that sat on the cat sat in the hat " * 3
CHINESE = "注意力机制，让模型看见整个句子；注意力，就是看哪里。" * 3
TEXTS = [
    ENGLISH,
    CHINESE,
    ENGLISH + CHINESE,
    "low lower lowest new newer newest wide wider widest\n" * 2,
    "abababab ab aab",
]

Words = list[tuple[bytes, ...]]
Merges = list[tuple[bytes, bytes]]


def split(text: str) -> Words:
    """Words of single bytes, cut as GPT-2 does."""
    byte_of = {letter: byte for byte, letter in byte_letters().items()}
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    return [tuple(bytes([byte_of[letter]]) for letter in piece) for piece, _ in pieces]


def merge(word: tuple[bytes, ...], pair: tuple[bytes, bytes]) -> tuple[bytes, ...]:
    """The word with every such pair joined, from left to right."""
    out: list[bytes] = []
    for part in word:
        # A part that was just joined is longer than the pair's left part, so it cannot be joined again.
        if out and (out[-1], part) == pair:
            out[-1] += part
        else:
            out.append(part)
    return tuple(out)


def learn(text: str, vocab_size: int) -> Merges:
    """The merges of a text: the most frequent pair, of equals the one with the smaller ids."""
    words = split(text)
    ids = {bytes([byte]): i for i, byte in enumerate(sorted(byte_letters(), key=byte_letters().__getitem__))}
    merges: Merges = []
    while len(ids) < vocab_size:
        counts = Counter(pair for word in words for pair in pairwise(word))
        best = min(counts, key=lambda pair: (-counts[pair], ids[pair[0]], ids[pair[1]]), default=None)
        if best is None or counts[best] < 2:
            break
        merges.append(best)
        ids.setdefault(best[0] + best[1], len(ids))
        words = [merge(word, best) for word in words]
    return merges


@pytest.mark.parametrize("text", TEXTS)
def test_the_merges_are_those_of_the_plain_algorithm(text: str) -> None:
    assert BPE.fit(text, 330).merges() == learn(text, 330)


@pytest.mark.parametrize("text", TEXTS)
def test_encoding_applies_the_merges_in_their_order(text: str) -> None:
    bpe = BPE.fit(ENGLISH + CHINESE, 330)
    words = split(text)
    for pair in bpe.merges():
        words = [merge(word, pair) for word in words]
    assert [bpe.token_bytes(token) for token in bpe.encode(text).tolist()] == [part for word in words for part in word]


def test_it_is_learned_alike_each_time_and_makes_text_shorter() -> None:
    first, second = BPE.fit(ENGLISH, 400), BPE.fit(ENGLISH, 400)
    assert first.merges() == second.merges()
    assert len(first.encode(ENGLISH)) < len(ENGLISH) / 2
    assert 256 < first.vocab_size <= 400


def test_no_pair_is_merged_that_occurs_once() -> None:
    assert BPE.fit("abc", 300).merges() == []
    assert BPE.fit("ab ab", 300).merges() == [(b"a", b"b")]
    assert BPE.fit("", 300).vocab_size == 256


def test_the_steps_go_from_bytes_to_the_pieces_by_one_merge_each() -> None:
    bpe = BPE.fit(ENGLISH + CHINESE, 330)
    text = "the chat 注意，that"
    states = bpe.steps(text)
    assert [bpe.token_bytes(piece.id) for piece in states[0]] == [bytes([byte]) for byte in text.encode()]
    assert states[-1] == bpe.pieces(text)
    merges = {left + right for left, right in bpe.merges()}
    for before, after in pairwise(states):
        new = {piece.id for piece in set(after) - set(before)}
        assert len(new) == 1
        assert bpe.token_bytes(new.pop()) in merges
        assert b"".join(bpe.token_bytes(piece.id) for piece in after) == text.encode()


def test_one_step_merges_every_such_pair_from_left_to_right() -> None:
    bpe = BPE.fit("aa aa b", 257)
    states = bpe.steps("aaa aa")
    assert [[bpe.token_bytes(piece.id) for piece in state] for state in states] == [
        [b"a", b"a", b"a", b" ", b"a", b"a"],
        [b"aa", b"a", b" ", b"aa"],
    ]
    assert [piece[1:] for piece in states[1]] == [(0, 2), (2, 3), (3, 4), (4, 6)]


def test_steps_are_bounded() -> None:
    bpe = BPE.fit(ENGLISH, 330)
    assert len(bpe.steps(ENGLISH, limit=3)) == 4
    assert bpe.steps("") == [[]]
    with pytest.raises(ValueError, match=f"at most {MAX_STEPPED} characters"):
        bpe.steps("a" * (MAX_STEPPED + 1))
