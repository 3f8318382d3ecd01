"""What a model without a network reaches on the same held-out data: the number a run should beat. Called by
`trainer.tasks`.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from trainer.checkpoint import write_whole
from trainer.corpora import Pair
from trainer.events import Baseline
from trainer.measures.loss import bits_per_byte
from trainer.ngram import KneserNey

ORDER = 3

Rows = tuple[Tensor, Tensor]
"""Ids (N, T), filled up, and labels: one a row (N,), or one a token (N, T)."""


def kneser_ney(
    train: Tensor, held_out: Tensor, *, vocab_size: int, context: int, bytes_per_token: float, file: Path
) -> Baseline:
    """Held-out loss of a Kneser-Ney trigram on the very targets that the model's held-out windows hold.

    Computed once and kept in `file`. The trigram sees the two tokens before each target, also across the start of a
    window.
    """
    loss = _read(file)
    if loss is None:
        scored = (len(held_out) - 1) // context * context
        tail = train.numpy()[len(train) - (ORDER - 2) :]
        tokens = np.concatenate((tail, held_out.numpy()[: scored + 1]))
        loss = KneserNey(train.numpy(), vocab_size=vocab_size, order=ORDER).loss(tokens)
        with contextlib.suppress(OSError):  # only a cache
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, json.dumps({"loss": loss}).encode())
    return Baseline(name="kneser_ney", order=ORDER, loss=loss, bits_per_byte=bits_per_byte(loss, bytes_per_token))


def naive_bayes(train: Rows, held_out: Rows, *, vocab_size: int, pad: int, classes: int) -> Baseline:
    """Multinomial naive Bayes on counts of tokens, plus-one smoothing (Manning et al. 2008, section 13.2)."""
    ids, labels = train
    counts = torch.zeros(classes, vocab_size, dtype=torch.float64)
    for label in range(classes):
        counts[label] = torch.bincount(ids[labels == label].flatten(), minlength=vocab_size)
    counts[:, pad] = -1.0  # plus one: no weight
    weights = ((counts + 1) / (counts + 1).sum(1, keepdim=True)).log().nan_to_num(neginf=0.0)  # (classes, V)
    prior = (torch.bincount(labels, minlength=classes) / len(labels)).log()
    held_ids, held_labels = held_out
    logits = torch.stack([prior + weights[:, row[row != pad]].sum(1) for row in held_ids])  # (N, classes)
    right = (logits.argmax(1) == held_labels).double().mean()
    loss = cross_entropy(logits, held_labels)
    return Baseline(
        name="naive_bayes", order=1, loss=float(loss), bits_per_byte=None, measures={"accuracy": float(right)}
    )


def commonest_tags(train: Rows, held_out: Rows, *, vocab_size: int, tags: int) -> Baseline:
    """Each word's most frequent tag in training; an unseen word has the most frequent of all."""
    ids, labels = train
    seen = labels >= 0
    counts = torch.zeros(vocab_size, tags)
    counts.index_put_((ids[:, : labels.shape[1]][seen], labels[seen]), torch.ones(()), accumulate=True)
    guess = torch.where(counts.sum(1) > 0, counts.argmax(1), counts.sum(0).argmax())  # (V,)
    held_ids, wanted = held_out
    scored = wanted >= 0
    right = (guess[held_ids[:, : wanted.shape[1]]] == wanted)[scored].double().mean()
    return Baseline(name="commonest_tag", order=1, loss=None, bits_per_byte=None, measures={"accuracy": float(right)})


def commonest_target(train: Sequence[Pair], held_out: Sequence[Pair]) -> Baseline:
    """The most frequent target, whatever the source."""
    guess = Counter(pair.target for pair in train).most_common(1)[0][0]
    right = sum(pair.target == guess for pair in held_out) / max(1, len(held_out))
    return Baseline(name="commonest_target", order=0, loss=None, bits_per_byte=None, measures={"exact": right})


def _read(file: Path) -> float | None:
    try:
        return float(json.loads(file.read_bytes())["loss"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
