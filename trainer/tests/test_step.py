"""What `trainer.models.step` says next against the plain blocks, which see the whole window at once."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from trainer.decode import beam, greedy
from trainer.models.gpt import GPT
from trainer.models.layers import Cache
from trainer.sample import Decoder
from trainer.tests.factories import random_ids, tiny_model

SWITCHES: list[dict[str, Any]] = [
    {},
    {"n_heads": 1, "n_layers": 1},
    {"n_heads": 4, "d_ff": 24},
    {"positions": "learned"},
    {"positions": "sinusoidal"},
    {"positions": "none", "lookback": 3},
    {"lookback": 1, "tied": True},
    {"norm": "rms"},
    {"norm_place": "after"},
    {"norm_place": "after", "norm": "rms", "residual": False},
    {"residual": False},
    {"activation": "gelu"},
    {"activation": "relu", "dropout": 0.5},
    {"pad": 22},
]


def a_cache(model: GPT, batch: int) -> Cache:
    cache = model.new_cache(batch)
    assert cache is not None
    return cache


@torch.inference_mode()
def stepped(model: GPT, ids: Tensor, read: int) -> Tensor:
    """Logits (B, T - read + 1, V) from the position of the last token read at once on."""
    cache = a_cache(model, len(ids))
    logits = [model.next_logits(ids[:, :read], cache)]
    logits += [model.next_logits(ids[:, place : place + 1], cache) for place in range(read, ids.shape[1])]
    assert len(cache.weights) == model.config.n_layers
    return torch.stack(logits, dim=1)


@pytest.mark.parametrize("switches", SWITCHES)
@pytest.mark.parametrize("batch", [1, 3])
def test_logits_equal_those_of_the_whole_window(switches: dict[str, Any], batch: int) -> None:
    model = tiny_model(**switches)
    ids = random_ids(batch, 12)
    for read in (1, 5):
        torch.testing.assert_close(stepped(model, ids, read), model(ids)[:, read - 1 :], rtol=1e-5, atol=1e-5)


def test_a_decoder_steps_past_its_context_with_the_weights_of_the_moment() -> None:
    model = tiny_model()
    for _ in range(2):
        ids, decoder = random_ids(1, 30), Decoder(model)
        decoder.feed(ids[:, :12])
        for place in range(12, 30):
            logits = decoder.feed(ids[:, place : place + 1])
        # Twelve fit; the window restarts with six at places 13 and 20, 27 being the last.
        torch.testing.assert_close(logits, model(ids[:, 21:])[:, -1], rtol=1e-5, atol=1e-5)
        with torch.no_grad():
            for param in model.parameters():
                param.mul_(1.5).add_(0.1)


@torch.inference_mode()
def test_chosen_rows_go_on_as_if_alone() -> None:
    model, ids = tiny_model(), random_ids(3, 9)
    cache = a_cache(model, 3)
    model.next_logits(ids[:, :6], cache)
    model.next_logits(ids[:, 6:7], cache)
    rows = torch.tensor([2, 0])
    cache.select(rows)
    for place in (7, 8):
        logits = model.next_logits(ids[rows, place : place + 1], cache)
    torch.testing.assert_close(logits, model(ids[rows])[:, -1], rtol=1e-5, atol=1e-5)


def test_targets_are_the_same_with_and_without_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    model, sources = tiny_model(context=24), [[3, 4, 5], [6, 7], [8, 9, 10]]
    quick = greedy(model, sources, end=1, max_tokens=15), beam(model, sources[0], end=1, max_tokens=9, width=3)
    monkeypatch.setattr("trainer.models.gpt.can_advance", lambda x: False)
    plain = greedy(model, sources, end=1, max_tokens=15), beam(model, sources[0], end=1, max_tokens=9, width=3)
    assert quick == plain


def test_gradients_other_precisions_and_training_take_the_plain_blocks() -> None:
    ids = random_ids(1, 3)

    def steps(model: GPT, *, grad: bool = False) -> bool:
        cache = a_cache(model, 1)
        cache.memory = cache.memory.to(model.embedding.dtype)
        with torch.set_grad_enabled(grad):
            model.next_logits(ids[:, :2], cache)
            model.next_logits(ids[:, 2:], cache)
        return bool(cache.weights)

    assert steps(tiny_model())
    assert not steps(tiny_model(), grad=True)
    assert not steps(tiny_model(positions="none").double())
    assert not steps(tiny_model().train())


@torch.inference_mode()
def test_more_than_fits_or_several_tokens_after_the_first_are_refused() -> None:
    model, ids = tiny_model(), random_ids(1, 13)
    cache = a_cache(model, 1)
    model.next_logits(ids[:, :10], cache)
    for further in (2, 3):
        with pytest.raises(ValueError, match="context of 12"):
            model.next_logits(ids[:, :further], cache)
    with pytest.raises(ValueError, match="context of 12"):
        model.next_logits(ids, a_cache(model, 1))
