from __future__ import annotations

import math

import numpy as np
import pytest

from trainer.ngram import KneserNey


def random_tokens(count: int, vocab_size: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return (np.random.default_rng(1).random(count) ** 3 * vocab_size).astype(np.int64)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_sum_to_one_after_any_history(order: int) -> None:
    vocab_size = 7
    model = KneserNey(random_tokens(200, vocab_size), vocab_size=vocab_size, order=order)
    for history in np.random.default_rng(2).integers(0, vocab_size, (30, 4)):
        probabilities = model.probabilities(np.tile(history, (vocab_size, 1)), np.arange(vocab_size))
        assert probabilities.sum() == pytest.approx(1.0)
        assert probabilities.min() > 0


def test_a_bigram_model_worked_out_by_hand() -> None:
    # a b a c a b, as 0 1 0 2 0 1. Pairs: ab 2, ba 1, ac 1, ca 1.
    model = KneserNey(np.array([0, 1, 0, 2, 0, 1]), vocab_size=3, order=2)
    discount = 3 / (3 + 2 * 1)  # three pairs occur once, one twice
    # Different tokens in front: of a 2 (b, c), of b 1 (a), of c 1 (a); of four kinds of pairs.
    low = 2 / (2 + 2 * 1)  # two tokens with one, one token with two
    continuation = {token: (n - low) / 4 + low * 3 / 4 / 3 for token, n in ((0, 2), (1, 1), (2, 1))}
    expected_b = (2 - discount) / 3 + discount * 2 / 3 * continuation[1]
    expected_a = discount * 2 / 3 * continuation[0]
    found = model.probabilities(np.array([[0], [0]]), np.array([1, 0]))
    assert found == pytest.approx([expected_b, expected_a])


def test_an_unseen_history_falls_back_to_the_shorter_one() -> None:
    model = KneserNey(np.array([0, 1, 0, 1, 0, 1, 2]), vocab_size=4, order=3)
    seen, unseen = model.probabilities(np.array([[0, 1], [3, 1]]), np.array([2, 2]))
    assert seen != unseen
    assert unseen == model.probabilities(np.array([[1, 1]]), np.array([2]))[0]


def test_loss_is_the_mean_of_minus_log_probability() -> None:
    tokens = random_tokens(300, 5)
    model = KneserNey(tokens[:200], vocab_size=5, order=3)
    rest = tokens[200:]
    single = [-math.log(model.probabilities(rest[None, i - 2 : i], rest[i : i + 1])[0]) for i in range(2, len(rest))]
    assert model.loss(rest) == pytest.approx(sum(single) / len(single))


def test_it_learns_what_repeats() -> None:
    tokens = np.tile(np.arange(10), 50)
    assert KneserNey(tokens, vocab_size=10, order=3).loss(tokens) < 0.2


def test_too_large_a_vocabulary_and_too_short_a_text_are_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        KneserNey(np.arange(100), vocab_size=10_000, order=5)
    with pytest.raises(ValueError, match="too few"):
        KneserNey(np.arange(2), vocab_size=10, order=3)
