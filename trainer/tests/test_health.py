from __future__ import annotations

import math

import pytest
import torch

from trainer.models.health import layer_name, layer_norms, update_ratios, weights_now
from trainer.optim import clip_gradients
from trainer.tests.factories import random_ids, tiny_model


def test_layers_are_named_by_their_place() -> None:
    assert layer_name("blocks.1.attention.qkv") == "blocks.1"
    assert layer_name("embedding") == "embedding"
    assert layer_name("positions.table") == "positions"


def test_gradient_norms_of_all_layers_make_up_the_whole() -> None:
    model = tiny_model(positions="learned")
    assert layer_norms(model) == {}
    model(random_ids(2, 5)).square().mean().backward()
    norms = layer_norms(model)
    assert list(norms) == ["embedding", "head", "positions", "blocks.0", "blocks.1"]
    whole = clip_gradients(list(model.parameters()), 0.0)
    assert math.hypot(*norms.values()) == pytest.approx(whole, rel=1e-5)


@torch.no_grad()
def test_update_ratios_are_changes_over_sizes() -> None:
    model = tiny_model()
    model.blocks[0].requires_grad_(False)
    assert model.head is not None
    model.head.zero_()
    before = weights_now(model)
    model.embedding.mul_(1.01)
    model.head.add_(1.0)
    ratios = update_ratios(model, before)
    assert ratios == {"embedding": pytest.approx(0.01, rel=1e-3), "head": 0.0, "blocks.1": 0.0}
