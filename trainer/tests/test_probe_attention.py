from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from trainer.decode import greedy
from trainer.models.seq2seq import Seq2Seq
from trainer.models.trace import Trace
from trainer.probe.attention import Head, align, look
from trainer.probe.subject import ProbeError
from trainer.tests.probe_factories import ALPHABET, check_json, induction_circuit, subject

MODELS: list[tuple[str, dict[str, Any]]] = [
    ("gpt", {}),
    ("gpt", {"positions": "learned", "norm_place": "after"}),
    ("gpt", {"causal": False}),
    ("gpt", {"task": "classify", "labels": ("good", "bad"), "pool": "last"}),
    ("encoder", {}),
    ("seq2seq", {}),
]


@pytest.mark.parametrize(("family", "changes"), MODELS)
def test_each_stage_follows_from_the_one_before_and_rows_sum_to_one(family: str, changes: dict[str, Any]) -> None:
    asked = subject(family, **changes)
    for head in look(asked, "abc 猫狗", "hg").heads:
        torch.testing.assert_close(head.scaled, head.scores / math.sqrt(8))
        seen = head.masked.isfinite()
        assert torch.equal(head.masked[seen], head.scaled[seen])
        torch.testing.assert_close(head.weights, head.masked.softmax(-1))
        torch.testing.assert_close(head.weights.sum(-1), torch.ones(len(head.weights)))
        causal = family != "encoder" and changes.get("causal", True) and head.kind == "self"
        assert torch.equal(seen, torch.ones_like(seen).tril()) if causal else seen.all()


@pytest.mark.parametrize("family", ["gpt", "encoder"])
def test_the_stages_are_those_of_the_pass_that_the_model_makes(family: str) -> None:
    asked = subject(family)
    ids = torch.from_numpy(asked.tokenizer.encode("abc 猫"))[None]
    trace = Trace()
    torch.testing.assert_close(asked.model(ids, trace=trace), asked.model(ids), rtol=1e-4, atol=1e-5)
    for head in look(asked, "abc 猫").heads:
        assert torch.equal(head.weights, trace.attention[head.layer].weights[0, head.head])
        torch.testing.assert_close(head.norms, trace.attention[head.layer].heads[0, head.head].norm(dim=-1))


def test_an_encoder_decoder_shows_three_kinds_each_against_its_own_tokens() -> None:
    found = look(subject("seq2seq"), "abc", "hg")
    assert found.source == ("a", "b", "c")
    assert found.tokens == ("⟨separator⟩", "h", "g")
    shapes = {head.kind: tuple(head.weights.shape) for head in found.heads}
    assert shapes == {"self": (3, 3), "cross": (3, 3), "source": (3, 3)}
    assert len(found.heads) == 3 * 2 * 2
    wider = look(subject("seq2seq"), "abcdefg", "hg")
    assert tuple(wider.one("cross", 1, 0).weights.shape) == (3, 7)


def test_the_alignment_is_the_models_own_and_names_what_was_written() -> None:
    asked = subject("seq2seq")
    found = align(asked, "abc", "hg")
    assert (found.source, found.target) == (("a", "b", "c"), ("h", "g", "⟨end⟩"))
    assert isinstance(asked.model, Seq2Seq)
    source = torch.from_numpy(asked.tokenizer.encode("abc"))[None]
    separator = len(ALPHABET) + 2
    target = torch.tensor([[separator, *asked.tokenizer.encode("hg").tolist()]])
    torch.testing.assert_close(found.weights, asked.model.alignment(source, target)[-1][0].mean(0))
    check_json(found)


def test_without_a_target_the_models_own_is_aligned() -> None:
    asked = subject("seq2seq")
    separator = len(ALPHABET) + 2
    with torch.no_grad():
        assert asked.model.head is not None
        asked.model.head[separator + 1] = 0  # never the likeliest: it does not end at once
    (ids,) = greedy(
        asked.model, [[*asked.tokenizer.encode("猫狗c").tolist(), separator]], end=separator + 1, max_tokens=6
    )
    assert ids
    written = align(asked, "猫狗c")
    assert written.target[: len(ids)] == tuple(map(asked.token_name, ids))
    assert len(written.weights) == len(written.target) == len(ids) + 1


def test_a_head_set_to_copy_the_token_before_is_seen_to_look_there() -> None:
    found = look(induction_circuit(), "abcabcab")
    copier: Head = found.one("self", 0, 0)
    assert copier.weights[1:].argmax(-1).tolist() == list(range(7))
    assert copier.weights.diagonal(-1).min() > 0.99
    finder = found.one("self", 1, 1)
    # Behind the earlier b, and behind the earlier c. The very first token has none before it, and copies itself.
    assert finder.weights[4:6].argmax(-1).tolist() == [2, 3]
    assert finder.weights[[4, 5], [2, 3]].min() > 0.99


def test_json_holds_every_head_in_short_and_one_head_in_full() -> None:
    found = look(subject(), "abc 猫x")
    values = check_json(found)
    assert values["tokens"] == ["a", "b", "c", " ", "猫"]
    assert values["unknown"] == ["x"]
    assert [(head["layer"], head["head"]) for head in values["heads"]] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    full = check_json(found.one("self", 1, 0))
    assert full["masked"][0][1:] == [None] * 4
    assert full["weights"][0] == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_a_long_text_is_cut_and_the_rest_is_counted() -> None:
    found = look(subject(), "abcdefgh" * 3)
    assert (len(found.tokens), found.left_out) == (12, 12)
    longer = look(subject(context=100), "abcdefgh" * 10)
    assert (len(longer.tokens), longer.left_out) == (64, 16)


@pytest.mark.parametrize("family", ["rnn", "lstm", "skipgram", "bag"])
def test_a_model_without_attention_says_so(family: str) -> None:
    with pytest.raises(ProbeError) as error:
        look(subject(family), "abc")
    assert (error.value.code, error.value.params) == ("no_attention", {"family": family})


def test_a_text_of_unknown_characters_and_a_head_that_is_not_there_are_refused() -> None:
    with pytest.raises(ProbeError) as error:
        look(subject(), "xyz")
    assert (error.value.code, error.value.params) == ("nothing_known", {"unknown": ["x", "y", "z"]})
    with pytest.raises(ProbeError, match="not_a_choice"):
        look(subject(), "abc").one("self", 2, 0)


def test_looking_leaves_the_model_as_it_was() -> None:
    asked = subject(dropout=0.5)
    asked.model.train()
    before, state = torch.get_rng_state(), {name: value.clone() for name, value in asked.model.state_dict().items()}
    first, again = look(asked, "abc"), look(asked, "abc")
    assert torch.equal(first.heads[3].weights, again.heads[3].weights)
    assert asked.model.training
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(value, state[name]) for name, value in asked.model.state_dict().items())
    assert all(param.grad is None for param in asked.model.parameters())
