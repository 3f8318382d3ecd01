from __future__ import annotations

import codecs
from pathlib import Path

import pytest
import torch

from trainer.folder import load_model, save_model
from trainer.sample import Decoder, continuations, generate, next_probabilities, pick, prompt_ids
from trainer.tests.factories import random_ids, tiny_model
from trainer.tokenizer import BPE, Characters
from trainer.tokenizer.base import KIND_FILE, TOKENIZER_FILE

ALPHABET = "abcdefghijklmnopqrstuv\n"
LOGITS = torch.tensor([[2.0, 1.0, 0.0, -1.0], [0.0, 0.0, 3.0, 0.0]])


def test_temperature_zero_takes_the_likeliest() -> None:
    assert next_probabilities(LOGITS, temperature=0).tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]


def test_temperature_divides_the_logits() -> None:
    torch.testing.assert_close(next_probabilities(LOGITS, temperature=0.5), (LOGITS / 0.5).softmax(-1))


def test_top_k_keeps_k_and_no_more_even_of_equals() -> None:
    probabilities = next_probabilities(LOGITS, temperature=1.0, top_k=2)
    assert (probabilities > 0).sum(-1).tolist() == [2, 2]
    torch.testing.assert_close(probabilities[0, :2], LOGITS[0, :2].softmax(-1))
    torch.testing.assert_close(next_probabilities(LOGITS, temperature=1.0, top_k=9), LOGITS.softmax(-1))


def test_top_p_keeps_the_smallest_set_that_reaches_p() -> None:
    logits = torch.tensor([[0.1, 0.5, 0.15, 0.25]]).log()
    kept = [(next_probabilities(logits, temperature=1.0, top_p=p) > 0).sum().item() for p in (0.01, 0.4, 0.6, 0.8, 1.0)]
    assert kept == [1, 1, 2, 3, 4]
    two = next_probabilities(logits, temperature=1.0, top_p=0.6)
    torch.testing.assert_close(two, torch.tensor([[0, 2 / 3, 0, 1 / 3]]))


def test_draws_follow_the_probabilities() -> None:
    wanted = torch.tensor([0.5, 0.3, 0.2])
    drawn = pick(wanted.expand(20_000, 3), torch.Generator().manual_seed(1))
    torch.testing.assert_close(torch.bincount(drawn) / 20_000, wanted, atol=0.02, rtol=0)


@pytest.mark.parametrize("context", [2, 5, 12])
def test_decoding_step_by_step_equals_the_model_on_the_same_window(context: int) -> None:
    model = tiny_model(context=context)
    ids = random_ids(2, 40)
    decoder = Decoder(model)
    length = min(3, context)
    logits = decoder.feed(ids[:, :3])
    torch.testing.assert_close(logits, model(ids[:, 3 - length : 3])[:, -1], rtol=1e-4, atol=1e-5)
    for end in range(4, 41):
        logits = decoder.feed(ids[:, end - 1 : end])
        length = max(1, context // 2) if length == context else length + 1
        full = model(ids[:, end - length : end])[:, -1]
        torch.testing.assert_close(logits, full, rtol=1e-4, atol=1e-5)


def test_greedy_text_equals_recomputing_without_a_cache() -> None:
    model, tokenizer = tiny_model(context=64), Characters.fit(ALPHABET)
    ids = tokenizer.encode("abc").tolist()
    for _ in range(40):
        ids.append(int(model(torch.tensor([ids]))[0, -1].argmax()))
    text = "".join(generate(model, tokenizer, "abc", max_tokens=40, temperature=0, seed=1))
    assert text == tokenizer.decode(ids[3:])


def test_the_same_seed_writes_the_same_text_far_past_the_context() -> None:
    model, tokenizer = tiny_model(), Characters.fit(ALPHABET)

    def text(seed: int) -> str:
        return "".join(generate(model, tokenizer, "ab", max_tokens=100, temperature=1.0, seed=seed))

    assert text(1) == text(1) != text(2)
    assert len(text(1)) == 100


def test_prompts_longer_than_the_context_and_without_known_characters_work() -> None:
    model, tokenizer = tiny_model(), Characters.fit(ALPHABET)
    for prompt in ("abc" * 50, "", "中文"):
        assert len("".join(generate(model, tokenizer, prompt, max_tokens=5, temperature=1.0, seed=1))) == 5
    assert prompt_ids(tokenizer, "中") == tokenizer.encode("\n").tolist()
    assert prompt_ids(Characters.fit("ab"), "中") == [0]


def test_prompts_of_different_lengths_are_continued_as_if_alone() -> None:
    model, tokenizer = tiny_model(context=64), Characters.fit(ALPHABET)
    prompts = ["a", "bcdefgh", "ijk"]
    together = continuations(model, tokenizer, prompts, max_tokens=20, temperature=0, seed=1)
    alone = ["".join(generate(model, tokenizer, prompt, max_tokens=20, temperature=0, seed=1)) for prompt in prompts]
    assert together == alone
    assert [len(text) for text in together] == [20, 20, 20]


def test_pieces_of_bpe_never_split_a_character() -> None:
    tokenizer = BPE.fit("注意力" * 3, 300)
    model = tiny_model(vocab_size=tokenizer.vocab_size, context=32)
    pieces = list(generate(model, tokenizer, "注", max_tokens=200, temperature=1.5, seed=3))
    # Random bytes are seldom characters; what is none comes as U+FFFD, the rest of the text stays whole.
    assert all(piece.encode() for piece in pieces)

    bytes_to_come = iter("a注🙂b意".encode()[:-1])

    class Spelled(BPE):
        """Whatever the id, the next byte of a text."""

        def token_bytes(self, token: int) -> bytes:
            return bytes([next(bytes_to_come)])

    spelled = Spelled.fit("注意力" * 3, 300)
    pieces = list(generate(model, spelled, "注", max_tokens=11, temperature=1.0, seed=3))
    assert pieces == ["a", "注", "🙂", "b"]
    assert codecs.decode("".join(pieces).encode(), "utf-8")


@pytest.mark.parametrize("kind", ["characters", "bpe"])
def test_a_saved_model_writes_the_same_text(kind: str, tmp_path: Path) -> None:
    tokenizer = Characters.fit(ALPHABET) if kind == "characters" else BPE.fit(ALPHABET * 9, 300)
    model = tiny_model(vocab_size=tokenizer.vocab_size)
    for _ in range(2):  # the second takes the place of the first
        save_model(tmp_path / "model", model, tokenizer, {"why": "test"})
    loaded, loaded_tokenizer = load_model(tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == sorted(
        ["config.json", "weights.safetensors", TOKENIZER_FILE, KIND_FILE]
    )
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    texts = [
        "".join(generate(m, t, "ab", max_tokens=30, temperature=1.0, top_k=9, seed=4))
        for m, t in ((model, tokenizer), (loaded, loaded_tokenizer))
    ]
    assert texts[0] == texts[1]
