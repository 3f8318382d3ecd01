"""Small models, texts and runs for the tests."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from trainer.corpora import Data
from trainer.events import Event, Point
from trainer.loop import Report, never, no_report, train
from trainer.models.base import Model
from trainer.models.config import ModelConfig
from trainer.models.gpt import GPT
from trainer.spec import RunSpec

TINY: dict[str, Any] = {
    "n_layers": 2,
    "d_model": 16,
    "n_heads": 2,
    "context": 16,
    "batch": 4,
    "tokens": 64 * 30,
    "prompts": ("The ", "a"),
}


def tiny_spec(**changes: Any) -> RunSpec:
    return RunSpec.parse(TINY | changes)


def tiny_text(length: int = 3_000) -> str:
    """Words in random order: a text with something to learn."""
    rng = random.Random(1)
    words = ["The", "cat", "saw", "a", "dog.", "It", "ran", "away", "\n", "quickly,"]
    return " ".join(rng.choices(words, k=length))[:length]


def tiny_config(**changes: Any) -> ModelConfig:
    """A model of 23 tokens."""
    shape = {"vocab_size": 23, "n_layers": 2, "d_model": 16, "n_heads": 2, "context": 12} | changes
    shape = {"n_outputs": shape["vocab_size"], "d_ff": 4 * shape["d_model"]} | shape
    return ModelConfig(**shape)


def tiny_model(*, seed: int = 1, head: bool = True, **changes: Any) -> GPT:
    """A model of 23 tokens; with `head`, all its zero matrices drawn at random too."""
    model = GPT(tiny_config(**changes), torch.Generator().manual_seed(seed))
    if head:
        enliven(model)
    return model.eval()


@torch.no_grad()
def enliven(model: Model) -> None:
    """Draw at random every parameter that is still zero, so that a test sees what it does."""
    generator = torch.Generator().manual_seed(3)
    for param in model.parameters():
        if not param.any():
            param.normal_(std=param.shape[-1] ** -0.5, generator=generator)


def random_ids(batch: int, length: int, *, vocab_size: int = 23, seed: int = 2) -> torch.Tensor:
    return torch.randint(vocab_size, (batch, length), generator=torch.Generator().manual_seed(seed))


def run(
    run_dir: Path,
    spec: RunSpec | None = None,
    *,
    data: Data | None = None,
    base: Path | None = None,
    stop: Callable[[], bool] = never,
    max_seconds: float | None = None,
    report: Report = no_report,
) -> list[Event]:
    """Every event of one attempt."""
    spec, data = spec or tiny_spec(), tiny_text() if data is None else data
    return list(train(spec, run_dir=run_dir, data=data, base=base, stop=stop, max_seconds=max_seconds, report=report))


def losses(events: list[Event]) -> list[float]:
    """Training loss of each step."""
    return [event.loss for event in events if isinstance(event, Point)]


def stop_after(calls: int) -> Callable[[], bool]:
    """A `stop` that says yes at its call number `calls`."""
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked >= calls

    return stop


def without_clock(events: list[Event]) -> list[dict[str, Any]]:
    """What must be equal between two attempts: everything but seconds, and which step Started names."""
    return [
        {name: value for name, value in event.to_dict().items() if name != "seconds"}
        for event in events
        if event.kind in {"point", "baseline", "held_out", "layers", "sample", "evaluation", "finished"}
    ]
