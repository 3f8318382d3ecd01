"""`python -m trainer evaluate DIR`: measure a finished model again, on its own held-out data or on others."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from trainer.checkpoint import load_curve
from trainer.cli import tables
from trainer.cli.data import Trained, add_file_arguments, built_in, other_corpus, own_data, trained
from trainer.cli.progress import baseline_line
from trainer.cli.wording import RefusedError, data_refusal
from trainer.corpora import CORPORA, Data, Examples, Labelled, Tagged, data_hash
from trainer.events import Baseline, parse
from trainer.loop import never
from trainer.measures.report import Report
from trainer.reports import MAX_EXAMPLES, on_examples, reports
from trainer.spec import RunSpec
from trainer.tasks.base import Score, Task
from trainer.tasks.prepare import prepare

HELP = "measure a finished model, each figure with its interval"

EVERYTHING = "all"
"""The slice of a file of one's own: a model that did not train on it may be measured on all of it."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What there is to measure on."""

    spec: RunSpec
    data: Data
    own: bool
    """Whether these are the data of the run itself."""
    whole: bool
    """Whether all examples count, not only the held-out ones."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Model and data."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a finished run, or of a model")
    parser.add_argument("--corpus", metavar="NAME", help="another built-in corpus, as it usually is")
    parser.add_argument("--slice", metavar="NAME", help="only this part of the data")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_file_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Measure and print. Raises RefusedError, DataError, OSError."""
    found = trained(options.folder)
    measured = _data(found, options)
    torch.set_num_threads(found.spec.threads)
    torch.set_flush_denormal(True)
    task = prepare(measured.spec, measured.data, found.tokenizer)
    known = task.labels == found.labels
    if not known:
        _check_labels(measured.data, found)
        task.labels = found.labels
    # Held-out targets are numbered by the data's own labels: of others, only the measures by name mean something.
    score = task.score(found.model, torch.arange(task.units), stop=never) if known and not options.slice else None
    slices = dict(_slices(task, found, measured, options.slice))
    if options.json:
        print(json.dumps(_plain(measured, score, slices), ensure_ascii=False))
    else:
        print("\n".join(_lines(options.folder, found, measured, score, slices)))
    return 0


def _data(found: Trained, options: argparse.Namespace) -> Measured:
    """What a person named, or the run's own. Raises RefusedError."""
    file = own_data(options, found.spec.task)
    if file is not None and options.corpus is not None:
        raise RefusedError("--corpus: not together with --text or --data")
    spec = found.spec
    if file is not None:
        data: Data = file.data
    elif options.corpus is not None:
        data, spec = other_corpus(options.corpus, spec.data_seed), replace(spec, corpus=options.corpus)
    else:
        data = built_in(spec)
    own = data_hash(data) == found.recipe["data_hash"]
    return Measured(spec=spec, data=data, own=own, whole=file is not None and not own)


def _check_labels(data: Data, found: Trained) -> None:
    """Raise RefusedError for labels that the model never saw."""
    names: set[str] = set()
    if isinstance(data, Examples):
        for example in (*data.train, *data.held_out):
            if isinstance(example, Labelled):
                names.add(example.label)
            elif isinstance(example, Tagged):
                names.update(example.tags)
    if strange := sorted(names - set(found.labels)):
        raise data_refusal({"reason": "unknown_labels", "labels": ", ".join(strange), "known": ", ".join(found.labels)})


def _slices(task: Task, found: Trained, measured: Measured, only: str | None) -> Iterator[tuple[str, Report]]:
    """The report of each slice, or of the one asked for. Raises RefusedError where there is none of that name."""
    data = measured.data
    if isinstance(data, Examples):
        parts = {"held_out": data.held_out, **data.slices}
        if measured.whole:
            parts = {EVERYTHING: data.train + data.held_out}
        _check_slice(only, parts)
        for name, examples in parts.items():
            if examples and only in (None, name):
                yield name, on_examples(task, found.model, examples[:MAX_EXAMPLES])
        return
    names = []
    for name, found_report in reports(task, found.model):
        names.append(name)
        if only in (None, name):
            yield name, found_report
    _check_slice(only, names)


def _check_slice(only: str | None, names: Any) -> None:
    if only is not None and only not in names:
        raise data_refusal({"reason": "no_slice", "slice": only, "choices": ", ".join(names)})


def _plain(measured: Measured, score: Score | None, slices: dict[str, Report]) -> dict[str, Any]:
    return {
        "corpus": measured.spec.corpus,
        "own_data": measured.own,
        "loss": None if score is None else score.loss,
        "measures": {} if score is None else score.measures,
        "slices": {name: report.to_dict() for name, report in slices.items()},
    }


def _lines(
    folder: Path, found: Trained, measured: Measured, score: Score | None, slices: dict[str, Report]
) -> list[str]:
    spec = found.spec
    source = "its own held-out data" if measured.own else "data that it was not trained on"
    title = measured.spec.corpus if measured.spec.corpus in CORPORA else "a file"
    lines = [f"{spec.task} with {spec.family}, measured on {title}: {source}"]
    if score is not None:
        shares = "".join(f"  {name.replace('_', ' ')} {tables.number(value)}" for name, value in score.measures.items())
        unit = "nats a token" if spec.task == "language" else "nats a target"
        lines.append(f"loss {score.loss:.4f} {unit} over {score.units:,} units{shares}")
    if measured.own:
        lines += [baseline_line(event) for event in _baselines(folder)]
    return lines + tables.slices({name: report.to_dict()["figures"] for name, report in slices.items()})


def _baselines(folder: Path) -> list[Baseline]:
    """What the run said of a model without a network."""
    told = [event for event in load_curve(folder)["events"] if event["kind"] == "baseline"]
    return [event for event in map(parse, map(json.dumps, told)) if isinstance(event, Baseline)]
