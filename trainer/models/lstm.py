"""Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000): a cell that is
added to, not rewritten, and gates that decide what enters, stays and leaves.

    i, f, g, o = W_in x_t + W_state h_{t-1} + b        four parts of equal width
    c_t = σ(f) c_{t-1} + σ(i) tanh(g)
    h_t = σ(o) tanh(c_t)

Letters: B batch, T time, C width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from trainer.models.config import ModelConfig
from trainer.models.layers import drawn
from trainer.models.recurrent import Memory, Recurrent, RecurrentLayer


class LSTMLayer(RecurrentLayer):
    """The equations above are `step`; `forward` does many steps in torch's kernel, six times faster."""

    hidden = {"w_in": 4, "w_state": 4}
    nothing: Tensor

    def __init__(self, config: ModelConfig, generator: torch.Generator) -> None:
        super().__init__()
        C = config.d_model
        self.w_in = drawn(4 * C, C, generator)
        self.w_state = drawn(4 * C, C, generator)
        self.bias = nn.Parameter(torch.zeros(4 * C))
        with torch.no_grad():
            self.bias[C : 2 * C] = 1.0  # remember at first (Jozefowicz et al. 2015)
        self.register_buffer("nothing", torch.zeros(4 * C), persistent=False)  # the kernel wants a second bias

    def start(self, batch: int) -> Memory:
        C = self.w_state.shape[1]
        return self.bias.new_zeros(batch, C), self.bias.new_zeros(batch, C)  # h and c

    def forward(self, x: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        h, c = memory
        if x.shape[1] == 1:
            h, c = self.step(x[:, 0], h, c)
            return h[:, None], (h, c)
        weights = (self.w_in, self.w_state, self.bias, self.nothing)
        y, h, c = torch.lstm(
            x,
            (h[None], c[None]),
            weights,
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=self.training,
            bidirectional=False,
            batch_first=True,
        )
        return y, (h[0], c[0])  # (B, T, C)

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """State and cell (B, C) after one more token x (B, C)."""
        i, f, g, o = (linear(x, self.w_in, self.bias) + linear(h, self.w_state)).chunk(4, dim=-1)  # each (B, C)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


class LSTM(Recurrent):
    """A stack of such layers."""

    def __init__(self, config: ModelConfig, generator: torch.Generator) -> None:
        super().__init__(config, LSTMLayer, generator)
