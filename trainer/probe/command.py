"""`python -m trainer probe DIR QUESTION`: the answers of this package as text for people, or as JSON for programs.

The command line hands its parser to `add_arguments` and prints what `run` returns.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from trainer import snapshots
from trainer.corpora import Data, word_classes
from trainer.folder import read_config
from trainer.loop import corpus_data
from trainer.probe import ablation, attention, embeddings, gradients, induction, lens, shown, tokens
from trainer.probe.subject import ProbeError, Subject, load
from trainer.spec import RunSpec
from trainer.tasks.base import Task
from trainer.tasks.prepare import prepare


class Answer(Protocol):
    """What every function of this package returns."""

    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question's circumstances."""

    subject: Subject
    options: argparse.Namespace
    data: Data | None
    """Stands for the built-in corpus."""

    @property
    def text(self) -> str:
        """What to read. Raises ProbeError: needed."""
        if self.options.text is None:
            raise ProbeError("needed", field="text")
        text: str = self.options.text
        return text

    @property
    def target(self) -> str | None:
        """What a source should lead to."""
        target: str | None = self.options.target
        return target

    @property
    def folder(self) -> Path:
        """Of the run."""
        folder: Path = self.options.folder
        return folder

    def task(self) -> Task:
        """The run's data again, with the model's own tokenizer."""
        inner = self.folder / "model" if (self.folder / "model").is_dir() else self.folder
        spec = RunSpec.stored(read_config(inner)["recipe"]["spec"])
        data = corpus_data(spec) if self.data is None else self.data
        return prepare(spec, data, self.subject.tokenizer)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be asked, and how."""
    questions = "; ".join(f"{name}: {about}" for name, (about, _) in QUESTIONS.items())
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a finished run, or of a model")
    parser.add_argument("question", choices=tuple(QUESTIONS), metavar="QUESTION", help=questions)
    parser.add_argument("--text", help="what the model reads; ▢ hides a token from a masked model")
    parser.add_argument("--target", help="target of a source (default: what the model writes)")
    parser.add_argument("--step", type=int, help="look at the snapshot of this step")
    parser.add_argument("--kind", choices=attention.KINDS, default="self", help="attention: to what")
    parser.add_argument("--layer", type=int, default=0, help="attention: of which layer, from 0")
    parser.add_argument("--head", type=int, default=0, help="attention: of which head, from 0")
    parser.add_argument("--position", type=int, help="place in the text, from 0, or from the end if negative")
    parser.add_argument("--temperature", type=float, default=1.0, help="next: as sampling would have it")
    parser.add_argument("--top-k", type=int, default=0, help="next: 0 keeps all")
    parser.add_argument("--top-p", type=float, default=1.0, help="next")
    parser.add_argument("--words", nargs="+", default=(), metavar="WORD", help="map: these words")
    parser.add_argument("--count", type=int, default=10, help="rows of neighbours and candidates")
    parser.add_argument("--units", type=int, default=ablation.UNITS, help="windows or examples to measure on")
    parser.add_argument("--seed", type=int, default=1, help="induction: of the random rows")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace, data: Data | None = None) -> str:
    """The answer to print. `data` stands for the built-in corpus where a question needs the run's own data.

    Sets torch's thread count to one, the fastest for models of this size, for the whole process. Raises ProbeError,
    SpecError, DataError.
    """
    torch.set_num_threads(1)
    subject = load(options.folder, options.step)
    answer, text = QUESTIONS[options.question][1](Asked(subject=subject, options=options, data=data))
    return json.dumps(answer.to_dict(), ensure_ascii=False) if options.json else text


def _attention(asked: Asked) -> tuple[Answer, str]:
    options = asked.options
    found = attention.look(asked.subject, asked.text, asked.target)
    head = found.one(options.kind, options.layer, options.head)
    return found, shown.attention(found, head)


def _alignment(asked: Asked) -> tuple[Answer, str]:
    found = attention.align(asked.subject, asked.text, asked.target)
    return found, shown.alignment(found)


def _neighbours(asked: Asked) -> tuple[Answer, str]:
    found = embeddings.neighbours(asked.subject, asked.text, count=asked.options.count)
    return found, shown.neighbours(found)


def _map(asked: Asked) -> tuple[Answer, str]:
    words, step = asked.options.words, asked.options.step
    if step is None and snapshots.steps(asked.folder):
        found = embeddings.moving_map(asked.subject, asked.folder, words)
    else:
        found = embeddings.one_map(asked.subject, words, step=step or 0)
    return found, shown.points(found)


def _purity(asked: Asked) -> tuple[Answer, str]:
    found = embeddings.purity(asked.subject, word_classes())
    return found, shown.purity(found)


def _next(asked: Asked) -> tuple[Answer, str]:
    options = asked.options
    found = tokens.expected(asked.subject, asked.text, asked.target, position=options.position)
    chances = tokens.decoding(found.logits, temperature=options.temperature, top_k=options.top_k, top_p=options.top_p)
    return found, shown.candidates(found, chances, options.count)


def _surprise(asked: Asked) -> tuple[Answer, str]:
    found = tokens.surprise(asked.subject, asked.text, asked.target)
    return found, shown.surprise(found)


def _lens(asked: Asked) -> tuple[Answer, str]:
    found = lens.lens(asked.subject, asked.text, asked.target)
    return found, shown.layers(found)


def _ablation(asked: Asked) -> tuple[Answer, str]:
    found = ablation.ablate(asked.task(), asked.subject.model, units=asked.options.units)
    return found, shown.ablation(found)


def _gradients(asked: Asked) -> tuple[Answer, str]:
    if asked.options.text is None:
        profile = gradients.fading(asked.task(), asked.subject.model, units=asked.options.units)
        return profile, shown.fading(profile)
    found = gradients.flow(asked.subject, asked.text, asked.target, position=asked.options.position)
    return found, shown.flow(found)


def _induction(asked: Asked) -> tuple[Answer, str]:
    found = induction.induction(asked.subject, seed=asked.options.seed)
    return found, shown.induction(found)


QUESTIONS: dict[str, tuple[str, Callable[[Asked], tuple[Answer, str]]]] = {
    "attention": ("who looks at whom", _attention),
    "alignment": ("a target beside its source", _alignment),
    "neighbours": ("tokens near a word", _neighbours),
    "map": ("tokens on two axes, step by step", _map),
    "purity": ("neighbours of one class, for the corpus word-classes", _purity),
    "next": ("what comes next", _next),
    "surprise": ("bits of every token", _surprise),
    "lens": ("guesses after each layer", _lens),
    "ablation": ("what each part is worth", _ablation),
    "gradients": ("how far learning reaches back, on a text or over the held-out data", _gradients),
    "induction": ("which head finds repetitions", _induction),
}
"""What can be asked: a word about it, and who answers."""
