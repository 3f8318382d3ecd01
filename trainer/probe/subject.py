"""What is looked into: a model with its tokenizer, and a text as that model reads it. Used by every file beside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from trainer import snapshots
from trainer.folder import load_model, read_config
from trainer.models.base import Model
from trainer.models.registry import build
from trainer.models.trace import Trace
from trainer.models.tuning import add_lora, merge_lora
from trainer.spec import RunSpec
from trainer.tasks.base import Task
from trainer.tasks.specials import Specials
from trainer.tokenizer import Tokenizer

LAYERED = ("gpt", "rnn", "lstm", "encoder", "seq2seq")
"""Families that can be traced."""

ATTENTIVE = ("gpt", "encoder", "seq2seq")
WITHOUT_SPECIALS = ("language", "embed")


class ProbeError(ValueError):
    """A question that this model or text has no answer to. `code` names the reason, `params` what its sentence needs.

    Codes: no_model {folder}, no_snapshot {step, steps}, no_attention {family}, no_layers {family},
    not_causal {family}, not_about_text {task}, nothing_known {unknown}, too_short {needed, found} (tokens),
    out_of_range {field, low, high, found}, not_a_choice {field, choices}, needed {field}, changed_model and
    changed_data (files are no longer the run's own).
    """

    def __init__(self, code: str, **params: Any) -> None:
        self.code, self.params = code, params
        super().__init__(f"{code} {params}")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model and what its numbers stand for."""

    model: Model
    tokenizer: Tokenizer
    task: str
    """`RunSpec.task` that it was trained on."""
    labels: tuple[str, ...] = ()
    """Names of its outputs, where these are no tokens."""

    @property
    def family(self) -> str:
        """The model's family."""
        return self.model.config.family

    @property
    def specials(self) -> Specials | None:
        """Ids that stand for no text, where the model has any."""
        return None if self.task in WITHOUT_SPECIALS else Specials.after(self.tokenizer)

    def token_name(self, token: int) -> str:
        """A token for people to read; special ones as ⟨end⟩."""
        if self.specials is None or token < self.tokenizer.vocab_size:
            return self.tokenizer.token_text(token)
        return f"⟨{Specials._fields[token - self.tokenizer.vocab_size]}⟩"

    def output_name(self, output: int) -> str:
        """What one of the model's outputs says: a label, or a token."""
        return self.labels[output] if self.labels else self.token_name(output)

    def needs(self, families: tuple[str, ...], code: str) -> None:
        """Raise ProbeError for a model of another family."""
        if self.family not in families:
            raise ProbeError(code, family=self.family)


def of_task(task: Task, model: Model) -> Subject:
    """A model in the middle of its run."""
    return Subject(model=model, tokenizer=task.tokenizer, task=task.spec.task, labels=task.labels)


def load(folder: Path, step: int | None = None) -> Subject:
    """The model of a finished run's folder (or a model's own folder), or as it was at the snapshot of `step`.

    Raises ProbeError: no_model, no_snapshot.
    """
    inner = folder / "model" if (folder / "model").is_dir() else folder
    try:
        model, tokenizer = load_model(inner)
        config = read_config(inner)
        spec, labels = RunSpec.stored(config["recipe"]["spec"]), tuple(config["labels"])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError):
        raise ProbeError("no_model", folder=folder.name) from None
    if step is not None:
        _rewind(model, spec, folder, step)
    return Subject(model=model.eval(), tokenizer=tokenizer, task=spec.task, labels=labels)


def load_running(task: Task, run_dir: Path, step: int) -> Subject:
    """A model as it was at a snapshot of a run that has not finished. Raises ProbeError: no_snapshot."""
    config = task.config
    labelled = config.n_outputs != config.vocab_size
    model = build(replace(config, tied=False) if labelled else config, torch.Generator())
    _rewind(model, task.spec, run_dir, step)
    return of_task(task, model.eval())


def _rewind(model: Model, spec: RunSpec, run_dir: Path, step: int) -> None:
    """Give a plain model the weights of a snapshot; one with low-rank changes has them merged."""
    known = snapshots.steps(run_dir)
    if step not in known:
        raise ProbeError("no_snapshot", step=step, steps=known)
    if spec.tuning == "lora":
        add_lora(model, spec.lora_rank, torch.Generator())
    snapshots.load_snapshot(run_dir, step, model)
    if spec.tuning == "lora":
        merge_lora(model)


@contextmanager
def quiet(model: Model, *, gradients: bool = False) -> Iterator[None]:
    """Evaluation mode; without gradients, or with those of all weights, frozen ones too. Restored afterwards."""
    training = model.training
    frozen = [param for param in model.parameters() if gradients and not param.requires_grad]
    model.eval()
    try:
        for param in frozen:
            param.requires_grad_(True)
        with torch.set_grad_enabled(gradients):
            yield
    finally:
        for param in frozen:
            param.requires_grad_(False)
        model.train(training)


def traced(model: Model, inputs: tuple[Tensor, ...]) -> tuple[Tensor, Trace]:
    """What a layered model says, and all that happened inside."""
    trace = Trace(source=Trace() if model.config.family == "seq2seq" else None)
    logits: Tensor = model(*inputs, trace=trace)
    return logits, trace
