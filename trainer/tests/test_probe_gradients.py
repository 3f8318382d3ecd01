from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from trainer.models.gpt import GPT
from trainer.models.health import layer_norms
from trainer.models.layers import norm
from trainer.models.recurrent import Recurrent
from trainer.probe.gradients import fading, flow
from trainer.probe.subject import ProbeError
from trainer.tests.probe_factories import check_json, prepared, subject

LAYERED = [
    ("gpt", "language"),
    ("rnn", "language"),
    ("lstm", "language"),
    ("encoder", "masked"),
    ("seq2seq", "sequence"),
]
STEP = 1e-3


def slope(loss_at: object, place: int, width: int) -> float:
    """Norm of the central differences of a loss by each part of the input at a place."""
    assert callable(loss_at)
    found = []
    for i in range(width):
        change = torch.zeros(width, dtype=torch.float64)
        change[i] = STEP
        found.append((loss_at(place, change) - loss_at(place, -change)) / (2 * STEP))
    return float(torch.tensor(found).norm())


def test_a_transformers_gradients_agree_with_finite_differences() -> None:
    asked = subject("gpt", positions="learned", activation="gelu")
    found = flow(asked, "abcde")
    model = asked.model.double()
    assert isinstance(model, GPT)
    row = torch.from_numpy(asked.tokenizer.encode("abcde"))[None]

    def loss_at(place: int, change: Tensor) -> float:
        # A place's row of the learned table is added to the input there.
        with torch.no_grad():
            model.positions.table[place] += change
            loss = cross_entropy(model(row)[0, 3:4], row[0, 4:5]).item()
            model.positions.table[place] -= change
        return loss

    expected = [slope(loss_at, place, 16) for place in range(5)]
    assert list(found.streams[0]) == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert found.streams[0][4] == 0  # the last token is the answer, not read by it


@pytest.mark.parametrize("family", ["rnn", "lstm"])
def test_a_recurrent_networks_gradients_agree_with_finite_differences(family: str) -> None:
    asked = subject(family)
    found = flow(asked, "abcde")
    model = asked.model.double()
    assert isinstance(model, Recurrent)
    row = torch.from_numpy(asked.tokenizer.encode("abcde"))[None]
    start = norm(model.embedding[row]).detach()

    def loss_at(place: int, change: Tensor) -> float:
        x = start.clone()
        x[0, place] += change
        state = model.new_cache(1)
        with torch.no_grad():
            for i, layer in enumerate(model.layers):
                x, _ = layer(x, state.memories[i])
            return cross_entropy(model.logits(x, row)[0, 3:4], row[0, 4:5]).item()

    expected = [slope(loss_at, place, 16) for place in range(5)]
    assert list(found.streams[0]) == pytest.approx(expected, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(("family", "task"), LAYERED)
def test_every_layer_and_place_has_a_norm(family: str, task: str) -> None:
    found = flow(subject(family, task=task), "abcde", "hg")
    assert len(found.streams) == 3
    assert all(len(row) == len(found.tokens) and max(row) > 0 for row in found.streams)
    assert len(found.source) == (5 if family == "seq2seq" else 0)
    assert found.loss > 0
    assert found.answer == ("e" if task != "sequence" else "⟨end⟩")
    assert all(layer_norm > 0 for layer_norm in found.layers.values())
    check_json(found)


@pytest.mark.parametrize("family", ["gpt", "rnn", "lstm"])
def test_the_norms_of_layers_are_those_that_training_sees(family: str) -> None:
    asked = subject(family)
    row = torch.from_numpy(asked.tokenizer.encode("abcde"))[None]
    found = flow(asked, "abcde")
    assert all(param.grad is None for param in asked.model.parameters())
    torch.autograd.backward(cross_entropy(asked.model(row)[0, 3:4], row[0, 4:5]))
    assert found.layers == pytest.approx(layer_norms(asked.model), rel=1e-3)


def test_without_a_known_answer_it_is_the_models_own() -> None:
    labels = ("bad", "fair", "good")
    asked = subject("encoder", task="classify", labels=labels, pool="mean")
    row = torch.from_numpy(asked.tokenizer.encode("abc"))[None]
    assert flow(asked, "abc").answer == labels[int(asked.model(row).argmax())]
    assert flow(subject(), "abc", position=-1).position == 2
    assert flow(subject(), "abc", position=0).answer == "b"
    with pytest.raises(ProbeError, match="out_of_range"):
        flow(subject(), "abc", position=3)


def test_frozen_weights_are_followed_too_and_stay_frozen() -> None:
    asked = subject()
    expected = flow(asked, "abcde")
    asked.model.requires_grad_(False)
    assert flow(asked, "abcde") == expected
    assert not any(param.requires_grad for param in asked.model.parameters())


TASKS = [
    ("language", "gpt"),
    ("language", "rnn"),
    ("language", "lstm"),
    ("masked", "encoder"),
    ("classify", "lstm"),
    ("classify", "encoder"),
    ("tag", "gpt"),
    ("sequence", "gpt"),
    ("sequence", "seq2seq"),
]


@pytest.mark.parametrize(("task", "family"), TASKS)
def test_a_profile_reaches_back_as_far_as_the_rows_do(task: str, family: str) -> None:
    ready, model = prepared(task, family)
    found = fading(ready, model, units=6)
    assert found.units == 6
    assert found.norms[0].n == 6
    assert [norm.n for norm in found.norms] == sorted((norm.n for norm in found.norms), reverse=True)
    assert all(norm.low <= norm.value <= norm.high for norm in found.norms)
    assert found == fading(ready, model, units=6)
    check_json(found)


def test_the_profile_is_the_mean_of_single_rows() -> None:
    ready, model = prepared("language", "gpt")
    found = fading(ready, model, units=2)
    rows = []
    for unit in (0, ready.units - 1):
        batch = ready.held_out(torch.tensor([unit]))
        start = model.embedding[batch.inputs[0]]
        x = norm(start).detach().requires_grad_()
        assert isinstance(model, GPT)
        y = x
        for block in model.blocks:
            y = block(y, rotation=model.positions.rotation(0, x.shape[1]))
        loss = cross_entropy(model.logits(y, batch.inputs[0])[0, -1:], batch.targets[0, -1:])
        (gradient,) = torch.autograd.grad(loss, x)
        rows.append(gradient[0].norm(dim=-1).flip(0))
    expected = torch.stack(rows).mean(0).tolist()
    assert [norm.value for norm in found.norms] == pytest.approx(expected, rel=1e-3)


def test_a_memory_that_forgets_fades_and_one_that_keeps_does_not() -> None:
    ready, model = prepared("language", "lstm", n_layers=1)
    weights = dict(model.named_parameters())
    width = model.config.d_model
    with torch.no_grad():
        weights["layers.0.w_state"].zero_()
        weights["layers.0.bias"][width : 2 * width] = -4.0  # the forget gate is almost shut
        forgetful = fading(ready, model, units=4)
        weights["layers.0.bias"][width : 2 * width] = 8.0
        keeping = fading(ready, model, units=4)
    assert forgetful.norms[8].value < 1e-6 * forgetful.norms[0].value
    assert keeping.norms[8].value > 1e-3 * keeping.norms[0].value


def test_a_model_without_layers_has_no_gradient_to_follow() -> None:
    with pytest.raises(ProbeError, match="no_layers"):
        flow(subject("skipgram"), "abc")
    with pytest.raises(ProbeError, match="no_layers"):
        fading(*prepared("classify", "bag"))
