"""`python -m trainer`: train a model from the command line, measure it, play with it, look into it, take it along."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Protocol

from trainer.cli import corpora, evaluate, export, probe, sample, train
from trainer.cli.wording import EXIT_FAILED, EXIT_USAGE, RefusedError, refusal_of
from trainer.corpora import CorpusError
from trainer.probe.subject import ProbeError
from trainer.spec import SpecError
from trainer.tasks.base import DataError


class Command(Protocol):
    """A module of `trainer.cli`."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, options: argparse.Namespace) -> int: ...


COMMANDS: dict[str, Command] = {
    "train": train,
    "evaluate": evaluate,
    "sample": sample,
    "probe": probe,
    "export": export,
    "corpora": corpora,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Raises SystemExit for what cannot be done."""
    options = _parser().parse_args(arguments)
    try:
        return COMMANDS[options.command].run(options)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except RefusedError as error:
        refusal = error
    except (SpecError, DataError, CorpusError, ProbeError, OSError) as error:
        refusal = refusal_of(error)
    for line in refusal.lines:
        print(f"error: {line}", file=sys.stderr)
    raise SystemExit(EXIT_USAGE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trainer", description="Train small language models, measure them, and look inside."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.HELP, description=command.HELP))
    return parser


if __name__ == "__main__":
    sys.exit(main())
