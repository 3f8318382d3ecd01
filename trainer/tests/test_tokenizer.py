from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import tokenizers

from trainer import tokenizer
from trainer.tokenizer import BPE, KINDS, Bytes, Characters, Tokenizer, compression, fit, load, to_hub

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
    "\r\n\r\x85\u2028\x1c\xa0",
    "".join(map(chr, range(1, 128))),
    "½ Ａ ﬁ ① İ Σς ẞ",
]
BY_BYTES = ["bytes", "bpe"]
NORMALISED = [(), ("nfc",), ("nfkc", "lowercase", "strip_accents")]


def fitted(kind: str, *, text: str = TEXT, normalise: tuple[str, ...] = ()) -> Tokenizer:
    return fit(kind, text, vocab_size=400, normalise=normalise)


def random_texts(count: int) -> list[str]:
    """Short texts of all of Unicode, and of few characters that meet in every way."""
    rng = random.Random(1)
    pools = [[*range(1, 0xD800), *range(0xE000, 0x11000)], [*map(ord, " \n\r\tab-'.,中の😀é()\u0301\u200d\xa0x")]]
    return ["".join(map(chr, rng.choices(rng.choice(pools), k=rng.randrange(30)))) for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_its_own_text_comes_back_whole(kind: str) -> None:
    its = fitted(kind)
    ids = its.encode(TEXT)
    assert its.decode(ids.tolist()) == its.decode(ids) == TEXT
    assert ids.dtype == np.int64
    assert ids.min() >= 0
    assert ids.max() < its.vocab_size


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_lossless_exactly_when_every_text_comes_back(kind: str) -> None:
    its = fitted(kind)
    came_back = [its.decode(its.encode(text).tolist()) == text for text in [*STRANGE, *random_texts(200)]]
    assert its.lossless == all(came_back)
    assert its.lossless == (kind in BY_BYTES)


@pytest.mark.parametrize("kind", KINDS)
def test_normalisation_is_never_called_lossless(kind: str) -> None:
    assert not fitted(kind, normalise=("lowercase",)).lossless


@pytest.mark.parametrize("kind", ["characters", "words"])
def test_any_text_comes_back_from_the_tokenizer_fitted_on_it(kind: str) -> None:
    for text in [*STRANGE, *random_texts(200)]:
        its = fitted(kind, text=text)
        assert its.decode(its.encode(text).tolist()) == text


@pytest.mark.parametrize("kind", BY_BYTES)
def test_bytes_spell_every_text(kind: str) -> None:
    assert fitted(kind).unknown("never seen 🦜") == []


def test_characters_leave_out_and_name_what_they_do_not_know() -> None:
    its = Characters.fit("abc中")
    assert its.unknown("xaybx🙂中") == ["x", "y", "🙂"]
    assert its.decode(its.encode("xaybx🙂中").tolist()) == "ab中"
    assert len(its.encode("xyz")) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_lone_surrogate_is_read_as_a_replacement_character(kind: str) -> None:
    its = fitted(kind, text="cat \ud83dcat")
    assert its.decode(its.encode("\ud83dcat").tolist()) == "\ufffdcat"
    assert its.pieces("\ud83d")[0][1:] == (0, 1)
    assert its.encode("\ud83dcat").tolist() == its.encode("\ufffdcat").tolist()
    assert len(fitted(kind).encode("\udc00cat")) > 0


def test_the_id_of_a_byte_is_the_byte() -> None:
    assert Bytes.fit().encode("é中").tolist() == [*"é中".encode()]
    assert Bytes.fit().vocab_size == 256


@pytest.mark.parametrize("normalise", NORMALISED)
@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded_it_is_the_same(kind: str, normalise: tuple[str, ...], tmp_path: Path) -> None:
    its = fitted(kind, normalise=normalise)
    its.save(tmp_path)
    loaded = load(tmp_path)
    assert type(loaded) is type(its)
    assert loaded.normalise == normalise
    assert loaded.vocab_size == its.vocab_size
    assert np.array_equal(loaded.encode(TEXT), its.encode(TEXT))
    assert [*map(loaded.token_bytes, range(its.vocab_size))] == [*map(its.token_bytes, range(its.vocab_size))]


def test_a_folder_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'syllables' is none of characters, bytes, bpe, words"):
        fit("syllables", TEXT, vocab_size=300)


@pytest.mark.parametrize("kind", ["characters", *BY_BYTES])
def test_bytes_of_tokens_join_to_the_text(kind: str) -> None:
    its = fitted(kind)
    assert b"".join(map(its.token_bytes, its.encode(TEXT).tolist())) == TEXT.encode()


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_stream_writes_joins_to_the_text(kind: str) -> None:
    its = fitted(kind)
    ids = its.encode(TEXT).tolist()
    for cut in (0, 1, len(ids) // 2, len(ids) - 60):
        before = its.decode(ids[:cut])
        if not before.endswith("\ufffd"):  # a stream does not know of half a character before it
            assert before + "".join(map(its.stream(ids[:cut]), ids[cut:])) == TEXT


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_are_the_tokens_at_their_places(kind: str) -> None:
    for text in [*STRANGE, *random_texts(100)]:
        its = fitted(kind, text=text if kind == "words" else TEXT + text)
        pieces = its.pieces(text)
        assert [piece.id for piece in pieces] == its.encode(text).tolist()
        assert all(its.token_bytes(id_) in text[start:end].encode() for id_, start, end in pieces)


@pytest.mark.parametrize("kind", ["characters", *BY_BYTES])
def test_pieces_leave_nothing_out(kind: str) -> None:
    its = fitted(kind)
    covered = {i for piece in its.pieces(TEXT) for i in range(piece.start, piece.end)}
    assert covered == set(range(len(TEXT)))


@pytest.mark.parametrize("kind", BY_BYTES)
def test_bytes_inside_a_character_have_its_place(kind: str) -> None:
    pieces = fitted(kind, text="plain words only").pieces("a中b")
    assert [(piece.start, piece.end) for piece in pieces] == [(0, 1), (1, 2), (1, 2), (1, 2), (2, 3)]


def test_half_a_character_is_shown_by_its_bytes_and_decodes_to_a_replacement() -> None:
    its = BPE.fit("plain words only", 300)
    ids = its.encode("中").tolist()
    assert [its.token_text(i) for i in ids] == ["⟨E4⟩", "⟨B8⟩", "⟨AD⟩"]
    assert its.decode(ids[:2]) == "\ufffd"
    assert fitted("characters").token_text(fitted("characters").encode("注")[0]) == "注"


@pytest.mark.parametrize("normalise", NORMALISED)
@pytest.mark.parametrize("kind", KINDS)
def test_the_hub_gives_the_same_ids_after_a_round_trip_by_file(
    kind: str, normalise: tuple[str, ...], tmp_path: Path
) -> None:
    its = fitted(kind, normalise=normalise)
    to_hub(its).save(str(tmp_path / "tokenizer.json"))
    hub = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in [TEXT, *STRANGE, *random_texts(100)]:
        assert hub.encode(text).ids == its.encode(text).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_the_hub_decodes_ordinary_text_alike(kind: str) -> None:
    text = 'The cat (on the mat) said: "I can\'t."\nIt sat. 注意力机制，是技术。\n\n  def f(x):\n\treturn  x '
    its = fitted(kind, text=text)
    assert to_hub(its).decode(its.encode(text).tolist()) == its.decode(its.encode(text).tolist()) == text


def test_changing_a_hub_leaves_the_tokenizer_as_it_was() -> None:
    its = fitted("bpe")
    to_hub(its).add_special_tokens(["<pad>"])
    assert "<pad>" not in to_hub(its).get_vocab()


def test_compression_counts_tokens_and_bytes() -> None:
    found = compression(fitted("characters", text="中a"), "中a中a")
    assert (found.tokens, found.bytes) == (4, 8)
    assert found.tokens_per_1000_bytes == 500
    assert found.bytes_per_token == 2
    empty = compression(fitted("bpe"), "")
    assert (empty.tokens_per_1000_bytes, empty.bytes_per_token) == (0, 0)


def test_every_family_is_exported() -> None:
    assert {family.__name__ for family in KINDS.values()} <= set(tokenizer.__all__)
