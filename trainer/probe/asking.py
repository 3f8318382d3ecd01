"""The questions of this package about one run, asked by a program: plain values in, plain values out. Called by the
process that `trainer.nursery` forks for the page that looks inside a run; the command line has `command` beside this.

An `Asker` holds what it has loaded (the models of a few steps, the run's data), so that a second question about the
same run costs a forward pass and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from trainer import snapshots
from trainer.corpora import Data, word_classes
from trainer.corpora.kept import ChangedError, read_data
from trainer.folder import load_model
from trainer.loop import corpus_data
from trainer.probe import ablation, attention, embeddings, gradients, induction, lens, tokens
from trainer.probe.subject import ProbeError, Subject, load, load_running
from trainer.spec import RunSpec
from trainer.starting import base_hash
from trainer.tasks.base import Task
from trainer.tasks.language import LanguageTask
from trainer.tasks.prepare import prepare

MOST_SUBJECTS = 12
"""Models of different steps that are kept; each is a few hundred KB to a few MB."""

Params = Mapping[str, Any]


@dataclass(kw_only=True)
class Asker:
    """One run and what has been loaded of it."""

    run_dir: Path
    spec: RunSpec
    text_path: Path | None = None
    """The upload that stands for a built-in corpus."""
    weights: str = ""
    """Hash that the finished model must have; empty takes any."""
    base: Path | None = None
    """Folder of the model that the run went on from."""
    _subjects: dict[int | None, Subject] = field(default_factory=dict)
    _task: Task | None = None

    def ask(self, question: str, params: Params) -> dict[str, Any]:
        """The answer as JSON values. Raises ProbeError; KeyError for a question that nobody knows.

        `params` as each question needs them: text, target, step (None: the finished model), kind, layer, head,
        position, words, count, units, seed, groups (parts to switch off together), each part a mapping.
        """
        return QUESTIONS[question](self, params)

    def subject(self, params: Params) -> Subject:
        """The model at the step that is asked about. Raises ProbeError: no_model, no_snapshot."""
        step = params.get("step")
        if step not in self._subjects:
            if len(self._subjects) >= MOST_SUBJECTS:
                self._subjects.pop(next(iter(self._subjects)))
            if (self.run_dir / "model").is_dir():
                self._check()
                self._subjects[step] = load(self.run_dir, step)
            elif step is None:
                raise ProbeError("no_model", folder=self.run_dir.name)
            else:
                self._subjects[step] = load_running(self.task(), self.run_dir, step)
        return self._subjects[step]

    def _check(self) -> None:
        """Raise ProbeError for another model than the run left. Reads the file once."""
        if self.weights and base_hash(self.run_dir / "model") != self.weights:
            raise ProbeError("changed_model")
        self.weights = ""

    def task(self) -> Task:
        """The run's data again, with the tokenizer that the run had. Raises ProbeError: changed_data."""
        if self._task is None:
            folder = self.run_dir / "model" if (self.run_dir / "model").is_dir() else self.base
            tokenizer = load_model(folder)[1] if folder else None
            self._task = prepare(self.spec, self._data(), tokenizer)
        return self._task

    def _data(self) -> Data:
        if self.text_path is None:
            return corpus_data(self.spec)
        try:
            return read_data(self.text_path, self.spec.corpus)
        except (ChangedError, FileNotFoundError):
            raise ProbeError("changed_data") from None


def _text(params: Params) -> str:
    """What to read. Raises ProbeError: needed."""
    if params.get("text") is None:
        raise ProbeError("needed", field="text")
    return str(params["text"])


def _attention(asker: Asker, params: Params) -> dict[str, Any]:
    return attention.look(asker.subject(params), _text(params), params.get("target")).to_dict()


def _head(asker: Asker, params: Params) -> dict[str, Any]:
    """All stages of one head: `kind`, `layer`, `head`."""
    found = attention.look(asker.subject(params), _text(params), params.get("target"))
    one = found.one(params.get("kind", "self"), params.get("layer", 0), params.get("head", 0))
    return one.to_dict() | {"tokens": list(found.tokens), "source": list(found.source)}


def _alignment(asker: Asker, params: Params) -> dict[str, Any]:
    return attention.align(asker.subject(params), _text(params), params.get("target")).to_dict()


def _next(asker: Asker, params: Params) -> dict[str, Any]:
    """The distribution, with the name of every output and what it would add, so that sliders need no model."""
    position = params.get("position")
    found = tokens.expected(asker.subject(params), _text(params), params.get("target"), position=position)
    return found.to_dict() | {"names": list(found.names), "pieces": list(found.pieces)}


def _surprise(asker: Asker, params: Params) -> dict[str, Any]:
    return tokens.surprise(asker.subject(params), _text(params), params.get("target")).to_dict()


def _lens(asker: Asker, params: Params) -> dict[str, Any]:
    return lens.lens(asker.subject(params), _text(params), params.get("target")).to_dict()


def _ablation(asker: Asker, params: Params) -> dict[str, Any]:
    """Every part alone, or the `groups` that are given."""
    groups = [[ablation.Part(**part) for part in group] for group in params["groups"]] if "groups" in params else None
    units = params.get("units", ablation.UNITS)
    return ablation.ablate(asker.task(), asker.subject(params).model, groups, units=units).to_dict()


def _gradients(asker: Asker, params: Params) -> dict[str, Any]:
    """Of one text, or over the held-out data where there is none."""
    subject = asker.subject(params)
    if params.get("text") is None:
        return gradients.fading(asker.task(), subject.model, units=params.get("units", gradients.UNITS)).to_dict()
    return gradients.flow(subject, _text(params), params.get("target"), position=params.get("position")).to_dict()


def _map(asker: Asker, params: Params) -> dict[str, Any]:
    """At every snapshot, unless one step is asked about; with the class of each word where the corpus has classes."""
    words, step = params.get("words", ()), params.get("step")
    moving = step is None and bool(snapshots.steps(asker.run_dir))
    subject = asker.subject(_latest(asker) if moving else params)
    first = _commonest(asker, subject)
    if moving:
        found = embeddings.moving_map(subject, asker.run_dir, words, first=first)
    else:
        found = embeddings.one_map(subject, words, step=step or 0, first=first)
    classes = word_classes() if asker.spec.corpus == "word-classes" else {}
    return found.to_dict() | {"classes": [classes.get(token, "") for token in found.tokens] if classes else []}


def _commonest(asker: Asker, subject: Subject) -> list[int]:
    """Ids by how often the run's text has them, where one map cannot show all and their own order says nothing."""
    tokenizer = subject.tokenizer
    if tokenizer.vocab_size <= embeddings.MAX_POINTS or tokenizer.kind == "words":
        return []
    task = asker.task()
    if not isinstance(task, LanguageTask):
        return []
    counts = torch.bincount(task.data.train.long(), minlength=tokenizer.vocab_size)  # (V,)
    return counts.sort(descending=True, stable=True).indices.tolist()


def _latest(asker: Asker) -> Params:
    finished = (asker.run_dir / "model").is_dir()
    return {"step": None if finished else snapshots.steps(asker.run_dir)[-1]}


def _neighbours(asker: Asker, params: Params) -> dict[str, Any]:
    return embeddings.neighbours(asker.subject(params), _text(params), count=params.get("count", 10)).to_dict()


def _purity(asker: Asker, params: Params) -> dict[str, Any]:
    return embeddings.purity(asker.subject(params), word_classes()).to_dict()


def _induction(asker: Asker, params: Params) -> dict[str, Any]:
    return induction.induction(asker.subject(params), seed=params.get("seed", 1)).to_dict()


QUESTIONS: dict[str, Callable[[Asker, Params], dict[str, Any]]] = {
    "attention": _attention,
    "head": _head,
    "alignment": _alignment,
    "next": _next,
    "surprise": _surprise,
    "lens": _lens,
    "ablation": _ablation,
    "gradients": _gradients,
    "map": _map,
    "neighbours": _neighbours,
    "purity": _purity,
    "induction": _induction,
}
"""Who answers what."""


def open_run(
    run_dir: Path,
    spec: Mapping[str, Any],
    *,
    weights: str = "",
    text_path: Path | None = None,
    base: Path | None = None,
) -> Asker:
    """An asker of the run in `run_dir`. Sets torch's thread count to one, the fastest for models of this size, for the
    whole process."""
    torch.set_num_threads(1)
    return Asker(run_dir=run_dir, spec=RunSpec.stored(spec), weights=weights, text_path=text_path, base=base)
