from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from trainer.models.base import Model
from trainer.models.registry import build
from trainer.probe.lens import lens
from trainer.probe.subject import ProbeError, Subject
from trainer.probe.tokens import decoding, expected, surprise
from trainer.sample import next_probabilities
from trainer.tests.factories import tiny_config
from trainer.tests.probe_factories import ALPHABET, check_json, subject
from trainer.tokenizer import fit

LABELS = ("bad", "fair", "good")


def random_model(**changes: Any) -> Model:
    return build(tiny_config(**changes), torch.Generator().manual_seed(1)).eval()


def ids(asked: Subject, text: str) -> torch.Tensor:
    return torch.from_numpy(asked.tokenizer.encode(text))[None]


def test_the_distribution_is_the_models_own_and_sums_to_one() -> None:
    asked = subject()
    found = expected(asked, "abc 猫")
    torch.testing.assert_close(found.logits, asked.model(ids(asked, "abc 猫"))[0, -1].detach())
    assert float(found.probabilities.sum()) == pytest.approx(1)
    assert (found.position, found.truth) == (4, None)
    every = found.likeliest(100)
    assert len(every) == len(ALPHABET)
    assert [candidate.rank for candidate in every] == list(range(1, len(ALPHABET) + 1))
    for candidate in every:
        assert candidate.probability == pytest.approx(float(found.probabilities[candidate.id]))
        assert 2**-candidate.bits == pytest.approx(candidate.probability)
    assert found.entropy == pytest.approx(sum(one.probability * one.bits for one in every))


def test_equal_logits_share_the_better_rank_and_an_even_guess_has_the_most_entropy() -> None:
    asked = subject()
    with torch.no_grad():
        asked.model.embedding.zero_()
        assert asked.model.head is not None
        asked.model.head.zero_()
    found = expected(asked, "abc")
    assert {candidate.rank for candidate in found.likeliest()} == {1}
    assert found.entropy == pytest.approx(math.log2(len(ALPHABET)))


def test_inside_a_text_the_token_that_follows_is_ranked() -> None:
    asked = subject()
    found = expected(asked, "abc", position=-2)
    assert found.position == 1
    assert found.truth is not None
    assert found.names[found.truth] == "c"
    values = check_json(found)
    assert values["truth"]["name"] == "c"
    assert sum(one["probability"] for one in values["likeliest"]) + values["others"] == pytest.approx(1, abs=1e-4)
    assert len(values["logits"]) == len(ALPHABET)


def test_each_token_has_the_text_that_it_would_add() -> None:
    found = expected(subject(), "abc")
    assert found.pieces == tuple(sorted(ALPHABET))
    assert expected(subject(), "abc", position=0).pieces == ()
    assert expected(subject("encoder"), "ab▢").pieces == ()


def test_a_part_of_a_character_and_the_unknown_word_add_nothing_and_words_bring_their_space() -> None:
    asked = subject()
    bytewise = replace(asked, tokenizer=fit("bytes", "ab", vocab_size=0), model=random_model(vocab_size=256))
    found = expected(bytewise, "ab")
    assert (found.names[0xE4], found.pieces[0xE4], found.pieces[ord("b")]) == ("⟨E4⟩", "", "b")
    words = fit("words", "one two, three", vocab_size=100)
    by_words = replace(asked, tokenizer=words, model=random_model(vocab_size=words.vocab_size))
    assert expected(by_words, "one").pieces == ("", " one", " two", ",", " three")


def test_a_masked_model_is_asked_about_its_last_hidden_place() -> None:
    asked = subject("encoder")
    assert expected(asked, "a▢b▢d").position == 3
    assert expected(asked, "abcd").position == 3
    assert expected(asked, "▢bcd").position == 0


def test_of_a_text_beyond_the_context_the_end_is_read() -> None:
    asked = subject()
    long = "abcdefgh" * 2 + "猫狗"
    assert torch.equal(expected(asked, long).logits, expected(asked, long[-12:]).logits)
    assert expected(asked, long).left_out == 6


def test_a_classifier_expects_labels_of_the_whole_text() -> None:
    asked = subject("encoder", task="classify", labels=LABELS, pool="mean")
    found = expected(asked, "abc")
    assert (found.names, found.position) == (LABELS, None)
    tagger = expected(subject("encoder", task="tag", labels=LABELS), "ab cd", position=2)
    assert tagger.tokens == ("a", "b", "c", "d")
    assert tagger.names == LABELS


def test_a_hidden_token_is_guessed_from_both_sides() -> None:
    asked = subject("encoder")
    found = expected(asked, "ab▢d", position=2)
    assert found.tokens == ("a", "b", "⟨mask⟩", "d")
    assert found.truth is None
    assert not torch.equal(found.logits, expected(asked, "ab▢e", position=2).logits)


@pytest.mark.parametrize("family", ["gpt", "lstm", "seq2seq"])
def test_a_target_goes_on_after_its_source(family: str) -> None:
    asked = subject(family, task="sequence")
    begun = expected(asked, "abc", "h")
    assert begun.truth is None
    assert begun.tokens[-2:] == ("⟨separator⟩", "h")
    inside = expected(asked, "abc", "hg", position=-2)
    torch.testing.assert_close(inside.logits, begun.logits, rtol=1e-4, atol=1e-5)
    assert inside.truth is not None
    assert inside.names[inside.truth] == "g"


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"), [(0.7, 0, 1.0), (1.0, 3, 1.0), (1.5, 5, 0.6), (0.0, 0, 1.0)]
)
def test_decoding_is_what_sampling_does(temperature: float, top_k: int, top_p: float) -> None:
    logits = torch.randn(20, generator=torch.Generator().manual_seed(1))
    found = decoding(logits.tolist(), temperature=temperature, top_k=top_k, top_p=top_p)
    drawn = next_probabilities(logits[None], temperature=temperature, top_k=top_k, top_p=top_p)[0]
    assert torch.equal(found.final, drawn)
    for stage in (found.tempered, found.after_k, found.final):
        assert float(stage.sum()) == pytest.approx(1, abs=1e-6)
    values = check_json(found)
    assert values["kept"] == int((drawn > 0).sum())
    assert [row["id"] for row in values["rows"]] == logits.argsort(
        descending=True, stable=True
    ).tolist() or not temperature
    assert values["entropy"] <= values["entropy_before"] + 1e-4


def test_decoding_without_switches_is_the_plain_softmax() -> None:
    logits = torch.tensor([1.0, 2.0, 0.0])
    found = decoding(logits, temperature=1.0)
    torch.testing.assert_close(found.final, logits.softmax(0))
    assert torch.equal(found.scaled, logits)


def test_surprise_is_the_loss_of_each_token() -> None:
    asked = subject()
    found = surprise(asked, "abc 猫x狗")
    row = ids(asked, "abc 猫狗")
    losses = cross_entropy(asked.model(row)[0, :-1], row[0, 1:], reduction="none").detach()
    assert found.bits[0] is None
    assert found.measured == pytest.approx((losses / math.log(2)).tolist(), rel=1e-4)
    assert found.unknown == ("x",)
    values = check_json(found)
    assert values["loss"] == pytest.approx(float(losses.mean()), abs=1e-3)
    # b, c and the space have one byte each, a Chinese character three.
    assert values["bits_per_byte"] == pytest.approx(float(losses.sum()) / math.log(2) / 9, abs=1e-3)


@pytest.mark.parametrize("family", ["gpt", "rnn"])
def test_each_token_of_a_long_text_is_predicted_from_half_a_context_at_least(family: str) -> None:
    asked = subject(family)
    text = ("abcdefgh 猫狗" * 5)[:41]
    found = surprise(asked, text)
    row = ids(asked, text)
    assert len(found.measured) == 40
    for place in (1, 12, 13, 19, 24, 40):
        # Windows of twelve start at every sixth token, the last one as late as it can.
        start = 0 if place <= 12 else min(6 * -(-(place - 12) // 6), 40 - 12)
        window = row[:, start:place]
        assert 6 < window.shape[1] <= 12 or start == 0
        expected_loss = cross_entropy(asked.model(window)[0, -1:], row[0, place : place + 1])
        assert found.bits[place] == pytest.approx(expected_loss.item() / math.log(2), rel=1e-3)


def test_a_masked_model_is_asked_for_each_token_hidden_alone() -> None:
    asked = subject("encoder")
    found = surprise(asked, "abcd")
    row = ids(asked, "abcd")
    for place in range(4):
        hidden = row.clone()
        hidden[0, place] = len(ALPHABET) + 1
        loss = cross_entropy(asked.model(hidden)[0, place : place + 1], row[0, place : place + 1])
        assert found.bits[place] == pytest.approx(loss.item() / math.log(2), rel=1e-3)
    assert found.bits_per_byte is None


@pytest.mark.parametrize("family", ["gpt", "seq2seq"])
def test_of_a_pair_only_the_target_is_measured_and_its_end_stands_for_no_bytes(family: str) -> None:
    found = surprise(subject(family, task="sequence"), "abc", "hg")
    assert [name for name in found.tokens if name] == ["h", "g", "⟨end⟩"]
    assert len(found.measured) == 3
    assert found.bits_per_byte == pytest.approx(sum(found.measured[:2]) / 2)


def test_one_token_alone_and_an_unknown_text_surprise_nobody() -> None:
    found = surprise(subject(), "a")
    assert (found.measured, found.bits_per_byte) == ([], None)
    check_json(found)
    with pytest.raises(ProbeError, match="nothing_known"):
        surprise(subject(), "xyz")


def test_questions_that_a_task_cannot_answer_are_refused() -> None:
    with pytest.raises(ProbeError, match="not_about_text"):
        expected(subject("skipgram"), "abc")
    with pytest.raises(ProbeError, match="not_about_text"):
        surprise(subject("encoder", task="classify", labels=LABELS, pool="mean"), "abc")
    with pytest.raises(ProbeError) as error:
        expected(subject(), "abc", position=3)
    assert error.value.params == {"field": "position", "low": -3, "high": 2, "found": 3}


@pytest.mark.parametrize(
    ("family", "task"),
    [("gpt", "language"), ("rnn", "language"), ("lstm", "sequence"), ("encoder", "masked"), ("seq2seq", "sequence")],
)
def test_the_lens_at_the_last_layer_is_the_models_output(family: str, task: str) -> None:
    asked = subject(family, task=task)
    found = lens(asked, "abc", "hg")
    assert len(found.layers) == 3
    torch.testing.assert_close(found.probabilities.sum(-1), torch.ones(3, len(found.tokens)).double())
    place = len(found.tokens) - 1
    last = expected(asked, "abc", "hg").probabilities
    torch.testing.assert_close(found.probabilities[-1, place], last, rtol=1e-4, atol=1e-6)
    best = found.layers[-1][place].likeliest[0]
    assert best.probability == pytest.approx(float(last.max()), rel=1e-3)


def test_the_lens_follows_the_true_next_token() -> None:
    asked = subject()
    found = lens(asked, "abc")
    for layer, places in enumerate(found.layers):
        truth = places[1].truth
        assert truth is not None
        assert truth.name == "c"
        token = int(asked.tokenizer.encode("c")[0])
        assert truth.probability == pytest.approx(float(found.probabilities[layer, 1, token]))
        assert places[1].rank == 1 + int((found.probabilities[layer, 1] > found.probabilities[layer, 1, token]).sum())
        assert places[2].truth is None
    check_json(found)


def test_the_lens_on_a_pooling_model_sees_one_answer() -> None:
    found = lens(subject("encoder", task="classify", labels=LABELS, pool="mean"), "abc")
    assert [len(places) for places in found.layers] == [1, 1, 1]
    assert {guess.name for guess in found.layers[0][0].likeliest} == set(LABELS)


def test_a_model_without_layers_has_no_lens() -> None:
    with pytest.raises(ProbeError, match="no_layers"):
        lens(subject("bag", labels=LABELS), "abc")
