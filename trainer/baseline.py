"""The n-gram baseline of a run, computed once for each text and tokenizer. Called by `trainer.loop`."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np

from trainer.checkpoint import write_whole
from trainer.data import Data, all_windows
from trainer.evaluate import bits_per_byte
from trainer.events import Baseline
from trainer.ngram import KneserNey

ORDER = 3


def baseline(data: Data, *, context: int, cache: Path, key: str) -> Baseline:
    """Held-out loss of a Kneser-Ney trigram on the very targets that the model's held-out windows hold.

    `key` names text, tokenizer and context; `cache` is a folder where the number is kept. The trigram sees the two
    tokens before each target, also across the start of a window.
    """
    file = cache / f"kneser-ney-{ORDER}-{key}.json"
    loss = _read(file)
    if loss is None:
        _, targets = all_windows(data.held_out, context=context)
        train, held_out = data.train.numpy(), data.held_out.numpy()
        scored = np.concatenate((train[len(train) - (ORDER - 2) :], held_out[: targets.numel() + 1]))
        loss = KneserNey(train, vocab_size=data.tokenizer.vocab_size, order=ORDER).loss(scored)
        with contextlib.suppress(OSError):  # only a cache
            cache.mkdir(parents=True, exist_ok=True)
            write_whole(file, json.dumps({"loss": loss}).encode())
    return Baseline(order=ORDER, loss=loss, bits_per_byte=bits_per_byte(loss, data.bytes_per_token))


def _read(file: Path) -> float | None:
    try:
        return float(json.loads(file.read_bytes())["loss"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
