"""The labs: what each starts with and what counts as reaching its goal. Code, because they have behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from trainer.spec import RunSpec


@dataclass(frozen=True, kw_only=True)
class Lab:
    """One lab. `preset` is the recipe that its page opens with; `goal` says in words what completes it."""

    slug: str
    number: int
    title: Promise
    intro: Promise
    goal: Promise
    preset: RunSpec
    knobs: tuple[str, ...]
    """Fields of RunSpec that the recipe panel shows, in this order; the rest keep the preset's values."""
    more: tuple[str, ...] = ()
    """Fields shown behind "more"."""
    extra: Mapping[str, Any] = field(default_factory=dict)


LABS: dict[str, Lab] = {
    lab.slug: lab
    for lab in (
        Lab(
            slug="training",
            number=5,
            title=_("Find the learning rate"),
            intro=_("Train a small Transformer on Python’s own documentation and watch its loss fall."),
            goal=_("Get held-out loss under the n-gram baseline."),
            preset=RunSpec(),
            knobs=(
                "corpus",
                "tokenizer",
                "n_layers",
                "d_model",
                "n_heads",
                "context",
                "optimizer",
                "learning_rate",
                "tokens",
            ),
            more=("vocab_size", "schedule", "warmup", "clip", "weight_decay", "dropout", "batch"),
        ),
        Lab(
            slug="generation",
            number=7,
            title=_("Let it write"),
            intro=_("Train a model, then change how it chooses: temperature, top-k and top-p."),
            goal=_(
                "Let one finished model write at a low temperature (0.4 or less), a middle (0.7 to 1.1) "
                "and a high one (1.5 or more)."
            ),
            preset=RunSpec(tokenizer="bpe", vocab_size=512),
            knobs=("corpus", "tokenizer", "vocab_size", "n_layers", "d_model", "n_heads", "context", "tokens"),
            more=("optimizer", "learning_rate", "schedule", "warmup", "clip", "weight_decay", "dropout", "batch"),
        ),
    )
}
