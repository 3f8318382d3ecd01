"""What holds for every family alike."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from trainer.models.base import Model
from trainer.models.config import FAMILIES
from trainer.models.registry import MODELS, build
from trainer.models.seq2seq import Seq2Seq
from trainer.models.skipgram import negative_sampling_loss
from trainer.models.trace import Trace
from trainer.optim import Optimizer
from trainer.tests.factories import enliven, random_ids, tiny_config, tiny_spec

PAD = 22
CAUSAL = ("gpt", "rnn", "lstm")
READERS = (*CAUSAL, "encoder")
"""Families that take one row and answer at every position."""


def make(family: str, *, seed: int = 1, alive: bool = True, **changes: Any) -> Model:
    model = build(tiny_config(family=family, **changes), torch.Generator().manual_seed(seed))
    if alive:
        enliven(model)
    return model.eval()


def inputs(family: str) -> tuple[Tensor, ...]:
    """What a family's forward takes, without padding."""
    if family == "seq2seq":
        return random_ids(3, 7, vocab_size=PAD), random_ids(3, 9, vocab_size=PAD, seed=3)
    if family == "skipgram":
        return random_ids(6, 1)[:, 0], random_ids(6, 5, seed=3)
    return (random_ids(3, 9, vocab_size=PAD),)


def loss_of(model: Model) -> Tensor:
    """Of guessing something fixed: enough for a gradient everywhere."""
    logits = model(*inputs(model.config.family))
    if model.config.family == "skipgram":
        return negative_sampling_loss(logits)
    wanted = torch.arange(logits.flatten(0, -2).shape[0]) % model.config.n_outputs
    return cross_entropy(logits.flatten(0, -2), wanted)


def test_every_family_has_a_model() -> None:
    assert tuple(MODELS) == FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_gives_the_same_weights_and_no_other_randomness_is_used(family: str) -> None:
    before = torch.get_rng_state()
    first, again, other = (make(family, seed=seed, alive=False).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    if family != "bag":  # all zeros at first
        assert any(not torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("family", [*READERS, "seq2seq", "bag"])
def test_a_fresh_model_guesses_evenly(family: str) -> None:
    model = make(family, alive=False, n_outputs=5)
    assert loss_of(model).item() == pytest.approx(math.log(5), abs=1e-6)


@pytest.mark.parametrize("family", [*READERS, "seq2seq"])
def test_a_fresh_model_with_a_tied_head_guesses_almost_evenly(family: str) -> None:
    assert loss_of(make(family, alive=False, tied=True)).item() == pytest.approx(math.log(23), abs=0.2)


def test_a_fresh_skip_gram_tosses_a_coin_for_each_candidate() -> None:
    assert loss_of(make("skipgram", alive=False)).item() == pytest.approx(5 * math.log(2), abs=1e-6)


@pytest.mark.parametrize("family", CAUSAL)
def test_no_position_sees_the_future(family: str) -> None:
    model = make(family, lookback=2)
    ids = random_ids(2, 12)
    before = model(ids)
    for position in range(1, 12):
        changed = ids.clone()
        changed[:, position:] = (changed[:, position:] + 1) % 23
        after = model(changed)
        torch.testing.assert_close(before[:, :position], after[:, :position], rtol=1e-5, atol=1e-6)
        assert not torch.allclose(before[:, position], after[:, position], atol=1e-3)


def test_no_target_position_sees_the_future_but_all_see_the_whole_source() -> None:
    model = make("seq2seq")
    source, target = inputs("seq2seq")
    before = model(source, target)
    later = target.clone()
    later[:, 4:] = (later[:, 4:] + 1) % 23
    torch.testing.assert_close(before[:, :4], model(source, later)[:, :4], rtol=1e-5, atol=1e-6)
    other = source.clone()
    other[:, -1] = (other[:, -1] + 1) % 23
    assert (before - model(other, target)).abs().amax(-1).min() > 1e-4


@pytest.mark.parametrize("family", ["gpt", "encoder"])
def test_without_the_causal_mask_the_first_position_sees_the_last(family: str) -> None:
    model = make(family, causal=False)
    ids = random_ids(2, 12)
    changed = ids.clone()
    changed[:, -1] = (changed[:, -1] + 1) % 23
    assert (model(ids)[:, 0] - model(changed)[:, 0]).abs().max() > 1e-4
    assert model.new_cache(2) is None


@pytest.mark.parametrize("pool", ["none", "last", "mean"])
@pytest.mark.parametrize("family", [*READERS, "bag"])
def test_padding_changes_nothing(family: str, pool: str) -> None:
    model = make(family, pad=PAD, pool=pool)
    ids = random_ids(3, 7, vocab_size=PAD)
    padded = torch.cat((ids, torch.full((3, 4), PAD)), dim=1)
    longer = model(padded)
    if pool == "none" and family != "bag":
        longer = longer[:, :7]
    torch.testing.assert_close(longer, model(ids), rtol=1e-4, atol=1e-5)


def test_padding_of_the_source_changes_nothing() -> None:
    model = make("seq2seq", pad=PAD)
    source, target = inputs("seq2seq")
    padded = torch.cat((source, torch.full((3, 4), PAD)), dim=1)
    torch.testing.assert_close(model(padded, target), model(source, target), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", [*READERS, "bag"])
def test_a_row_of_padding_alone_is_answered_with_numbers(family: str) -> None:
    model = make(family, pad=PAD, pool="mean")
    assert model(torch.full((2, 4), PAD)).isfinite().all()


@pytest.mark.parametrize("family", READERS)
def test_pooling_takes_the_last_or_the_mean_of_the_logits_of_all_positions(family: str) -> None:
    ids = random_ids(3, 7, vocab_size=PAD)
    every = make(family)(ids)
    torch.testing.assert_close(make(family, pool="last")(ids), every[:, -1], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(make(family, pool="mean")(ids), every.mean(1), rtol=1e-4, atol=1e-5)


def learn(model: Model, batch: tuple[Tensor, ...], targets: Tensor, *, steps: int, **spec: Any) -> float:
    """The last loss of training on one batch alone."""
    optimizer = Optimizer(model.train(), tiny_spec(**spec))
    for step in range(steps):
        logits = model(*batch)
        if model.config.family == "skipgram":
            loss = negative_sampling_loss(logits)
        else:
            loss = cross_entropy(logits.flatten(0, -2), targets.flatten())
        torch.autograd.backward(loss)
        optimizer.step(optimizer.spec.learning_rate * (1 - step / steps))
        model.zero_grad()
    return loss.item()


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
@pytest.mark.parametrize("family", ["gpt", "rnn", "lstm", "encoder", "seq2seq"])
def test_it_learns_one_batch_by_heart(family: str, optimizer: str) -> None:
    model = make(family, alive=False)
    batch = inputs(family)
    # Nothing but the places decides what is wanted; the first token of a row tells little.
    targets = random_ids(3, 9, seed=5)
    rate = 0.05 if optimizer == "muon" else 0.02
    assert learn(model, batch, targets, steps=120, optimizer=optimizer, learning_rate=rate) < 0.1


@pytest.mark.parametrize("family", [*READERS, "bag"])
def test_it_learns_the_classes_of_one_batch_by_heart(family: str) -> None:
    model = make(family, alive=False, n_outputs=3, pool="mean", pad=PAD)
    loss = learn(model, inputs(family), torch.arange(3), steps=60, optimizer="adamw", learning_rate=0.05)
    assert loss < 0.05


def test_skip_gram_learns_one_batch_by_heart() -> None:
    model = make("skipgram", alive=False)
    batch = (torch.arange(6), torch.stack([(torch.arange(6) + i) % 23 for i in (10, 11, 13, 16)], dim=1))
    assert learn(model, batch, batch[0], steps=150, optimizer="adamw", learning_rate=0.05) < 0.5


def test_without_residuals_it_still_learns() -> None:
    model = make("gpt", alive=False, residual=False)
    loss = learn(model, inputs("gpt"), random_ids(3, 9, seed=5), steps=120, optimizer="muon", learning_rate=0.05)
    assert loss < 0.5


CACHED: list[tuple[str, dict[str, Any]]] = [
    ("gpt", {}),
    ("gpt", {"lookback": 3}),
    ("gpt", {"positions": "learned", "norm_place": "after"}),
    ("gpt", {"positions": "sinusoidal", "norm": "rms"}),
    ("gpt", {"positions": "none", "tied": True}),
    ("rnn", {}),
    ("lstm", {}),
]


@pytest.mark.parametrize(("family", "changes"), CACHED)
@pytest.mark.parametrize("first", [1, 2, 5])
def test_cached_logits_equal_full_logits(family: str, changes: dict[str, Any], first: int) -> None:
    model = make(family, **changes)
    ids = random_ids(3, 12)
    cache = model.new_cache(3)
    assert cache is not None
    parts = [model(ids[:, :first], cache)] + [model(ids[:, i : i + 1], cache) for i in range(first, 12)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(ids), rtol=1e-4, atol=1e-5)
    assert cache.length == 12
    assert cache.full == (family == "gpt")


@pytest.mark.parametrize("positions", ["rotary", "learned"])
def test_cached_targets_equal_full_targets_and_the_source_is_read_once(positions: str) -> None:
    model = make("seq2seq", pad=PAD, positions=positions)
    source, target = inputs("seq2seq")
    source[0, 4:] = PAD
    cache = model.new_cache(3)
    nothing = torch.full_like(source, PAD)
    parts = [model(source, target[:, :2], cache)] + [model(nothing, target[:, i : i + 1], cache) for i in range(2, 9)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(source, target), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", [*CAUSAL, "seq2seq"])
def test_a_cache_goes_on_with_the_rows_that_are_selected(family: str) -> None:
    model = make(family, lookback=2)
    *source, ids = inputs(family)
    rows = torch.tensor([2, 0, 2, 1])
    cache = model.new_cache(3)
    assert cache is not None
    model(*source, ids[:, :5], cache)
    cache.select(rows)
    picked = [part[rows] for part in source]
    after = model(*picked, ids[rows][:, 5:6], cache)
    torch.testing.assert_close(after[:, 0], model(*picked, ids[rows][:, :6])[:, 5], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", ["gpt", "encoder"])
def test_a_row_longer_than_the_context_is_refused(family: str) -> None:
    with pytest.raises(ValueError, match="context of 12"):
        make(family)(random_ids(1, 13))
    with pytest.raises(ValueError, match="context of 12"):
        make("seq2seq")(random_ids(1, 13), random_ids(1, 2))


@pytest.mark.parametrize("family", ["gpt", "encoder", "seq2seq"])
def test_a_traced_pass_says_the_same_and_keeps_the_stream(family: str) -> None:
    model = make(family, pad=PAD)
    batch = tuple(part.clone() for part in inputs(family))
    batch[0][1, 4:] = PAD
    trace = Trace()
    torch.testing.assert_close(model(*batch, trace=trace), model(*batch), rtol=1e-4, atol=1e-5)
    assert sorted(trace.attention) == [0, 1]
    assert len(trace.stream) == 3
    torch.testing.assert_close(model.logits(trace.stream[-1], batch[-1]), model(*batch), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", ["gpt", "encoder", "seq2seq"])
def test_switching_off_a_part_changes_what_a_model_says(family: str) -> None:
    model, batch = make(family), inputs(family)
    whole = model(*batch)
    ablations = [
        Trace(without_heads=frozenset({(1, 0)})),
        Trace(without_attention=frozenset({0})),
        Trace(without_feed_forward=frozenset({1})),
    ]
    if family == "seq2seq":
        ablations.append(Trace(without_cross=frozenset({1})))
    for trace in ablations:
        assert (model(*batch, trace=trace) - whole).abs().max() > 1e-3


def test_alignment_shares_each_target_token_among_the_source_without_padding() -> None:
    model = make("seq2seq", pad=PAD)
    assert isinstance(model, Seq2Seq)
    source, target = inputs("seq2seq")
    source[1, 5:] = PAD
    layers = model.alignment(source, target)
    assert [weights.shape for weights in layers] == [(3, 2, 9, 7)] * 2
    for weights in layers:
        torch.testing.assert_close(weights.sum(-1), torch.ones(3, 2, 9))
        assert not weights[1, :, :, 5:].any()
    trace = Trace()
    model.encode(source, trace)
    assert trace.attention[1].weights.shape == (3, 2, 7, 7)


@pytest.mark.parametrize("family", [*READERS, "seq2seq"])
def test_dropout_is_drawn_anew_from_the_models_generator(family: str) -> None:
    def twice() -> tuple[float, float]:
        model = make(family, dropout=0.5).train()
        return loss_of(model).item(), loss_of(model).item()

    before = torch.get_rng_state()
    first, second = twice()
    assert first != second
    assert twice() == (first, second)
    assert torch.equal(torch.get_rng_state(), before)


SWITCHES: list[tuple[str, dict[str, Any]]] = [
    *((family, {"positions": kind}) for family in ("gpt", "encoder", "seq2seq") for kind in ("learned", "none")),
    *((family, {"positions": "sinusoidal"}) for family in ("gpt", "encoder", "seq2seq")),
    *((family, {"norm_place": "after"}) for family in ("gpt", "encoder", "seq2seq")),
    *((family, {"residual": False}) for family in ("gpt", "encoder", "seq2seq")),
    *((family, {"activation": kind}) for family in ("gpt", "encoder", "seq2seq") for kind in ("gelu", "relu")),
    *((family, {"n_heads": 4}) for family in ("gpt", "encoder", "seq2seq")),
    *((family, {"d_ff": 32}) for family in ("gpt", "encoder", "seq2seq")),
    *((family, {"norm": "rms"}) for family in (*READERS, "seq2seq")),
    *((family, {"tied": True}) for family in (*READERS, "seq2seq")),
    *((family, {"n_layers": 1}) for family in (*READERS, "seq2seq")),
    *((family, {"pool": pool}) for family in READERS for pool in ("last", "mean")),
    *((family, {"d_model": 24}) for family in (*READERS, "seq2seq", "skipgram")),
    *((family, {"dropout": 0.2}) for family in (*READERS, "seq2seq")),
    ("gpt", {"causal": False}),
    ("gpt", {"lookback": 1}),
]


@pytest.mark.parametrize(("family", "switch"), SWITCHES)
def test_every_switch_changes_the_loss(family: str, switch: dict[str, Any]) -> None:
    plain, other = make(family).train(), make(family, **switch).train()
    assert abs(loss_of(plain).item() - loss_of(other).item()) > 1e-4


@pytest.mark.parametrize("family", [*READERS, "seq2seq"])
def test_every_parameter_gets_a_gradient(family: str) -> None:
    model = make(family, positions="learned", lookback=2)
    torch.autograd.backward(loss_of(model))
    assert [name for name, param in model.named_parameters() if param.grad is None or not param.grad.any()] == []


def test_hidden_matrices_say_how_many_are_stacked() -> None:
    names = {
        family: [
            (name, parts)
            for weight, parts in make(family, n_layers=1).hidden_matrices()
            for name, param in make(family, n_layers=1).named_parameters()
            if torch.equal(param, weight)
        ]
        for family in ("gpt", "rnn", "lstm", "skipgram", "bag")
    }
    block = [(f"blocks.0.{name}", parts) for name, parts in BLOCK]
    recurrent = ["layers.0.w_in", "layers.0.w_state"]
    assert names["gpt"] == block
    assert names["rnn"] == [(name, 1) for name in recurrent]
    assert names["lstm"] == [(name, 4) for name in recurrent]
    assert names["skipgram"] == names["bag"] == []
    assert len(list(make("seq2seq").hidden_matrices())) == 2 * (4 + 7)


BLOCK = [("attention.qkv", 3), ("attention.proj", 1), ("feed_forward.up", 1), ("feed_forward.down", 1)]
