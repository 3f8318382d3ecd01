"""What a run is: every choice of a recipe, checked. Standard library only, so that the web may import it.

Called by the lab forms, the API and `python -m trainer`; `trainer.loop.train` consumes it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

TOKENIZERS = ("characters", "bpe")
OPTIMIZERS = ("muon", "adamw", "momentum", "sgd")
SCHEDULES = ("linear", "cosine", "constant")

# Bounds of the numeric fields, both ends included.
LIMITS: dict[str, tuple[float, float]] = {
    "vocab_size": (300, 2000),
    "n_layers": (1, 6),
    "d_model": (16, 256),
    "n_heads": (1, 8),
    "context": (8, 256),
    "batch": (1, 64),
    "learning_rate": (1e-6, 10.0),
    "momentum": (0.0, 0.999),
    "warmup": (0, 1000),
    "clip": (0.0, 100.0),
    "weight_decay": (0.0, 1.0),
    "dropout": (0.0, 0.9),
    "tokens": (1_000, 4_000_000),
    "seed": (0, 2**31 - 1),
    "threads": (1, 64),
}
MAX_STEPS = 20_000


class SpecError(ValueError):
    """Every field that is wrong, at once: `errors` maps a field to (code, parameters)."""

    def __init__(self, errors: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(f"{name}: {code} {params}" for name, (code, params) in self.errors.items()))


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One run's recipe. Construct with `RunSpec.parse` to have it checked."""

    corpus: str = "python-docs"
    """Name of a corpus in `trainer.corpora`, or `sha256:<hex>` of an uploaded text."""

    tokenizer: str = "characters"
    """`characters`: one token a character. `bpe`: byte-pair encoding learned on the training part."""

    vocab_size: int = 512
    """Tokens in the BPE vocabulary, 300 to 2,000. Ignored for characters."""

    n_layers: int = 2
    """Transformer blocks, 1 to 6."""

    d_model: int = 64
    """Width of the residual stream, 16 to 256; a multiple of twice `n_heads` (rotary turns pairs)."""

    n_heads: int = 2
    """Attention heads a block, 1 to 8."""

    context: int = 64
    """Tokens that the model sees at once, 8 to 256."""

    batch: int = 16
    """Windows a step, 1 to 64."""

    optimizer: str = "muon"
    """`muon`: Muon on the hidden matrices, Adam on embedding and head. `adamw`: AdamW on everything. `momentum`:
    gradient descent with heavy-ball momentum. `sgd`: gradient descent alone."""

    learning_rate: float = 0.03
    """Peak rate of the hidden matrices. Muon: about 0.03. AdamW: about 0.01."""

    momentum: float = 0.0
    """Share of the past that a step keeps, 0 to 0.999; 0 takes the optimiser's usual: Muon 0.85, Adam (its first beta)
    and momentum 0.9. `sgd` has none."""

    schedule: str = "linear"
    """How the rate falls from its peak to zero: `linear`, `cosine`; or `constant`."""

    warmup: int = 0
    """Steps in which the rate climbs from zero to its peak, 0 to 1,000."""

    clip: float = 0.0
    """Largest norm of the gradient; 0 leaves it alone."""

    weight_decay: float = 0.0
    """Decoupled weight decay (Loshchilov and Hutter 2019), 0 to 1."""

    dropout: float = 0.0
    """Share of activations dropped while training, 0 to 0.9."""

    tokens: int = 512_000
    """Training tokens in all, 1,000 to 4,000,000; the number of steps follows."""

    seed: int = 1
    """Of initial weights, windows, dropout and samples."""

    threads: int = 1
    """Torch threads. Part of a run's identity: other threads, other last digits."""

    prompts: tuple[str, ...] = ("The ", "def ", "If the ")
    """What samples start with, at every checkpoint: one to five, each up to 64 characters."""

    @property
    def tokens_per_step(self) -> int:
        """Tokens that one step trains on."""
        return self.batch * self.context

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole run, at least one."""
        return max(1, round(self.tokens / self.tokens_per_step))

    @property
    def checkpoint_every(self) -> int:
        """Steps between checkpoints (each with held-out loss and samples): about twenty a run, at least ten apart."""
        return max(10, math.ceil(self.steps / 20))

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> RunSpec:
        """Build a spec from untrusted values (strings or numbers). Raises SpecError naming every wrong field.

        Unknown keys are errors; missing keys take their defaults.
        """
        errors: dict[str, tuple[str, dict[str, Any]]] = {}
        known = {field.name: field for field in fields(cls)}
        clean: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                errors[name] = ("unknown", {})
                continue
            try:
                clean[name] = _convert(name, value, type(known[name].default))
            except (TypeError, ValueError, OverflowError):
                errors[name] = ("not_a_number" if name in LIMITS else "invalid", {})
        spec = cls(**{name: value for name, value in clean.items() if name not in errors})
        errors |= {name: error for name, error in spec.problems().items() if name not in errors}
        if errors:
            raise SpecError(errors)
        return spec

    def problems(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Every field out of range: {field: (code, parameters)}; empty when the spec is sound."""
        found: dict[str, tuple[str, dict[str, Any]]] = {}
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                found[name] = ("out_of_range", {"low": low, "high": high})
        for name, choices in (("tokenizer", TOKENIZERS), ("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            if getattr(self, name) not in choices:
                found[name] = ("not_a_choice", {"choices": ", ".join(choices)})
        if not {"d_model", "n_heads"} & found.keys() and self.d_model % (2 * self.n_heads):
            found["d_model"] = ("not_a_multiple", {"factor": 2 * self.n_heads})
        if not {"tokens", "batch", "context"} & found.keys():
            if self.tokens < self.tokens_per_step:
                found["tokens"] = ("too_few_tokens", {"low": self.tokens_per_step})
            elif self.steps > MAX_STEPS:
                found["tokens"] = ("too_many_steps", {"high": MAX_STEPS})
        if not 1 <= len(self.prompts) <= 5 or any(not _is_prompt(prompt) for prompt in self.prompts):
            found["prompts"] = ("bad_prompts", {})
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `RunSpec.parse` reads them back."""
        return asdict(self) | {"prompts": list(self.prompts)}

    def parameter_count(self, vocab_size: int) -> int:
        """Weights of the model: embedding and head (not tied) and 12 d² a block (no biases, no gains)."""
        return 2 * vocab_size * self.d_model + 12 * self.n_layers * self.d_model**2

    def flops(self, vocab_size: int) -> float:
        """Floating-point operations of the whole training: 6 a parameter and token, plus attention's part in T."""
        matmul = self.parameter_count(vocab_size) - vocab_size * self.d_model
        attention = 2 * self.n_layers * self.context * self.d_model
        return 6.0 * self.steps * self.tokens_per_step * (matmul + attention)


def identity(spec: RunSpec, *, data_hash: str, torch_version: str) -> str:
    """Hash of all that decides a run's losses to the last bit: recipe with seed and threads, data, torch build."""
    parts = {"spec": spec.to_dict(), "data": data_hash, "torch": torch_version}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _is_prompt(text: str) -> bool:
    """1 to 64 characters that UTF-8 has, none of them zero."""
    return 1 <= len(text) <= 64 and "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _convert(name: str, value: Any, kind: type) -> Any:
    if kind is tuple:
        if isinstance(value, str) or not all(isinstance(item, str) for item in value):
            raise ValueError(name)
        return tuple(value)
    if kind is str:
        if not isinstance(value, str):
            raise TypeError(name)
        return value
    if isinstance(value, bool):
        raise TypeError(name)
    number = float(value)
    if kind is float:
        return number
    if not number.is_integer():  # also refuses nan; infinity raises OverflowError below
        raise ValueError(name)
    return int(number)
