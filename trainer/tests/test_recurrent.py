from __future__ import annotations

import torch
from torch import Tensor, nn

from trainer.models.lstm import LSTMLayer
from trainer.models.rnn import RNNLayer
from trainer.tests.factories import tiny_config


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def row(length: int = 9) -> Tensor:
    return torch.randn(3, length, 16, generator=generator(2))


def start() -> Tensor:
    return torch.randn(3, 16, generator=generator(3))


def weights(layer: RNNLayer | LSTMLayer) -> dict[str, Tensor]:
    nn.init.normal_(layer.bias, generator=generator(4))
    return {
        "weight_ih_l0": layer.w_in.detach(),
        "weight_hh_l0": layer.w_state.detach(),
        "bias_ih_l0": layer.bias.detach(),
        "bias_hh_l0": torch.zeros_like(layer.bias),
    }


def test_the_rnn_equals_torch_rnn() -> None:
    ours, theirs = RNNLayer(tiny_config(), generator()), nn.RNN(16, 16, batch_first=True)
    theirs.load_state_dict(weights(ours))
    expected, last = theirs(row(), start()[None])
    y, (h,) = ours(row(), (start(),))
    torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(h, last[0], rtol=1e-4, atol=1e-5)


def test_the_lstm_equals_torch_lstm() -> None:
    ours, theirs = LSTMLayer(tiny_config(), generator()), nn.LSTM(16, 16, batch_first=True)
    theirs.load_state_dict(weights(ours))
    expected, (last, cell) = theirs(row(), (start()[None], 2 * start()[None]))
    y, (h, c) = ours(row(), (start(), 2 * start()))
    torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(h, last[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(c, cell[0], rtol=1e-4, atol=1e-5)


def test_the_equations_of_the_lstm_give_what_its_kernel_gives() -> None:
    layer = LSTMLayer(tiny_config(), generator())
    y, (_, last) = layer(row(), (start(), 2 * start()))
    h, c = start(), 2 * start()
    for t in range(9):
        h, c = layer.step(row()[:, t], h, c)
        torch.testing.assert_close(h, y[:, t], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(c, last, rtol=1e-4, atol=1e-5)


def test_an_lstm_remembers_at_first() -> None:
    layer = LSTMLayer(tiny_config(), generator())
    assert layer.bias.tolist() == [0.0] * 16 + [1.0] * 16 + [0.0] * 32
