"""A recurrent network (Elman 1990): one state, rewritten at every token.

    h_t = tanh(W_in x_t + W_state h_{t-1} + b)

Letters: B batch, T time, C width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from trainer.models.config import ModelConfig
from trainer.models.layers import drawn
from trainer.models.recurrent import Memory, Recurrent, RecurrentLayer


class RNNLayer(RecurrentLayer):
    """The equation above, token by token. Torch's own kernel is no faster at this size."""

    hidden = {"w_in": 1, "w_state": 1}

    def __init__(self, config: ModelConfig, generator: torch.Generator) -> None:
        super().__init__()
        C = config.d_model
        self.w_in = drawn(C, C, generator)
        self.w_state = drawn(C, C, generator)
        self.bias = nn.Parameter(torch.zeros(C))

    def start(self, batch: int) -> Memory:
        return (self.bias.new_zeros(batch, len(self.bias)),)  # h (B, C)

    def forward(self, x: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        (h,) = memory
        driven = linear(x, self.w_in, self.bias)  # (B, T, C): all tokens at once, as nothing here depends on h
        w_state = self.w_state.T
        states = []
        for now in driven.unbind(1):  # (B, C)
            h = torch.addmm(now, h, w_state).tanh()
            states.append(h)
        return torch.stack(states, dim=1), (h,)


class RNN(Recurrent):
    """A stack of such layers."""

    def __init__(self, config: ModelConfig, generator: torch.Generator) -> None:
        super().__init__(config, RNNLayer, generator)
