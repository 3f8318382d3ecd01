"""The families by name. Used by the tasks and by `trainer.folder`.

Beside the package's own module, so that `config` and `sizes` can be read without importing torch.
"""

from __future__ import annotations

from typing import Protocol

import torch

from trainer.models.bag import Bag
from trainer.models.base import Model
from trainer.models.config import ModelConfig
from trainer.models.encoder import Encoder
from trainer.models.gpt import GPT
from trainer.models.lstm import LSTM
from trainer.models.rnn import RNN
from trainer.models.seq2seq import Seq2Seq
from trainer.models.skipgram import SkipGram


class Family(Protocol):
    """Makes a fresh model."""

    def __call__(self, config: ModelConfig, generator: torch.Generator) -> Model: ...


MODELS: dict[str, Family] = {
    "gpt": GPT,
    "rnn": RNN,
    "lstm": LSTM,
    "encoder": Encoder,
    "seq2seq": Seq2Seq,
    "skipgram": SkipGram,
    "bag": Bag,
}


def build(config: ModelConfig, generator: torch.Generator) -> Model:
    """A fresh model of the configuration's family; `generator` draws its weights, later its dropout masks."""
    return MODELS[config.family](config, generator)
