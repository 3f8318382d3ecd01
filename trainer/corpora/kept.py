"""Learners' data as files: a text as it is, a table's examples as JSON; read again only as what they were. Standard
library only, so that the web may import it. Called by `labs.uploads`, by training processes and by exports.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trainer.corpora.base import Data, Examples, Labelled, Pair, data_hash

PREFIX = "sha256:"
EXAMPLE: dict[str, Any] = {"labelled": Labelled, "pairs": Pair}
"""What a row becomes, by kind."""


class ChangedError(Exception):
    """The file holds other data than those that its name promises."""


def as_text(data: Data) -> str:
    """What is written into the file: see `read_data`."""
    if isinstance(data, str):
        return data
    rows = {"kind": data.kind, "train": data.train, "held_out": data.held_out}
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def read_data(path: Path, corpus: str) -> Data:
    """The text (`.txt`) or examples (`.json`) of a file, which must be those of `corpus`, `sha256:<hex>`.

    Raises FileNotFoundError, ChangedError.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        data = _examples(json.loads(text)) if path.suffix == ".json" else text
    except (ValueError, TypeError, KeyError) as error:
        raise ChangedError(f"{path.name}: {error}") from None
    if PREFIX + data_hash(data) != corpus:
        raise ChangedError(f"{path.name}: the data have another hash")
    return data


def _examples(values: dict[str, Any]) -> Examples:
    make = EXAMPLE[values["kind"]]
    train, held_out = (tuple(make(*row) for row in values[name]) for name in ("train", "held_out"))
    return Examples(kind=values["kind"], train=train, held_out=held_out)
