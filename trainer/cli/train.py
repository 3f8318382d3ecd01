"""`python -m trainer train`: train a model; run again, it goes on where it stopped."""

from __future__ import annotations

import argparse
import json
import math
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import torch

from trainer.checkpoint import load_curve, write_whole
from trainer.cli.data import HASH, Own, add_file_arguments, own_data, trained
from trainer.cli.fields import add_fields, completed, given
from trainer.cli.progress import Progress
from trainer.cli.wording import EXIT_FAILED, EXIT_INTERRUPTED, RefusedError, data_refusal, spec_refusal
from trainer.corpora import CORPORA, Data, data_hash
from trainer.events import Event, Failed, Started, parse
from trainer.loop import corpus_data, train
from trainer.recipes import RECIPES, TEXTS
from trainer.reports import report
from trainer.spec import RunSpec, SpecError, identity
from trainer.starting import base_hash

HELP = "train a model; run it again to go on where it stopped"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Folder, data, start and every field of a recipe."""
    data = "--recipe LAB[/RUN] | --text FILE | --data FILE | --corpus NAME"
    parser.usage = f"%(prog)s --out DIR [{data}] [--base DIR] [--FIELD VALUE ...]"
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    labs = ", ".join(RECIPES)
    parser.add_argument(
        "--recipe", metavar="LAB[/RUN]", help=f"start from a lab's default run; fields given beside it win [{labs}]"
    )
    parser.add_argument("--base", type=Path, metavar="DIR", help="fine-tune the model of this folder")
    parser.add_argument("--max-seconds", type=float, help="stop with a checkpoint after so many seconds of training")
    parser.add_argument("--keep-snapshots", action="store_true", help="keep the weights of each checkpoint, to probe")
    add_file_arguments(parser)
    add_fields(parser)


def run(options: argparse.Namespace) -> int:
    """Train to an end. Raises RefusedError, OSError."""
    if options.max_seconds is not None and not (math.isfinite(options.max_seconds) and options.max_seconds >= 0):
        raise RefusedError(f"--max-seconds {options.max_seconds}: must be a number of seconds, 0 or more")
    values, own = _values(options)
    try:
        spec = RunSpec.parse(values)
        data = corpus_data(spec) if own is None else own.data
        recipe = _recipe(spec, data)
        _check_folder(options.out, recipe)
        return _follow(spec, data, recipe, options)
    except SpecError as error:
        raise spec_refusal(error, spec_values(values)) from None


def _values(options: argparse.Namespace) -> tuple[dict[str, Any], Own | None]:
    """What a person set with all that follows from it, and data of their own."""
    values, own = _of_recipe(options.recipe) if options.recipe else ({}, None)
    values |= given(options)
    own = own_data(options, values.get("task")) or own
    base = None
    if own is not None:
        if options.corpus is not None:
            raise RefusedError("--corpus: not together with data of your own")
        values["corpus"] = own.corpus
    elif str(values.get("corpus", "")).startswith(HASH):
        raise RefusedError(
            f"--corpus: must be one of: {', '.join(CORPORA)}; give data of your own with --text or --data"
        )
    if options.base is not None:
        start = trained(options.base)
        base, values["base"] = start.spec.to_dict(), base_hash(start.folder)
        options.base = start.folder
    return completed(values, None if own is None else own.kind, base), own


def _of_recipe(name: str) -> tuple[dict[str, Any], Own | None]:
    """Fields of a lab's default run, and its own text where it has one. Raises RefusedError."""
    lab, _, run_name = name.partition("/")
    if lab not in RECIPES:
        raise RefusedError(f"--recipe {lab}: must be one of: {', '.join(RECIPES)}")
    names = [each.name for each in RECIPES[lab].runs]
    if run_name and run_name not in names:
        raise RefusedError(f"--recipe {name}: the runs of {lab} are: {', '.join(names)}")
    chosen = RECIPES[lab].run(run_name)
    own = Own(data=TEXTS[chosen.text](), kind="text") if chosen.text else None
    return {field: value for field, value in chosen.values.items() if own is None or field != "corpus"}, own


def spec_values(values: dict[str, Any]) -> dict[str, Any]:
    """What errors say the fields are: those set, then the usual ones. A hash is no help to anybody."""
    return {name: value for name, value in (RunSpec().to_dict() | values).items() if name not in ("base", "options")}


def _recipe(spec: RunSpec, data: Data) -> dict[str, Any]:
    found = data_hash(data)
    return {
        "spec": spec.to_dict(),
        "threads": spec.threads,
        "seed": spec.seed,
        "torch": torch.__version__,
        "data_hash": found,
        "identity": identity(spec, data_hash=found, torch_version=torch.__version__),
    }


def _check_folder(out: Path, recipe: dict[str, Any]) -> None:
    """Refuse a folder that holds a run of another recipe."""
    file = out / "spec.json"
    if not file.exists():
        return
    try:
        before = json.loads(file.read_text(encoding="utf-8"))
        old = before["spec"]
    except (ValueError, KeyError, TypeError):
        raise RefusedError(f"--out {out}: its spec.json is damaged") from None
    if before == recipe:
        return
    changed = [name for name, value in recipe["spec"].items() if old.get(name) != value]
    changed += [name for name in ("torch", "data_hash") if before.get(name) != recipe[name]]
    raise RefusedError(f"--out {out}: holds a run of another recipe (other: {', '.join(changed) or 'trainer'})")


def _follow(spec: RunSpec, data: Data, recipe: dict[str, Any], options: argparse.Namespace) -> int:
    """Train, print and record every event once. Nothing is written before the data are ready."""
    out: Path = options.out
    show, last = Progress(spec, out), None
    with ExitStack() as open_files:
        log: TextIO | None = None
        for event in _events(spec, data, options):
            if isinstance(event, Failed) and event.ending == "refused":
                raise data_refusal(event.detail)
            if log is None:
                write_whole(out / "spec.json", (json.dumps(recipe, ensure_ascii=False, indent=2) + "\n").encode())
                log = open_files.enter_context((out / "events.jsonl").open("w", encoding="utf-8"))
            for line in _lines(event, out):
                log.write(line + "\n")
                if line != event.to_json():
                    show.past(parse(line))
            show.event(event)
            last = event
    if isinstance(last, Failed):
        return EXIT_INTERRUPTED if last.ending == "interrupted" else EXIT_FAILED
    return 0


def _events(spec: RunSpec, data: Data, options: argparse.Namespace) -> Iterator[Event]:
    """The run's events; a signal stops it with a checkpoint."""
    asked = False

    def stop_soon(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    before = {number: signal.signal(number, stop_soon) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield from train(
            spec,
            run_dir=options.out,
            data=data,
            base=options.base,
            stop=lambda: asked,
            max_seconds=options.max_seconds,
            report=report,
            keep_snapshots=options.keep_snapshots,
        )
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _lines(event: Event, out: Path) -> list[str]:
    """An event as a line of the log; after a resumed run's first also what its checkpoint holds, so that the file tells
    each step once."""
    told = [event.to_json()]
    if isinstance(event, Started) and event.step:
        told += [json.dumps(old, ensure_ascii=False, separators=(",", ":")) for old in load_curve(out)["events"]]
    return told
