from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from trainer import tokenizer as tokenizers
from trainer.tokenizer import BPE, Characters, Tokenizer

TEXT = "The cat sat on the mat. " * 20 + "注意力机制是一种技术。\n🙂👩‍👩‍👧 naïve\tcafé\r\n\u2028end\x07"
STRANGE = [
    "",
    " ",
    "\n\n",
    "中文，English 混排。",
    "👩‍👩‍👧🙂",
    "e\u0301é",
    "\U0010ffff\ufeff\u200b",
    "a" * 999,
    "\x00\x7f",
]


def fitted(kind: str) -> Tokenizer:
    return Characters.fit(TEXT) if kind == "characters" else BPE.fit(TEXT, 400)


@pytest.mark.parametrize("kind", ["characters", "bpe"])
def test_its_own_text_comes_back_whole(kind: str) -> None:
    tokenizer = fitted(kind)
    ids = tokenizer.encode(TEXT)
    assert tokenizer.decode(ids.tolist()) == TEXT
    assert ids.min() >= 0
    assert ids.max() < tokenizer.vocab_size


@pytest.mark.parametrize("text", STRANGE)
def test_bpe_brings_any_text_back(text: str) -> None:
    tokenizer = fitted("bpe")
    assert tokenizer.decode(tokenizer.encode(text).tolist()) == text
    assert tokenizer.unknown(text) == []


def test_bpe_brings_random_text_back() -> None:
    rng = random.Random(1)
    tokenizer = fitted("bpe")
    for _ in range(200):
        points = rng.choices([*range(0xD800), *range(0xE000, 0x11000)], k=rng.randrange(30))
        text = "".join(map(chr, points))
        assert tokenizer.decode(tokenizer.encode(text).tolist()) == text


def test_characters_leave_out_and_name_what_they_do_not_know() -> None:
    tokenizer = Characters.fit("abc中")
    assert tokenizer.unknown("xaybx🙂中") == ["x", "y", "🙂"]
    assert tokenizer.decode(tokenizer.encode("xaybx🙂中").tolist()) == "ab中"
    assert len(tokenizer.encode("xyz")) == 0


@pytest.mark.parametrize("kind", ["characters", "bpe"])
def test_a_lone_surrogate_does_no_harm(kind: str) -> None:
    tokenizer = fitted(kind)
    assert "cat" in tokenizer.decode(tokenizer.encode("\ud83dcat").tolist())


@pytest.mark.parametrize("kind", ["characters", "bpe"])
def test_saved_and_loaded_it_is_the_same(kind: str, tmp_path: Path) -> None:
    tokenizer = fitted(kind)
    tokenizer.save(tmp_path)
    loaded = tokenizers.load(tmp_path)
    assert type(loaded) is type(tokenizer)
    assert loaded.vocab_size == tokenizer.vocab_size
    assert np.array_equal(loaded.encode(TEXT), tokenizer.encode(TEXT))
    assert [loaded.token_bytes(i) for i in range(loaded.vocab_size)] == [
        tokenizer.token_bytes(i) for i in range(tokenizer.vocab_size)
    ]


@pytest.mark.parametrize("kind", ["characters", "bpe"])
def test_bytes_of_tokens_join_to_the_text(kind: str) -> None:
    tokenizer = fitted(kind)
    assert b"".join(map(tokenizer.token_bytes, tokenizer.encode(TEXT).tolist())) == TEXT.encode()


def test_bpe_is_learned_alike_each_time_and_makes_text_shorter() -> None:
    first, second = fitted("bpe"), fitted("bpe")
    assert np.array_equal(first.encode(TEXT), second.encode(TEXT))
    assert len(first.encode(TEXT)) < len(TEXT) / 2
    assert 256 < first.vocab_size <= 400


def test_half_a_character_decodes_to_a_replacement() -> None:
    tokenizer = BPE.fit("plain words only", 300)
    ids = tokenizer.encode("中").tolist()
    assert len(ids) == 3
    assert tokenizer.decode(ids[:2]) == "\ufffd"
