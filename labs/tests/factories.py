"""Plain functions that make what the labs' tests need."""

from __future__ import annotations

import itertools
from typing import Any

from labs.catalogue import LABS
from labs.models import Run
from labs.states import State
from trainer.spec import RunSpec

_keys = itertools.count()

TINY: dict[str, Any] = {"n_layers": 1, "d_model": 16, "n_heads": 1, "context": 16, "batch": 4, "tokens": 2560}
"""A recipe of 40 steps with four checkpoints; about 0.2 s of training."""


def make_run(owner: Any, **fields: Any) -> Run:
    """A run in any state, without going through the queue."""
    spec = RunSpec.parse(TINY | fields.pop("spec", {}))
    values: dict[str, Any] = {
        "lab": "training",
        "spec": spec.to_dict(),
        "steps": spec.steps,
        "params": spec.parameter_count(96),
        "idempotency_key": f"key-{next(_keys)}",
    }
    return Run.objects.create(owner=owner, **values | fields)


def make_curve(steps: int, *, every: int = 10) -> dict[str, Any]:
    """A falling curve with a held-out loss every `every` steps."""
    step = list(range(1, steps + 1))
    held = step[every - 1 :: every]
    loss = [4.6 - 2.5 * (1 - 0.98**n) for n in step]
    return {
        "step": step,
        "tokens": [n * 64 for n in step],
        "seconds": [n * 0.01 for n in step],
        "loss": loss,
        "rate": [0.03] * steps,
        "grad_norm": [1.0] * steps,
        "held_out": {
            "step": held,
            "tokens": [n * 64 for n in held],
            "seconds": [n * 0.01 for n in held],
            "loss": [loss[n - 1] for n in held],
            "perplexity": [2.0] * len(held),
            "bits_per_byte": [loss[n - 1] / 0.693 for n in held],
        },
    }


def make_finished(owner: Any, **fields: Any) -> Run:
    """A finished run with a curve and a sample."""
    curve = make_curve(40)
    result = {"kind": "finished", "step": 40, "seconds": 0.4, "loss": 2.1, "perplexity": 8.2, "bits_per_byte": 3.0}
    values: dict[str, Any] = {
        "state": State.FINISHED,
        "curve": curve,
        "samples": [{"step": 40, "prompt": "The ", "text": "cat"}],
        "info": {"baseline": {"order": 3, "loss": 2.5, "bits_per_byte": 3.6}},
        "result": result | {"model": "model"},
        "step": 40,
        "held_out": 2.1,
        "bits_per_byte": curve["held_out"]["bits_per_byte"][-1],
        "spark": curve["held_out"]["loss"],
    }
    return make_run(owner, **values | fields)


def said_fields(lab: str) -> dict[str, str]:
    """What a form says of a lab's prediction, so that Run is unlocked."""
    asked = LABS[lab].prediction
    if asked.kind == "ranking":
        return {f"rank-{name}": str(place) for place, name in enumerate(asked.items, start=1)}
    return {"prediction": "2"}
