"""`python -m trainer`: train a model from the command line, go on with a stopped run, write text with the result."""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import torch

from trainer.checkpoint import load_curve, write_whole
from trainer.checks import CHOICES as SPEC_CHOICES
from trainer.corpora import CORPORA, UploadError, check_upload, corpus_text, text_hash
from trainer.events import Baseline, Event, Failed, Finished, HeldOut, Point, Sample, Started, parse
from trainer.loop import train
from trainer.sample import generate, load_model
from trainer.spec import LIMITS, RunSpec, SpecError, identity

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130
CHOICES = {**SPEC_CHOICES, "corpus": tuple(CORPORA)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    if options.command == "train":
        return _train(options)
    return _sample(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m trainer", description="Train and sample small Transformers.")
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="train a model; run it again to go on where it stopped")
    training.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    training.add_argument("--text", type=Path, metavar="FILE", help="train on this text or .csv instead of a corpus")
    training.add_argument("--column", help="column of the .csv (default: the one with the most text)")
    training.add_argument("--max-seconds", type=float, help="stop with a checkpoint after so many seconds of training")
    for field in fields(RunSpec):
        option = "--" + field.name.replace("_", "-")
        if field.name == "prompts":
            training.add_argument(option, nargs="+", metavar="TEXT", help="what samples start with")
        else:
            training.add_argument(option, metavar="VALUE", help=f"{_bounds(field.name)}; default {field.default}")
    sampling = commands.add_parser("sample", help="write text with a trained model")
    sampling.add_argument("folder", type=Path, metavar="DIR", help="folder of a finished run, or of a model")
    sampling.add_argument("--prompt", default="")
    sampling.add_argument("--max-tokens", type=int, default=200)
    sampling.add_argument("--temperature", type=float, default=0.7, help="0 always takes the likeliest token")
    sampling.add_argument("--top-k", type=int, default=0, help="0 keeps all")
    sampling.add_argument("--top-p", type=float, default=1.0)
    sampling.add_argument("--seed", type=int, default=1)
    return parser


def _bounds(name: str) -> str:
    if name in LIMITS:
        low, high = LIMITS[name]
        return f"{low:,g} to {high:,.10g}"
    return " | ".join(CHOICES.get(name, ("yes", "no")))


def _train(options: argparse.Namespace) -> int:
    values = {field.name: value for field in fields(RunSpec) if (value := getattr(options, field.name)) is not None}
    try:
        spec, text = _spec_and_text(options, values)
        _keep_recipe(options.out, spec, text)
        return _follow(spec, options.out, text, options.max_seconds)
    except SpecError as error:
        _refuse(*[f"--{name.replace('_', '-')}: {_words(*problem)}" for name, problem in error.errors.items()])
    except UploadError as error:
        _refuse(f"--text: {_words(error.code, error.params)}")
    except OSError as error:
        _refuse(str(error))


def _spec_and_text(options: argparse.Namespace, values: dict[str, Any]) -> tuple[RunSpec, str]:
    """The checked spec and its text: that of --text, whose hash becomes the spec's corpus, or a built-in one."""
    upload = None
    if options.text is not None:
        upload = check_upload(options.text.read_bytes(), name=options.text.name, column=options.column)
        values["corpus"] = f"sha256:{upload.hash}"
    errors = {}
    if not upload and values.get("corpus", RunSpec.corpus) not in CORPORA:
        errors["corpus"] = ("not_a_choice", {"choices": ", ".join(CORPORA)})
    try:
        spec = RunSpec.parse(values)
    except SpecError as error:
        errors |= error.errors
    if errors:
        raise SpecError(errors)
    return spec, upload.text if upload else corpus_text(spec.corpus)


def _keep_recipe(out: Path, spec: RunSpec, text: str) -> None:
    """Write spec.json beside the run; refuse a folder that holds a run of another recipe."""
    data_hash = text_hash(text)
    recipe = {
        "spec": spec.to_dict(),
        "threads": spec.threads,
        "seed": spec.seed,
        "torch": torch.__version__,
        "data_hash": data_hash,
        "identity": identity(spec, data_hash=data_hash, torch_version=torch.__version__),
    }
    file = out / "spec.json"
    if file.exists():
        before = json.loads(file.read_text(encoding="utf-8"))
        if before != recipe:
            spec_before = before.get("spec", {})
            changed = [name for name, value in spec.to_dict().items() if spec_before.get(name) != value]
            changed += [name for name in ("torch", "data_hash") if before.get(name) != recipe[name]]
            _refuse(f"--out: {out} holds a run of another recipe (other: {', '.join(changed)})")
    out.mkdir(parents=True, exist_ok=True)
    write_whole(file, (json.dumps(recipe, ensure_ascii=False, indent=2) + "\n").encode())


def _follow(spec: RunSpec, out: Path, text: str, max_seconds: float | None) -> int:
    """Train, print and record every event once."""
    stopped = False

    def stop_soon(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop_soon)
    show = Progress(spec)
    log = (out / "events.jsonl").open("w", encoding="utf-8")
    last: Event | None = None
    with log:
        # A resumed run repeats what its checkpoint holds, so that the file tells each step once.
        for event in train(spec, run_dir=out, data=text, stop=lambda: stopped, max_seconds=max_seconds):
            log.write(event.to_json() + "\n")
            if isinstance(event, Started) and event.step:
                for line in map(_line, load_curve(out)["events"]):
                    log.write(line + "\n")
                    show.past(parse(line))
            show.event(event)
            last = event
    if isinstance(last, Failed):
        return EXIT_INTERRUPTED if last.ending == "interrupted" else EXIT_FAILED
    return 0


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


class Progress:
    """Prints what a person wants to read: one line that moves, a line and samples a checkpoint, a report."""

    def __init__(self, spec: RunSpec) -> None:
        self.spec = spec
        self.first: Point | None = None
        self.baseline: Baseline | None = None
        self.moving = sys.stdout.isatty()

    def past(self, event: Event) -> None:
        """Remember what an earlier attempt said, for the report."""
        if isinstance(event, Baseline):
            self.baseline = event

    def event(self, event: Event) -> None:
        """Print one event."""
        match event:
            case Started():
                start = f"resuming at step {event.step:,}" if event.step else "starting"
                print(f"{start}: {event.params:,} parameters, {event.vocab_size:,} tokens in the vocabulary,")
                print(f"{event.train_tokens:,} tokens to train on, {event.held_out_tokens:,} held out")
            case Baseline():
                self.baseline = event
            case Point():
                self._point(event)
            case HeldOut():
                self._print(f"step {event.step:>6,}/{self.spec.steps:,}  held-out loss {event.loss:.4f}  "
                            f"perplexity {event.perplexity:.2f}  {event.seconds:.1f} s")  # fmt: skip
            case Sample():
                self._print(f"    {event.prompt!r} → {event.text!r}")
            case Finished():
                self._report(event)
            case Failed():
                self._print(f"ended at step {event.step:,}: {event.ending.replace('_', ' ')}  {event.detail or ''}")
            case _:
                pass

    def _point(self, event: Point) -> None:
        self.first = self.first or event
        if self.moving and event.step > self.first.step:
            pace = (event.seconds - self.first.seconds) / (event.step - self.first.step)
            left = math.ceil(pace * (self.spec.steps - event.step))
            line = f"step {event.step:>6,}/{self.spec.steps:,}  loss {event.loss:.4f}  {left} s left"
            print(f"\r\033[K{line}", end="", flush=True)

    def _report(self, event: Finished) -> None:
        self._print(f"finished in {event.seconds:.1f} s: held-out loss {event.loss:.4f} nats a token, "
                    f"perplexity {event.perplexity:.2f}, {event.bits_per_byte:.3f} bits per byte")  # fmt: skip
        if self.baseline:
            print(f"n-gram baseline (order {self.baseline.order}): {self.baseline.loss:.4f}")
        print(f"model: {event.model}/")

    def _print(self, line: str) -> None:
        print(("\r\033[K" if self.moving else "") + line, flush=True)


def _sample(options: argparse.Namespace) -> int:
    folder = options.folder / "model" if (options.folder / "model").is_dir() else options.folder
    try:
        model, tokenizer = load_model(folder)
    except (OSError, ValueError, KeyError) as error:
        _refuse(f"no model in {options.folder}: {error}")
    if unknown := tokenizer.unknown(options.prompt):
        print(f"left out, not in the vocabulary: {' '.join(map(repr, unknown))}", file=sys.stderr)
    for piece in _pieces(options, model, tokenizer):
        print(piece, end="", flush=True)
    print()
    return 0


def _pieces(options: argparse.Namespace, model: Any, tokenizer: Any) -> Iterator[str]:
    yield options.prompt
    yield from generate(
        model,
        tokenizer,
        options.prompt,
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        seed=options.seed,
    )


def _words(code: str, params: dict[str, Any]) -> str:
    numbers = ", ".join(f"{name} {value}" for name, value in params.items())
    return code.replace("_", " ") + (f" ({numbers})" if numbers else "")


def _refuse(*lines: str) -> NoReturn:
    for line in lines:
        print(f"error: {line}", file=sys.stderr)
    raise SystemExit(EXIT_USAGE)


if __name__ == "__main__":
    sys.exit(main())
