"""`python -m trainer export DIR --to FORMAT OUT`: take a finished run along."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from trainer.cli.data import Trained, add_file_arguments, data_of, trained
from trainer.cli.wording import EXIT_FAILED, RefusedError
from trainer.export.architectures import NotExportableError
from trainer.export.hub import write_hub
from trainer.export.notebook import write_notebook
from trainer.export.script import write_script
from trainer.export.verify import VerificationError, verify
from trainer.export.weights import write_weights
from trainer.starting import base_hash

HELP = "write a finished run as one script, a notebook, or a folder of weights"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Run, format and place."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a finished run")
    parser.add_argument("out", type=Path, metavar="OUT", help="new folder to write into")
    about = "; ".join(f"{name}: {text}" for name, (text, _) in FORMATS.items())
    parser.add_argument("--to", choices=tuple(FORMATS), default="script", help=about)
    parser.add_argument("--base", type=Path, metavar="DIR", help="model that a fine-tuned run started from")
    parser.add_argument("--verify", action="store_true", help="run the script, and compare its losses with the run's")
    add_file_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Write, and say what was written. Raises RefusedError, SpecError, DataError, OSError."""
    if options.out.exists() and (not options.out.is_dir() or any(options.out.iterdir())):
        raise RefusedError(f"{options.out}: is there already; choose a new folder")
    if options.verify and options.to != "script":
        raise RefusedError("--verify: only for --to script")
    found = trained(options.folder)
    for path in FORMATS[options.to][1](found, options):
        print(f"{path}  {path.stat().st_size:,} bytes")
    return _verified(options.out) if options.verify else 0


def _verified(out: Path) -> int:
    """Run the script, and say whether it gives the losses of its run."""
    try:
        done = verify(out)
    except VerificationError as error:
        print(f"the script failed: {error}")
        return EXIT_FAILED
    print(f"{done.outcome}: {done.equal:,} of {done.steps:,} losses are equal to the last bit, in {done.seconds:.1f} s")
    if done.first_different is not None:
        print(f"first difference at step {done.first_different:,}; the largest is {done.largest:.2%}")
    return 0 if done.outcome == "identical" else EXIT_FAILED


def _script(found: Trained, options: argparse.Namespace) -> list[Path]:
    return write_script(options.folder, options.out, data=data_of(found, options), base=_base(found, options))


def _notebook(found: Trained, options: argparse.Namespace) -> list[Path]:
    return write_notebook(options.folder, options.out, data=data_of(found, options), base=_base(found, options))


def _base(found: Trained, options: argparse.Namespace) -> Path | None:
    """The model that the run started from; None for one that started from new weights. Raises RefusedError."""
    if not found.spec.base:
        return None
    if options.base is None:
        raise RefusedError("--base: this run was fine-tuned; name the folder of the model that it started from")
    folder = trained(options.base).folder
    if base_hash(folder) != found.spec.base:
        raise RefusedError(f"--base {options.base}: not the model that this run started from")
    return folder


def _transformers(found: Trained, options: argparse.Namespace) -> list[Path]:
    try:
        return write_hub(found.folder, options.out)
    except NotExportableError as error:
        raise RefusedError(str(error)) from None


def _weights(found: Trained, options: argparse.Namespace) -> list[Path]:
    return write_weights(found.folder, options.out)


FORMATS: dict[str, tuple[str, Callable[[Trained, argparse.Namespace], list[Path]]]] = {
    "script": ("one train.py that repeats the run with torch alone", _script),
    "notebook": ("the same as a notebook", _notebook),
    "transformers": ("a folder that the transformers library opens, where it has such a model", _transformers),
    "safetensors": ("weights, shape and tokenizer as they are, with a card", _weights),
}
"""What a run can be written as: a word about it, and who writes."""
