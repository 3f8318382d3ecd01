from __future__ import annotations

import pytest

from trainer.tokenizer import fit
from trainer.tokenizer.normalise import NORMALISATIONS, checked


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        ((), "É e\u0301 Ａ", "É e\u0301 Ａ"),
        (("nfc",), "e\u0301 Ａ", "é Ａ"),
        (("nfkc",), "e\u0301 Ａ ﬁ ①", "é A fi 1"),
        (("lowercase",), "ABC ÄΣ 中", "abc äσ 中"),
        (("strip_accents",), "é n\u0303 Å 한국 中", "e n A 한국 中"),
        (("strip_accents",), "が", "か"),
        (("lowercase", "nfkc", "strip_accents"), "Ｅ\u0301", "e"),
    ],
)
def test_each_normalisation_does_what_it_says(names: tuple[str, ...], text: str, expected: str) -> None:
    assert fit("characters", text, vocab_size=0, normalise=names).normalised(text) == expected


@pytest.mark.parametrize("kind", ["characters", "bytes", "bpe", "words"])
@pytest.mark.parametrize("name", NORMALISATIONS)
def test_every_tokenizer_reads_the_normalised_text(kind: str, name: str) -> None:
    text = "É e\u0301 Ａb ﬁ"
    its = fit(kind, text, vocab_size=300, normalise=[name])
    assert its.decode(its.encode(text).tolist()) == its.normalised(text)
    assert its.unknown(text) == []


def test_pieces_point_into_the_text_as_it_came() -> None:
    its = fit("characters", "ÉA", vocab_size=0, normalise=["nfc", "lowercase"])
    assert [(its.token_text(id_), start, end) for id_, start, end in its.pieces("E\u0301A")] == [
        ("é", 0, 2),
        ("a", 2, 3),
    ]


def test_names_are_put_in_order_once_and_an_unknown_one_is_refused() -> None:
    assert checked(["lowercase", "nfc", "lowercase"]) == ("nfc", "lowercase")
    with pytest.raises(ValueError, match="'stem' is none of nfc, nfkc, lowercase, strip_accents"):
        fit("bytes", "", vocab_size=0, normalise=["stem"])
