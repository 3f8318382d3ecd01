"""The chapter "history": the trainer's own n-grams, cells and sizes compute every number; both languages state it.

What was measured on trained models stands in the figure; the text must read it as it is drawn.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch

from courses.tests.chapter_reading import COURSE, LANGUAGES, block, missing, quiz_of, right_texts, text_of
from trainer.corpora import corpus_hash, corpus_text
from trainer.models.config import ModelConfig
from trainer.models.lstm import LSTMLayer
from trainer.models.rnn import RNNLayer
from trainer.models.sizes import matched, parameter_count
from trainer.ngram import Ids, KneserNey
from trainer.spec import RunSpec
from trainer.tokenizer import Characters, Words

CHAPTER = "history"
COUNTED_DOCS = "2a95af4ac93f5b719944030ce3769070ddf827d847cba42192afa8da989e5dc4"
TOY = "the cat sat . the cat ran . the dog sat ."
TOY_ZH = "小 猫 坐 。 小 猫 跑 。 小 狗 坐 。"
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

same_docs = pytest.mark.skipif(
    corpus_hash("python-docs") != COUNTED_DOCS, reason="the chapter counts the documentation topics of Python 3.11"
)


def power(value: float, decimals: int = 1) -> str:
    """As "1.5 · 10⁻⁴", its spaces unbreakable."""
    digits, exponent = f"{value:.{decimals}e}".split("e")
    return f"{digits}\u00a0·\u00a010{str(int(exponent)).translate(SUPERSCRIPTS)}"


def small(family: str, width: int = 1) -> ModelConfig:
    """One layer for a vocabulary of two tokens."""
    return ModelConfig(family=family, vocab_size=2, n_outputs=2, context=64, n_layers=1, d_model=width)


def numbered(text: str) -> tuple[list[str], Ids]:
    """The different words of a text in their order, and the text as their places in it."""
    names = list(dict.fromkeys(text.split()))
    return names, np.array([names.index(word) for word in text.split()])


def toy(word: str, after: str | None = None) -> float:
    """P(word | after) of the twelve tokens; without `after` the lower level's: nothing has ever followed that token."""
    names, ids = numbered(TOY)
    history = len(names) if after is None else names.index(after)
    model = KneserNey(ids, vocab_size=len(names), order=2)
    return float(model.probabilities(np.array([[history]]), np.array([names.index(word)]))[0])


def discount(counts: Iterable[int]) -> float:
    """D of these counts of n-grams."""
    found = Counter(counts)
    return found[1] / (found[1] + 2 * found[2])


@cache
def documentation() -> tuple[Ids, int, int]:
    """Ids of the characters, where the held-out tenth begins, and how many different ones there are."""
    text = corpus_text("python-docs")
    characters = Characters.fit(text)
    ids = characters.encode(text)
    return ids, len(ids) * 9 // 10, characters.vocab_size


def sequences(ids: Ids, order: int) -> Ids:
    """Every run of so many tokens as one number each."""
    base = int(ids.max()) + 1
    assert base**order < 2**63
    length = len(ids) - order + 1
    return sum((ids[i : i + length] * base ** (order - 1 - i) for i in range(order)), np.zeros(length, dtype=np.int64))


@same_docs
def test_the_opening_guess_is_the_share_of_new_sequences() -> None:
    text = corpus_text("python-docs")
    cut = len(text) * 9 // 10
    words = Words.fit(text[:cut], vocab_size=10**6)
    train, held_out = words.encode(text[:cut]), words.encode(text[cut:])
    assert words.encode("\ue000").tolist() == [0]  # all that training lacks: a sequence with it is new
    both = sequences(np.concatenate((train, held_out)), 4)
    asked = both[len(train) :]
    share = 1 - float(np.isin(asked, both[: len(train) - 3]).mean())
    for language in LANGUAGES:
        opening = block(CHAPTER, language, "opening")
        assert opening["answer"] == round(100 * share)
        assert f"{len(train):,}" in opening["prompt"]


@pytest.mark.parametrize("row", [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 0)])
def test_two_hidden_numbers_tell_not_bad_from_bad(row: tuple[int, int, int]) -> None:
    first, second, negative = row
    hidden = max(0, first + second), max(0, first + second - 1)
    assert hidden[0] - 2 * hidden[1] == negative
    for language in LANGUAGES:
        assert f"| {first} | {second} | {hidden[0]} | {hidden[1]} | {negative} |" in text_of(CHAPTER, language)


def test_a_linear_score_adds_up() -> None:
    assert right_texts(block(CHAPTER, "en", "linear")) == [f"{0.9 + 0.8 - 0.2:.1f}"]


@same_docs
@pytest.mark.parametrize("order", [2, 3, 4, 5, 6, 8])
def test_the_table_of_orders_counts_the_documentation(order: int) -> None:
    ids, cut, size = documentation()
    loss = KneserNey(ids[:cut], vocab_size=size, order=order).loss(ids[cut - (order - 1) :])
    possible = f"{size**order:,}" if order < 5 else power(size**order, 2)
    every = sequences(ids, order)
    counted, asked = np.unique(every[: cut - order + 1]), every[cut:]
    new = 1 - float(np.isin(asked, counted).mean())
    row = f"| {order} | {possible} | {len(counted):,} | {100 * new:.1f} % | {loss:.3f} |"
    for language in LANGUAGES:
        assert row in text_of(CHAPTER, language)


def test_gains_are_the_differences_of_the_table() -> None:
    assert not missing(CHAPTER, f"{2.316 - 1.700:.3f}", f"{1.238 - 1.199:.3f}")
    why = quiz_of(CHAPTER)["order-table"]["options"][0]["why"]["en"]
    assert all(f"{gain:.3f}" in why for gain in (1.700 - 1.361, 1.361 - 1.238, 1.238 - 1.199))


def test_both_toy_texts_have_the_same_shape() -> None:
    assert (numbered(TOY)[1] == numbered(TOY_ZH)[1]).all()
    assert TOY in text_of(CHAPTER, "en")
    assert TOY_ZH in text_of(CHAPTER, "zh-hans")


def test_kneser_ney_by_hand_is_the_trainers() -> None:
    pairs = Counter(pairwise(TOY.split()))
    upper, lower = discount(pairs.values()), discount(Counter(right for _, right in pairs).values())
    assert (upper, lower) == (5 / (5 + 6), 4 / (4 + 4))
    assert not missing(CHAPTER, f"{upper:.4f}", "4 / (4 + 4) = 0.5", "5 / (5 + 6)")
    assert [toy(word) for word in ("ran", "sat", "the")] == [0.125, 0.25, 0.125]
    ran, sat = toy("ran", "dog"), toy("sat", "dog")
    assert ran == pytest.approx(upper * 0.125)
    assert sat == pytest.approx(1 - upper + upper * 0.25)
    likelihood = toy("dog", "the") * ran * toy(".", "ran")
    assert not missing(CHAPTER, f"{ran:.3f}", f"{1 - upper:.4f}", f"{sat:.3f}", f"{likelihood ** (-1 / 3):.2f}")
    assert right_texts(block(CHAPTER, "en", "after-sat")) == [f"{upper / 2:.3f}"]


def test_adding_one_is_too_generous() -> None:
    assert not missing(CHAPTER, f"{1 / 7:.3f}", f"{2 / 7:.3f}", f"{100 * 5 / 7:.0f} %")
    assert quiz_of(CHAPTER)["add-one"]["answer"] == (2 + 1) / (4 + 6)
    after_a = [right for left, right in pairwise("abacab.") if left == "a"]
    assert right_texts(block(CHAPTER, "en", "bigram")) == [f"{after_a.count('b')}/{len(after_a)}"]


def follow(weight: float, words: int = 50) -> list[tuple[float, float]]:
    """State and gradient at each word, from the trainer's cell with one number."""
    layer = RNNLayer(small("rnn"), torch.Generator()).double()
    with torch.no_grad():
        layer.w_in.fill_(1)
        layer.w_state.fill_(weight)
    first = torch.ones(1, 1, 1, dtype=torch.float64, requires_grad=True)
    rest = torch.zeros(1, words - 1, 1, dtype=torch.float64)
    states, _ = layer(torch.cat((first, rest), dim=1), (torch.zeros(1, 1, dtype=torch.float64),))
    flat = states.flatten()
    return [(float(h.detach()), float(torch.autograd.grad(h, first, retain_graph=True)[0])) for h in flat]


@pytest.mark.parametrize("weight", [0.9, 1.5])
def test_states_and_gradients_are_those_of_the_trainers_cell(weight: float) -> None:
    path = [follow(weight)[word - 1] for word in (1, 2, 3, 10, 50)]
    shown = [[f"{value:.3f}" if value >= 0.0005 else power(value) for value in row] for row in zip(*path, strict=True)]
    for language in LANGUAGES:
        assert all(" | ".join(row) in text_of(CHAPTER, language) for row in shown)


def test_what_the_state_holds_is_a_fixed_point_where_tanh_is_flat() -> None:
    state = follow(1.5)[-1][0]
    assert math.tanh(1.5 * state) == pytest.approx(state)
    assert not missing(CHAPTER, f"{state:.3f} = tanh(1.5 · {state:.3f})", f"{1.5 * (1 - state**2):.2f}")


def test_repeated_factors_are_the_powers_of_the_text() -> None:
    assert not missing(CHAPTER, f"= {0.9**50:.4f}", f"{100 * 0.99**50:.0f} %", f"{1.1**50:.0f}")
    for language in LANGUAGES:
        assert block(CHAPTER, language, "fade")["answer"] == round(100 * 0.9**50, 1)
    assert quiz_of(CHAPTER)["after-twenty"]["answer"] == pytest.approx(100 * 0.8**20, abs=0.01)
    assert quiz_of(CHAPTER)["rnn-step"]["answer"] == pytest.approx(0.5 * (1 - 0.632**2), abs=0.001)


@pytest.mark.parametrize("bias", [1, 3, 5])
def test_the_forget_gate_leaves_what_the_table_says(bias: float) -> None:
    layer = LSTMLayer(small("lstm"), torch.Generator()).double()
    with torch.no_grad():
        layer.w_in.zero_()
        layer.w_state.zero_()
        layer.bias.copy_(torch.tensor([-99.0, bias, 0.0, 0.0]))
    nothing = torch.zeros(1, 1, dtype=torch.float64)
    cell = torch.ones(1, 1, dtype=torch.float64)
    for _ in range(49):
        _, cell = layer.step(nothing, nothing, cell)
    left = float(cell.detach())
    row = f"| {bias} | {1 / (1 + math.exp(-bias)):.3f} | {f'{left:.3f}' if left > 0.0005 else power(left)} |"
    for language in LANGUAGES:
        assert row in text_of(CHAPTER, language)


def test_the_trainer_starts_forget_gates_where_the_text_says() -> None:
    layer = LSTMLayer(small("lstm", 2), torch.Generator())
    assert layer.bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_layers_have_as_many_weights_as_the_text_says() -> None:
    def layer(family: str, width: int) -> int:
        return parameter_count(small(family, width)) - 4 * width  # embedding and head

    assert not missing(CHAPTER, f"{layer('lstm', 64):,}")
    assert f"{layer('rnn', 64):,}".replace(",", "{,}") in text_of(CHAPTER, "en")
    assert quiz_of(CHAPTER)["lstm-weights"]["answer"] == layer("lstm", 32)


def test_attention_and_recurrence_cost_what_the_table_says() -> None:
    assert not missing(CHAPTER, f"{1000 * 512**2:,}", f"{1000**2 * 512:,}")
    assert not missing(CHAPTER, f"{100 * math.exp(4) / (math.exp(4) + 49):.1f} %")


def test_the_three_measured_models_are_equally_large() -> None:
    spec = RunSpec()
    config = spec.model_config(103)
    sizes = [parameter_count(config)]
    for family in ("rnn", "lstm"):
        sizes.append(parameter_count(matched(RunSpec(family=family, n_heads=1).model_config(103), sizes[0])))
    assert not missing(CHAPTER, *[f"{size:,}" for size in sizes])
    assert (spec.tokens, spec.context, spec.batch, spec.n_layers, spec.steps) == (512_000, 64, 16, 2, 500)


def test_the_text_reads_the_figure_as_it_is_drawn() -> None:
    drawing = (COURSE / CHAPTER / "figures" / "fading.svg").read_text(encoding="utf-8")
    ticks = dict(re.findall(r'y="([\d.]+)" text-anchor="end"[^>]*>(1|10⁻⁹)<', drawing))
    top, bottom = sorted(map(float, ticks))
    curves = [path.split() for path in re.findall(r'<path[^>]* d="M([^"]+)"', drawing)]
    heights = [[float(number) for number in path[1::2]] for path in curves]
    values = [[10 ** (-9 * (y + 4.5 - top) / (bottom - top)) for y in curve] for curve in heights]
    assert [len(curve) for curve in values] == [64, 64, 64]
    stated = {0: (0.0086, 0.0055), 1: (0.0044, 2.7e-5), 2: (0.0026, 1.1e-8)}
    for curve, (near, far) in stated.items():
        assert values[curve][16] == pytest.approx(near, rel=0.04)
        assert values[curve][56] == pytest.approx(far, rel=0.04)
    asked = {"P": 0, "Q": 2, "R": 1}
    table = dict(re.findall(r"\| ([PQR]) \| (.+) \|", quiz_of(CHAPTER)["fading-curves"]["prompt"]["en"]))
    for name, curve in asked.items():
        for cell, distance in zip(table[name].split(" | "), (1, 17, 33, 49), strict=True):
            shown = float(cell.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")).replace(" · 10", "e"))
            assert shown == pytest.approx(values[curve][distance], rel=0.2)
