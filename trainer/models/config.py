"""The shape of a model, for every family, as plain data. Standard library only, so that a recipe can be counted without
torch. Built from a recipe by `trainer.tasks`, stored in a model's folder, read by every file of this package.
"""

from __future__ import annotations

from dataclasses import dataclass

FAMILIES = ("gpt", "rnn", "lstm", "encoder", "seq2seq", "skipgram", "bag")
POSITIONS = ("rotary", "learned", "sinusoidal", "none")
NORMS = ("layer", "rms")
NORM_PLACES = ("before", "after")
ACTIVATIONS = ("relu2", "gelu", "relu")
POOLS = ("none", "last", "mean")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Sizes and switches. A family ignores what it does not have; `trainer.spec` says which."""

    family: str = "gpt"
    vocab_size: int
    """V: different input ids."""
    n_outputs: int
    """Logits at a position: V for the next token, else classes or tags."""
    context: int
    """T: most positions that the model sees at once."""
    n_layers: int = 2
    d_model: int = 64
    """C: width of the residual stream, or of a recurrent state."""
    n_heads: int = 2
    d_ff: int = 256
    """Width of the feed-forward layer."""
    positions: str = "rotary"
    causal: bool = True
    """Whether a position may look only at itself and those before it."""
    norm: str = "layer"
    norm_place: str = "before"
    """`before` each branch (Xiong et al. 2020), or `after` it is added (Vaswani et al. 2017)."""
    residual: bool = True
    activation: str = "relu2"
    tied: bool = False
    """Whether the head is the embedding table."""
    lookback: int = 0
    """Tokens before the current one whose embeddings, from tables of their own, are added at the input."""
    dropout: float = 0.0
    pad: int | None = None
    """Id that fills short rows: nothing attends to it. None where every row is full."""
    pool: str = "none"
    """Logits at every position, at the `last` that is not padding, or of the `mean` over those."""
