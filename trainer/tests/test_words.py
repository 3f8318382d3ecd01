from __future__ import annotations

import pytest

from trainer.tokenizer.words import UNKNOWN_ID, Words


def words(text: str, *, vocab_size: int = 1_000) -> Words:
    return Words.fit(text, vocab_size=vocab_size)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k1 v3 ? k2 -> ok", ["k1", "v3", "?", "k2", "-", "￭>", "ok"]),
        ("Yes, I can't.", ["Yes", "￭,", "I", "can't", "￭."]),
        ("well-known 3.14 os.path", ["well-known", "3.14", "os.path"]),
        ("a - b -c d- 'e'", ["a", "-", "b", "-", "￭c", "d", "￭-", "'", "￭e", "￭'"]),
        ("注意力，用GPU算 5 次。", [*"注意力", "￭，", "用", "￭GPU", "算", "5", " ", "次", "￭。"]),
        ("ひらカナー", list("ひらカナー")),
        ("한국어 단어", ["한국어", "단어"]),
        ("a\n\n  b\r\nc\td  e ", ["a", "\n", "\n", "  ", "b", "\r\n", "c", "\t", "d", "  ", "e", " "]),
        ("naïve cafe\u0301", ["naïve", "cafe\u0301"]),
        ("", []),
    ],
)
def test_one_rule_cuts_symbols_and_prose(text: str, expected: list[str]) -> None:
    assert words(text).split(text) == expected


def test_the_most_frequent_words_come_first_and_of_equals_the_first_in_the_text() -> None:
    its = words("b a c c d a c", vocab_size=4)
    assert [its.token_text(i) for i in range(its.vocab_size)] == ["<unk>", "c", "a", "b"]


def test_a_word_beyond_the_vocabulary_is_named_and_has_the_unknown_id() -> None:
    its = words("to be or not to be")
    assert its.encode("to see, or see").tolist().count(UNKNOWN_ID) == 3
    assert its.unknown("to see, or see") == ["see", ","]
    assert its.decode(its.encode("to see or").tolist()) == "to <unk> or"
    assert words("a b", vocab_size=1).encode("a b").tolist() == [UNKNOWN_ID, UNKNOWN_ID]


def test_text_that_spells_the_unknown_word_is_no_special_token() -> None:
    its = words("<unk> a")
    assert UNKNOWN_ID not in its.encode("<unk> a")
    assert its.decode(its.encode("<unk> a").tolist()) == "<unk> a"


def test_the_mark_for_glued_words_in_a_text_is_replaced() -> None:
    its = words("a￭b")
    assert its.decode(its.encode("a￭b").tolist()) == "a\ufffdb"


def test_a_stream_goes_on_with_the_space_that_the_text_before_asks_for() -> None:
    its = words("the cat, sat\n中")
    the, cat, comma, _, newline, sign = (
        its.encode(word).tolist()[-1] for word in ("the", "cat", "x,", "sat", "\n", "中")
    )
    assert its.stream()(the) == "the"
    assert its.stream([the])(cat) == " cat"
    assert its.stream([cat])(comma) == ","
    assert its.stream([cat, newline])(the) == "the"
    assert its.stream([cat])(sign) == "中"


def test_pieces_lie_on_their_words() -> None:
    text = "Yes, 用GPU."
    assert [text[start:end] for _, start, end in words(text).pieces(text)] == ["Yes", ",", " ", "用", "GPU", "."]
