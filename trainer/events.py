"""What a run says while it goes, one JSON line an event. Standard library only, so that the web may import it.

`trainer.loop.train` yields them; the caller stores, draws or stops. Times are seconds of training since step 0,
losses nats a token.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Event:
    """Common base: `kind` names the event on the wire."""

    kind: ClassVar[str]

    def to_dict(self) -> dict[str, Any]:
        """`kind` and all fields, JSON values only."""
        return {"kind": self.kind} | asdict(self)

    def to_json(self) -> str:
        """One line without its newline."""
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, kw_only=True)
class Started(Event):
    """Data and model are ready; sent again by each attempt that resumes."""

    kind: ClassVar[str] = "started"
    step: int
    """0, or the checkpoint's step when the run resumes."""
    steps: int
    params: int
    """Weights of the model."""
    trained: int
    """Those of them that learn: fewer when fine-tuning."""
    vocab_size: int
    tokens_per_step: int
    train_tokens: int
    held_out_tokens: int
    train_examples: int | None
    """None for texts."""
    left_out: int
    """Examples that do not fit the context."""
    bytes_per_token: float | None
    """Mean UTF-8 bytes a held-out token; loss / ln 2 / this = bits per byte. None where losses are not about text."""
    data_hash: str
    torch: str
    threads: int
    identity: str


@dataclass(frozen=True, kw_only=True)
class Baseline(Event):
    """What a model without a network reaches on the same held-out data: for texts an interpolated Kneser-Ney n-gram."""

    kind: ClassVar[str] = "baseline"
    name: str
    """kneser_ney, naive_bayes, commonest_tag or commonest_target."""
    order: int
    """Tokens that it looks at together."""
    loss: float | None
    bits_per_byte: float | None
    measures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Point(Event):
    """One training step, measured on its own batch before the update. Step 1 is the first."""

    kind: ClassVar[str] = "point"
    step: int
    tokens: int
    seconds: float
    loss: float
    rate: float
    """Learning rate of the hidden matrices at this step."""
    grad_norm: float


@dataclass(frozen=True, kw_only=True)
class HeldOut(Event):
    """Mean loss over held-out windows or examples at a checkpoint; the last one covers all of them."""

    kind: ClassVar[str] = "held_out"
    step: int
    tokens: int
    seconds: float
    loss: float
    perplexity: float
    bits_per_byte: float | None
    windows: int
    """Windows or examples measured."""
    measures: dict[str, float] = field(default_factory=dict)
    """Shares of right answers, by name."""


@dataclass(frozen=True, kw_only=True)
class Layers(Event):
    """How hard each layer is pushed at a checkpoint's step, by the layer's name."""

    kind: ClassVar[str] = "layers"
    step: int
    grad_norms: dict[str, float]
    update_ratios: dict[str, float]
    """Size of the step's change over size of the weights."""


@dataclass(frozen=True, kw_only=True)
class Sample(Event):
    """What the model makes of a prompt at a checkpoint: a continuation (temperature 0.7, the run's seed), a label,
    tags, guesses, or a target."""

    kind: ClassVar[str] = "sample"
    step: int
    prompt: str
    text: str
    """The continuation alone."""
    expected: str = ""
    """What would be right, where something is."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint(Event):
    """Everything up to `step` is on disk at `path`, relative to the run's folder, and can be resumed exactly."""

    kind: ClassVar[str] = "checkpoint"
    step: int
    path: str


@dataclass(frozen=True, kw_only=True)
class Evaluation(Event):
    """The task's own measures on one slice of the held-out data, once the run is done."""

    kind: ClassVar[str] = "evaluation"
    step: int
    slice: str
    """`held_out`, or the name of a slice of the corpus."""
    measures: dict[str, dict[str, float]]
    """By name: value, low, high (95 %) and n."""
    detail: dict[str, Any]
    """Confusion matrix, calibration, errors and the like."""


@dataclass(frozen=True, kw_only=True)
class Finished(Event):
    """All steps done; `model` is the folder with weights, config and tokenizer, relative to the run's folder."""

    kind: ClassVar[str] = "finished"
    step: int
    seconds: float
    loss: float
    """Held-out loss over all windows."""
    perplexity: float
    bits_per_byte: float | None
    model: str
    measures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """A named end that is not success: diverged, out_of_time, out_of_memory, interrupted, refused."""

    kind: ClassVar[str] = "failed"
    ending: str
    step: int
    detail: dict[str, Any]
    """Numbers that the words need, e.g. {"loss": null, "start": 4.5, "best_step": 140, "rate": 0.4}."""


KINDS: dict[str, type[Event]] = {
    cls.kind: cls
    for cls in (Started, Baseline, Point, HeldOut, Layers, Sample, Checkpoint, Evaluation, Finished, Failed)
}


def parse(line: str) -> Event:
    """Read one JSON line back. Raises ValueError for anything that is not a known, complete event."""
    values = json.loads(line)
    try:
        cls = KINDS[values.pop("kind")]
        return cls(**{each.name: values[each.name] for each in fields(cls)})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an event: {line[:80]!r}") from error
