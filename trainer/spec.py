"""What a run is: every choice of a recipe. Standard library only, so that the web may import it.

Called by the lab forms, the API and `python -m trainer`; `trainer.loop.train` consumes it. `trainer.checks` says what
each field may be.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from trainer.checks import LIMITS, Problems, SpecError, convert, problems
from trainer.models.config import ModelConfig
from trainer.models.sizes import embedding_count, parameter_count

__all__ = ["LIMITS", "RunSpec", "SpecError", "identity"]

ENGINE = 5
"""Raised with every change of the trainer that changes losses: runs of another engine are other runs."""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One run's recipe. Construct with `RunSpec.parse` to have it checked.

    Not every family has every switch (an LSTM has no heads): what a family lacks, it ignores.
    """

    # What is learnt, from what.

    task: str = "language"
    """`language`: the next token of a text. `masked`: hidden tokens of a text (Devlin et al. 2019). `embed`: words from
    their neighbours (Mikolov et al. 2013). `classify`: one label a text. `tag`: one tag a word. `sequence`: a target
    from a source (answers, translations, copies)."""

    corpus: str = "python-docs"
    """Name of a corpus in `trainer.corpora`, or `sha256:<hex>` of uploaded data."""

    options: Mapping[str, int] | tuple[tuple[str, int], ...] = ()
    """A generated corpus's difficulty, by name (`trainer.corpora.OPTIONS`); kept as sorted pairs."""

    examples: int = 0
    """Training examples to draw or keep, up to 100,000; 0 takes the corpus's usual number. Ignored for texts."""

    data_seed: int = 1
    """Of generated examples. The model's own randomness is `seed`."""

    tokenizer: str = "characters"
    """`characters`, `bytes` or `words`: one token each. `bpe`: byte-pair encoding learned on the training part."""

    vocab_size: int = 512
    """Most tokens of a vocabulary of words or BPE pieces, 16 to 8,000; BPE needs 300. Else ignored."""

    normalise: tuple[str, ...] = ()
    """What happens to text before it is split: any of `nfc`, `nfkc`, `lowercase`, `strip_accents`."""

    # The model.

    family: str = "gpt"
    """`gpt`, `rnn`, `lstm`, `encoder`, `seq2seq`, `skipgram` or `bag` (of words)."""

    n_layers: int = 2
    """Blocks, or recurrent layers, 1 to 6; of the encoder and of the decoder each for `seq2seq`."""

    d_model: int = 64
    """Width of the residual stream or recurrent state, 16 to 256; a multiple of `n_heads`, and of twice that with
    rotary positions (they turn pairs)."""

    n_heads: int = 2
    """Attention heads a block, 1 to 8."""

    d_ff: int = 0
    """Width of the feed-forward layer, up to 2,048; 0 means four times `d_model`."""

    context: int = 64
    """Tokens that the model sees at once, 8 to 256. Longer examples are cut or left out, and counted."""

    positions: str = "rotary"
    """`rotary` (Su et al. 2021), `learned`, `sinusoidal` (Vaswani et al. 2017) or `none`."""

    causal: bool = True
    """Whether a position of a `gpt` sees only itself and those before it. Off, it sees the answers."""

    norm: str = "layer"
    """`layer` (Ba et al. 2016) or `rms` (Zhang and Sennrich 2019)."""

    norm_place: str = "before"
    """`before` each branch, or `after` it is added."""

    residual: bool = True
    """Whether a branch's output is added to its input, or takes its place."""

    activation: str = "relu2"
    """`relu2` (So et al. 2021), `gelu` or `relu`."""

    tied: bool = False
    """Whether the head is the embedding table (Press and Wolf 2017)."""

    lookback: int = 0
    """Tokens before each one whose embeddings, from tables of their own, join it at the input, 0 to 4."""

    dropout: float = 0.0
    """Share of activations dropped while training, 0 to 0.9."""

    window: int = 4
    """Furthest neighbour of a word in `embed`, 1 to 10."""

    negatives: int = 5
    """Wrong words a right one in `embed`, 1 to 20."""

    # Fine-tuning.

    tuning: str = "scratch"
    """`scratch`: new weights. From the model `base`: `frozen` trains the head alone, `full` everything, `lora` pairs
    of thin matrices beside the hidden ones (Hu et al. 2021) and the head."""

    base: str = ""
    """`sha256:<hex>` of the weights to start from; empty for `scratch`."""

    lora_rank: int = 8
    """Rank of the thin matrices, 1 to 64."""

    # How it learns.

    optimizer: str = "muon"
    """`muon`: Muon on the hidden matrices, Adam on the rest. `adamw`, `momentum`, `sgd`: on everything."""

    learning_rate: float = 0.03
    """Peak rate of the hidden matrices. Muon: about 0.03. AdamW: about 0.01."""

    embedding_rate: float = 0.0
    """Peak rate of Adam beside Muon: of embedding, head and other tables. 0 is 0.8 of `learning_rate`."""

    momentum: float = 0.0
    """Share of the past gradients kept (Muon, momentum; AdamW's first beta), up to 0.99; 0 is the usual one."""

    schedule: str = "linear"
    """How the rate falls from its peak to zero: `linear`, `cosine`; or `constant`."""

    warmup: int = 0
    """Steps in which the rate climbs from zero to its peak, 0 to 1,000."""

    clip: float = 0.0
    """Largest norm of the gradient; 0 leaves it alone."""

    weight_decay: float = 0.0
    """Decoupled weight decay (Loshchilov and Hutter 2019), 0 to 1."""

    batch: int = 16
    """Windows or examples a step, 1 to 256."""

    tokens: int = 512_000
    """Training tokens in all, filled-up places included, 1,000 to 4,000,000; the number of steps follows."""

    seed: int = 1
    """Of initial weights, batches, dropout and samples."""

    threads: int = 1
    """Torch threads. Part of a run's identity: other threads, other last digits."""

    device: str = "cpu"
    """`cpu`, or `cuda` where there is one: always in bfloat16."""

    precision: str = "float32"
    """Numbers of the matrix products in training: `float32`; or `bfloat16`, several times faster on processors that
    have it (AVX-512 BF16, AMX), slower on others. Weights, their updates and all measures stay in float32."""

    prompts: tuple[str, ...] = ("The ", "def ", "If the ")
    """What samples of `language` start with, at every checkpoint: one to five, each up to 64 characters."""

    def __post_init__(self) -> None:
        pairs = self.options.items() if isinstance(self.options, Mapping) else self.options
        object.__setattr__(self, "options", tuple(sorted((name, value) for name, value in pairs)))

    @property
    def tokens_per_step(self) -> int:
        """Tokens that one step trains on."""
        return self.batch * self.context

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole run, at least one."""
        return max(1, round(self.tokens / self.tokens_per_step))

    @property
    def lowered(self) -> bool:
        """Whether matrix products are in bfloat16."""
        return self.precision == "bfloat16" or self.device == "cuda"

    @property
    def checkpoint_every(self) -> int:
        """Steps between checkpoints (each with held-out loss and samples): about twenty a run, at least ten apart."""
        return max(10, math.ceil(self.steps / 20))

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Build a spec from untrusted values (strings or numbers). Raises SpecError naming every wrong field.

        Unknown keys are errors; missing keys take their defaults.
        """
        errors: Problems = {}
        known = {field.name: field for field in fields(cls)}
        clean: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                errors[name] = ("unknown", {})
                continue
            try:
                clean[name] = convert(name, value, type(known[name].default))
            except (TypeError, ValueError, OverflowError):
                errors[name] = ("not_a_number" if name in LIMITS else "invalid", {})
        spec = cls(**clean)
        if errors := {**spec.problems(), **errors}:
            raise SpecError(errors)
        return spec

    @classmethod
    def stored(cls, values: Mapping[str, Any]) -> Self:
        """Build a spec from what `to_dict` wrote, without checking it again."""
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**{**values, **lists})

    def problems(self) -> Problems:
        """Every field out of range: {field: (code, parameters)}; empty when the spec is sound."""
        return problems(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `RunSpec.parse` reads them back."""
        lists = {"prompts": list(self.prompts), "normalise": list(self.normalise), "options": dict(self.options)}
        return asdict(self) | lists

    def model_config(self, vocab_size: int, *, n_outputs: int | None = None, pad: int | None = None) -> ModelConfig:
        """The model's shape, given its vocabulary; `n_outputs` is the vocabulary's size unless said otherwise."""
        pool = "none"
        if self.task == "classify":
            pool = "last" if self.family in ("gpt", "rnn", "lstm") else "mean"
        return ModelConfig(
            family=self.family,
            vocab_size=vocab_size,
            n_outputs=vocab_size if n_outputs is None else n_outputs,
            context=self.context,
            n_layers=self.n_layers,
            d_model=self.d_model,
            n_heads=self.n_heads,
            d_ff=self.d_ff or 4 * self.d_model,
            positions=self.positions,
            causal=self.causal,
            norm=self.norm,
            norm_place=self.norm_place,
            residual=self.residual,
            activation=self.activation,
            tied=self.tied,
            lookback=self.lookback,
            dropout=self.dropout,
            pad=pad,
            pool=pool,
        )

    def parameter_count(self, vocab_size: int, *, n_outputs: int | None = None) -> int:
        """Weights of the model, exactly."""
        return parameter_count(self.model_config(vocab_size, n_outputs=n_outputs))

    def flops(self, vocab_size: int, *, n_outputs: int | None = None) -> float:
        """Floating-point operations of the whole training: 6 a parameter and token, plus attention's part in T."""
        config = self.model_config(vocab_size, n_outputs=n_outputs)
        matmul = parameter_count(config) - embedding_count(config)
        attention = 2 * self.n_layers * self.context * self.d_model
        return 6.0 * self.steps * self.tokens_per_step * (matmul + attention)


def identity(spec: RunSpec, *, data_hash: str, torch_version: str) -> str:
    """Hash of all that decides a run's losses to the last bit: recipe with seed and threads, data, torch, engine."""
    parts = {"engine": ENGINE, "spec": spec.to_dict(), "data": data_hash, "torch": torch_version}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
