"""`python -m trainer probe DIR QUESTION`: look inside a model. `trainer.probe.command` knows the questions."""

from __future__ import annotations

import argparse
from pathlib import Path

from trainer.cli.data import add_column_arguments, data_of, file_options, trained
from trainer.probe import command

HELP = "look inside a trained model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of `trainer.probe.command`, and the data of a run that were its own."""
    command.add_arguments(parser)
    parser.add_argument(
        "--run-data", type=Path, metavar="FILE", help="ablation, gradients: the file that the run was trained on"
    )
    add_column_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print the answer. Raises RefusedError, ProbeError, SpecError, DataError."""
    data = None
    if options.run_data is not None:
        found = trained(options.folder)
        data = data_of(found, file_options(options, options.run_data, found.spec))
    print(command.run(options, data))
    return 0
