"""Tasks whose data are ready: no corpus, no tokenizer. Called by `trainer.export.script`.

`packed` takes from a task what its batches and its held-out loss need. The classes show how a task begins from that;
an exported script has the tasks of `trainer.tasks` with these beginnings.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from trainer.export.playback import Tensors
from trainer.spec import RunSpec
from trainer.tasks import embed, masked
from trainer.tasks.base import Batch, EpochOrder, Task
from trainer.tasks.classify import ClassifyTask
from trainer.tasks.embed import EmbedTask
from trainer.tasks.language import LanguageTask
from trainer.tasks.masked import MaskedTask
from trainer.tasks.sequence import SequenceTask
from trainer.tasks.tag import TagTask
from trainer.tasks.texts import all_windows

RENAMED: Mapping[str, str] = {
    "self.data.train": "self.train",
    "self.tokenizer.vocab_size": "self.vocab_size",
    "self.specials.pad": "self.pad",
    "self.specials.mask": "self.mask",
}
"""What tasks take from their tokenizer, and where the classes below have it."""


class Language(LanguageTask):
    """See `LanguageTask`."""

    def __init__(self, spec: RunSpec, data: Tensors) -> None:
        self.spec = spec
        self.train = data["train"]  # (N,)
        self.windows, self.targets = all_windows(data["held_out"], context=spec.context)


class Masked(MaskedTask):
    """See `MaskedTask`."""

    def __init__(self, spec: RunSpec, data: Tensors) -> None:
        self.spec = spec
        self.train = data["train"]  # (N,)
        self.vocab_size, self.mask = int(data["vocab_size"]), int(data["mask"])
        windows, _ = all_windows(data["held_out"], context=spec.context)
        self.held = self.hide(windows, torch.Generator().manual_seed(masked.HELD_OUT_SEED))


class Embed(EmbedTask):
    """See `EmbedTask`."""

    def __init__(self, spec: RunSpec, data: Tensors) -> None:
        self.spec = spec
        self.train = data["train"]  # (N,)
        counts = torch.bincount(self.train, minlength=int(data["vocab_size"]))  # (V,)
        self.noise = counts.double().pow(embed.NOISE_POWER).float()
        generator = torch.Generator().manual_seed(embed.HELD_OUT_SEED)
        self.held_pairs = self._pairs(data["held_out"], embed.HELD_OUT_UNITS * spec.context, generator)


class Classify(ClassifyTask):
    """See `ClassifyTask`."""

    def __init__(self, spec: RunSpec, data: Tensors) -> None:
        self.spec = spec
        self.pad = int(data["pad"])
        self.train_ids, self.train_labels = data["train"], data["train_targets"]  # (N, T), (N,)
        self.held_ids, self.held_labels = data["held_out"], data["held_out_targets"]
        self.order = EpochOrder(len(self.train_ids), spec.batch, spec.seed)


class Tag(TagTask):
    """See `TagTask`."""

    def __init__(self, spec: RunSpec, data: Tensors) -> None:
        self.spec = spec
        self.pad = int(data["pad"])
        self.train_ids, self.train_tags = data["train"], data["train_targets"]  # (N, T) each
        self.held_ids, self.held_tags = data["held_out"], data["held_out_targets"]
        self.order = EpochOrder(len(self.train_ids), spec.batch, spec.seed)


class Sequence(SequenceTask):
    """See `SequenceTask`."""

    def __init__(self, spec: RunSpec, data: Tensors) -> None:
        self.spec = spec
        self.pad = int(data["pad"])
        # Source and target in one row (N, T), or beside each other.
        inputs = [(data[name], data[f"held_out{name[5:]}"]) for name in ("train", "train_beside") if name in data]
        self.train = Batch(inputs=tuple(train for train, _ in inputs), targets=data["train_targets"])
        self.held = Batch(inputs=tuple(held for _, held in inputs), targets=data["held_out_targets"])
        self.order = EpochOrder(len(self.train.targets), spec.batch, spec.seed)


PREPARED: dict[type[Task], type[Task]] = {
    LanguageTask: Language,
    MaskedTask: Masked,
    EmbedTask: Embed,
    ClassifyTask: Classify,
    TagTask: Tag,
    SequenceTask: Sequence,
}


def tensors_of(task: Task) -> Tensors:
    """What `PREPARED` begins from."""
    if isinstance(task, LanguageTask):
        return {"train": task.data.train, "held_out": task.data.held_out}
    if isinstance(task, MaskedTask):
        sizes = {"vocab_size": task.tokenizer.vocab_size, "mask": task.specials.mask}
        return {"train": task.data.train, "held_out": task.data.held_out} | _scalars(sizes)
    if isinstance(task, EmbedTask):
        return {"train": task.train, "held_out": task.held} | _scalars({"vocab_size": task.tokenizer.vocab_size})
    if isinstance(task, ClassifyTask):
        return _examples(task.specials.pad, (task.train_ids, task.train_labels), (task.held_ids, task.held_labels))
    if isinstance(task, TagTask):
        return _examples(task.specials.pad, (task.train_ids, task.train_tags), (task.held_ids, task.held_tags))
    if isinstance(task, SequenceTask):
        return _pairs(task)
    raise TypeError(f"no export of {type(task).__name__}")


def _examples(pad: int, train: tuple[Tensor, Tensor], held: tuple[Tensor, Tensor]) -> Tensors:
    names = "train", "train_targets", "held_out", "held_out_targets"
    return dict(zip(names, (*train, *held), strict=True)) | _scalars({"pad": pad})


def _pairs(task: SequenceTask) -> Tensors:
    found: Tensors = _scalars({"pad": task.specials.pad})
    for part, table in {"train": task.train, "held_out": task.held}.items():
        found[f"{part}_targets"] = table.targets
        found |= {f"{part}{name}": ids for name, ids in zip(("", "_beside"), table.inputs, strict=False)}
    return found


def _scalars(numbers: dict[str, int]) -> Tensors:
    return {name: torch.tensor(number) for name, number in numbers.items()}
