from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from trainer.optim import AdamW, Muon, Optimizer, Sgd, clip_gradients, grad_of, orthogonalise, rate_factor
from trainer.tests.factories import random_ids, tiny_model, tiny_spec

METHODS = ("muon", "adamw", "momentum", "sgd")


def parameters(*shapes: tuple[int, ...], seed: int = 1) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]


def give_gradients(params: list[nn.Parameter], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for param in params:
        param.grad = torch.randn(param.shape, generator=generator)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adamw_equals_torch_adamw(weight_decay: float) -> None:
    ours, theirs = parameters((5, 3), (7,)), parameters((5, 3), (7,))
    mine = AdamW(ours, betas=(0.9, 0.95), weight_decay=weight_decay)
    reference = torch.optim.AdamW(theirs, lr=1.0, betas=(0.9, 0.95), weight_decay=weight_decay)
    for step in range(20):
        rate = 0.01 * (step + 1)
        reference.param_groups[0]["lr"] = rate
        give_gradients(ours, step)
        give_gradients(theirs, step)
        mine.step(rate)
        reference.step()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("momentum", "weight_decay"), [(0.0, 0.0), (0.0, 0.1), (0.9, 0.0)])
def test_gradient_descent_equals_torch_sgd(momentum: float, weight_decay: float) -> None:
    # Torch adds weight decay to the gradient: without momentum that is the same as shrinking the weights.
    ours, theirs = parameters((5, 3), (7,)), parameters((5, 3), (7,))
    mine = Sgd(ours, momentum=momentum, weight_decay=weight_decay)
    reference = torch.optim.SGD(theirs, lr=1.0, momentum=momentum, weight_decay=weight_decay)
    for step in range(20):
        reference.param_groups[0]["lr"] = rate = 0.01 * (step + 1)
        give_gradients(ours, step)
        give_gradients(theirs, step)
        mine.step(rate)
        reference.step()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 64, 64), (2, 256, 64)])
def test_orthogonalise_brings_singular_values_near_one(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    before = torch.linalg.svdvals(matrices)
    after = torch.linalg.svdvals(orthogonalise(matrices))
    assert (before / before.amax(-1, keepdim=True)).min() < 0.7
    # The smallest of a square random matrix are near zero and stay behind in three steps.
    share = ((after > 0.72) & (after < 1.28)).float().mean()
    assert share > 0.85
    assert after.max() < 1.28


def test_orthogonalise_keeps_the_singular_directions() -> None:
    matrix = torch.randn(1, 32, 16, generator=torch.Generator().manual_seed(1))
    u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
    inside = u.mT @ orthogonalise(matrix) @ vh.mT
    off_diagonal = inside - torch.diag_embed(inside.diagonal(dim1=-2, dim2=-1))
    assert off_diagonal.abs().max() < 1e-4


def test_orthogonalise_survives_a_zero_matrix() -> None:
    assert not orthogonalise(torch.zeros(1, 4, 4)).any()


def test_muon_treats_fused_and_wide_matrices_as_their_parts() -> None:
    fused, *parts = parameters((24, 8), (8, 8), (8, 8), (8, 8))
    wide, tall = parameters((8, 32), (32, 8))
    with torch.no_grad():
        fused.copy_(torch.cat(list[torch.Tensor](parts)))
        wide.copy_(tall.T)
    give_gradients([fused, tall], 3)
    for part, grad in zip(parts, grad_of(fused).view(3, 8, 8), strict=True):
        part.grad = grad.clone()
    wide.grad = grad_of(tall).T.contiguous()
    for group in ([(fused, 3)], [(part, 1) for part in parts], [(wide, 1)], [(tall, 1)]):
        Muon(group, momentum=0.85, weight_decay=0.1).step(0.05)
    torch.testing.assert_close(fused, torch.cat(list[torch.Tensor](parts)), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(wide, tall.T, rtol=1e-5, atol=1e-6)


def test_muon_takes_its_momentum_from_earlier_gradients() -> None:
    (param,) = parameters((8, 8))
    muon = Muon([(param, 1)], momentum=0.5, weight_decay=0.0)
    for seed in (1, 2):
        give_gradients([param], seed)
        before = param.detach().clone()
        muon.step(1.0)
    first, second = (torch.randn(8, 8, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    moment = 0.5 * (0.5 * first) + 0.5 * second
    expected = orthogonalise((0.5 * second + 0.5 * moment)[None])[0]
    torch.testing.assert_close(before - param, expected, rtol=1e-4, atol=1e-5)


def test_orthogonalise_in_bfloat16_comes_near_what_it_gives_in_float32() -> None:
    matrices = torch.randn(3, 64, 32, generator=torch.Generator().manual_seed(1))
    exact, rough = orthogonalise(matrices), orthogonalise(matrices, torch.bfloat16)
    assert rough.dtype == torch.bfloat16
    assert (rough - exact).norm() < 0.05 * exact.norm()


def test_tables_beside_muon_have_a_rate_of_their_own() -> None:
    moved = {}
    for rate in (0.0, 0.012, 0.024):
        model = tiny_model()
        optimizer = Optimizer(model, tiny_spec(learning_rate=0.03, embedding_rate=rate))
        give_gradients(list(model.parameters()), 5)
        before = model.embedding.detach().clone()
        optimizer.step(0.015)  # half way down the schedule
        moved[rate] = before - model.embedding.detach()
    assert moved[0.012].abs().max().item() == pytest.approx(0.006, rel=1e-3)  # Adam's first step is the rate itself
    torch.testing.assert_close(moved[0.0], moved[0.024])
    torch.testing.assert_close(moved[0.024], 2 * moved[0.012])


def test_the_spec_chooses_who_updates_what() -> None:
    model = tiny_model()
    muon = Optimizer(model, tiny_spec(optimizer="muon"))
    assert muon.muon is not None
    assert sum(moment.numel() for moment in muon.muon.moments.values()) == 2 * 12 * 16**2
    assert len(muon.rest.params) == 2
    for name, kind in (("adamw", AdamW), ("momentum", Sgd), ("sgd", Sgd)):
        other = Optimizer(model, tiny_spec(optimizer=name))
        assert other.muon is None
        assert isinstance(other.rest, kind)
        assert len(other.rest.params) == len(list(model.parameters()))


def test_momentum_is_the_usual_of_each_method_unless_the_spec_says() -> None:
    def momentum(name: str, wanted: float) -> float:
        made = Optimizer(tiny_model(), tiny_spec(optimizer=name, momentum=wanted))
        if made.muon:
            return made.muon.momentum
        return made.rest.betas[0] if isinstance(made.rest, AdamW) else made.rest.momentum

    usual = {"muon": 0.85, "adamw": 0.9, "momentum": 0.9, "sgd": 0.0}
    assert {name: momentum(name, 0.0) for name in usual} == usual
    assert [momentum(name, 0.5) for name in usual] == [0.5, 0.5, 0.5, 0.0]


def test_frozen_parameters_stay_as_they_are() -> None:
    for name in METHODS:
        model = tiny_model()
        model.embedding.requires_grad_(False)
        for block in model.blocks:
            block.requires_grad_(False)
        before = {key: value.clone() for key, value in model.state_dict().items()}
        model(random_ids(2, 5)).square().sum().backward()
        assert clip_gradients(list(model.parameters()), 1.0) > 0
        Optimizer(model, tiny_spec(optimizer=name, weight_decay=0.1)).step(0.01)
        changed = [key for key, value in model.state_dict().items() if not torch.equal(value, before[key])]
        assert changed == ["head"]


def test_weight_decay_shrinks_weights_whose_gradient_is_zero() -> None:
    for optimizer in METHODS:
        model = tiny_model()
        before = [param.detach().clone() for param in model.parameters()]
        for param in model.parameters():
            param.grad = torch.zeros_like(param)
        Optimizer(model, tiny_spec(optimizer=optimizer, weight_decay=0.5)).step(0.1)
        assert all(param.norm() < old.norm() for param, old in zip(model.parameters(), before, strict=True))


def test_clipping_limits_the_norm_and_reports_it_as_it_was() -> None:
    params = parameters((3, 4), (5,))
    give_gradients(params, 1)
    norm = math.sqrt(sum(float(grad_of(param).square().sum()) for param in params))
    assert clip_gradients(params, 0.0) == pytest.approx(norm)
    assert clip_gradients(params, 2 * norm) == pytest.approx(norm)
    assert clip_gradients(params, 0.5) == pytest.approx(norm)
    assert clip_gradients(params, 0.0) == pytest.approx(0.5)


def test_schedules_climb_to_the_peak_and_fall_to_zero() -> None:
    assert [rate_factor("linear", step, 4, 0) for step in range(4)] == [1.0, 0.75, 0.5, 0.25]
    assert [rate_factor("constant", step, 4, 0) for step in range(4)] == [1.0] * 4
    assert [rate_factor("cosine", step, 4, 0) for step in range(0, 5, 2)] == pytest.approx([1.0, 0.5, 0.0])
    assert [rate_factor("linear", step, 6, 2) for step in range(4)] == pytest.approx([1 / 3, 2 / 3, 1.0, 0.75])


def test_a_warmup_longer_than_the_run_only_climbs() -> None:
    factors = [rate_factor("cosine", step, 5, 1000) for step in range(5)]
    assert factors == sorted(factors)
    assert factors[-1] < 0.01
