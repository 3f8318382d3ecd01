"""The hand-written blocks against the plain ones: a model that trains takes the former, one that plays the latter."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from trainer.models import fast
from trainer.models.fast import Shape, can_be_fast
from trainer.models.gpt import GPT
from trainer.models.layers import Block
from trainer.tests.factories import random_ids, tiny_config, tiny_model

SHAPES = [
    {},
    {"n_heads": 1, "positions": "none", "lookback": 3},
    {"n_heads": 4, "n_layers": 3, "d_ff": 24},
    {"positions": "learned"},
    {"positions": "sinusoidal", "tied": True},
    {"pad": 22, "pool": "last"},
    {"activation": "gelu"},
    {"activation": "relu"},
]


def loss_and_gradients(model: GPT, *, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
    """Of next tokens, or of one class a row where the model pools."""
    model.train(training)
    ids = random_ids(3, 13)
    wanted = ids[:, -1] if model.config.pool == "last" else ids[:, 1:].flatten()
    loss = cross_entropy(model(ids[:, :-1]).flatten(0, -2).float(), wanted)
    model.zero_grad()
    torch.autograd.backward(loss)
    return loss.detach(), {name: param.grad for name, param in model.named_parameters() if param.grad is not None}


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Shape]:
    """The shape of every hand-written block that ran."""
    shapes: list[Shape] = []
    apply = fast.apply

    def spy(*arguments: Any) -> Tensor:
        shapes.append(arguments[-1])
        return apply(*arguments)

    monkeypatch.setattr(fast, "apply", spy)
    return shapes


@pytest.mark.parametrize("shape", SHAPES)
def test_losses_and_gradients_equal_those_of_the_plain_blocks(shape: dict[str, Any], taken: list[Shape]) -> None:
    model = tiny_model(**shape)
    plain_loss, plain = loss_and_gradients(model, training=False)
    assert not taken
    fast_loss, quick = loss_and_gradients(model, training=True)
    assert len(taken) == model.config.n_layers
    torch.testing.assert_close(fast_loss, plain_loss, rtol=1e-5, atol=1e-6)
    assert quick.keys() == plain.keys() == dict(model.named_parameters()).keys()
    for name, grad in plain.items():
        torch.testing.assert_close(quick[name], grad, rtol=1e-4, atol=1e-6, msg=name)
        assert grad.any(), name


@pytest.mark.parametrize(("n_heads", "activation"), [(1, "relu2"), (2, "relu2"), (2, "gelu"), (2, "relu")])
def test_a_block_agrees_with_finite_differences(n_heads: int, activation: str) -> None:
    model = tiny_model(n_layers=1, n_heads=n_heads, context=5).double()
    block = model.blocks[0]
    assert isinstance(block, Block)
    mask = torch.full((1, 5, 5), -torch.inf, dtype=torch.double).triu(1)
    shape = Shape(2, 5, n_heads, None, activation, mask)
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(10, 16, generator=generator, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *parts: fast.apply(*parts, shape), (x, *fast.matrices(block)))


@pytest.mark.parametrize(
    "switches",
    [
        {"causal": False},
        {"residual": False},
        {"dropout": 0.1},
        {"norm": "rms"},
        {"norm_place": "after"},
    ],
)
def test_other_switches_take_the_plain_blocks(switches: dict[str, Any], taken: list[Shape]) -> None:
    model = tiny_model(**switches)
    loss_and_gradients(model, training=True)
    assert not taken


def test_windows_whose_attention_would_not_fit_the_memory_take_the_plain_blocks() -> None:
    config = tiny_config(n_heads=8, context=256)
    assert can_be_fast(config, random_ids(8, 256))
    assert not can_be_fast(config, random_ids(9, 256))


def test_autocast_lowers_the_stream_and_not_the_gradients(taken: list[Shape]) -> None:
    model = tiny_model()
    exact_loss, exact = loss_and_gradients(model, training=True)
    with torch.autocast("cpu", torch.bfloat16):
        loss, rough = loss_and_gradients(model, training=True)
    assert [shape.mask.dtype for shape in taken] == [torch.float32] * 2 + [torch.bfloat16] * 2
    torch.testing.assert_close(loss, exact_loss, rtol=0.02, atol=0.02)
    for name, grad in exact.items():
        assert rough[name].dtype == torch.float32
        assert (rough[name] - grad).norm() < 0.05 * grad.norm(), name
