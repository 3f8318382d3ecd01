"""A text as a model reads it, whatever the task: places, names and what comes next. Used by every file beside."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.decode import greedy
from trainer.probe.subject import ProbeError, Subject, quiet

MASK = "▢"
"""Stands for a hidden token in a text given to a masked language model."""

MAX_TOKENS = 64
"""Of a text whose places are shown against each other."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One row that a model reads."""

    inputs: tuple[Tensor, ...]
    """Arguments of the model, each (1, T)."""
    names: tuple[str, ...]
    """Tokens of the last input: what the outputs stand at."""
    source: tuple[str, ...]
    """Tokens of a source that is encoded beside it; empty where there is none."""
    truth: tuple[int | None, ...]
    """Which output would be right at each place, where the text tells."""
    unknown: tuple[str, ...]
    """What of the text the vocabulary lacks."""
    left_out: int
    """Tokens that did not fit."""

    @property
    def length(self) -> int:
        """Places of the last input."""
        return len(self.names)


def read(
    subject: Subject, text: str, target: str | None = None, *, limit: int = MAX_TOKENS, ending: bool = False
) -> Reading:
    """Turn a text into a row of at most `limit` tokens, and at most the context: its beginning, or its `ending`.

    For a `sequence` model the text is the source; without a `target` the model writes its own. Other models ignore it.
    Raises ProbeError: nothing_known.
    """
    limit = min(limit, subject.model.config.context)
    hides = _masks(subject, text)
    unknown = tuple(part for part in subject.tokenizer.unknown(text) if not (hides and part == MASK))
    if subject.task == "sequence":
        return _read_pair(subject, text, target, unknown, limit)
    ids = _ids(subject, text)
    if not ids:
        raise ProbeError("nothing_known", unknown=list(unknown))
    kept = ids[-limit:] if ending else ids[:limit]
    return Reading(
        inputs=(_row(subject, kept),),
        names=tuple(map(subject.token_name, kept)),
        source=(),
        truth=_truth(subject, kept, ids[limit] if len(ids) > limit and not ending else None),
        unknown=unknown,
        left_out=len(ids) - len(kept),
    )


def _ids(subject: Subject, text: str) -> list[int]:
    tokenizer, specials = subject.tokenizer, subject.specials
    if subject.task == "tag" and specials is not None:  # read as the task reads its sentences: word by word
        return [token for word in text.split() for token in tokenizer.encode(word).tolist() or [specials.separator]]
    if specials is None or not _masks(subject, text):
        return [int(token) for token in tokenizer.encode(text)]
    if tokenizer.kind == "words":  # words know what they follow: read the text as one
        pieces = tokenizer.pieces(text)
        return [specials.mask if text[piece.start : piece.end] == MASK else piece.id for piece in pieces]
    parts = [tokenizer.encode(part).tolist() for part in text.split(MASK)]
    return [token for i, part in enumerate(parts) for token in ([specials.mask, *part] if i else part)]


def _masks(subject: Subject, text: str) -> bool:
    """Whether MASK hides tokens in this text, rather than being one of its characters."""
    return subject.task == "masked" and MASK in text


def _truth(subject: Subject, ids: list[int], after: int | None) -> tuple[int | None, ...]:
    if subject.task == "language":
        return (*ids[1:], after)
    if subject.task == "masked":
        return tuple(token if token < subject.tokenizer.vocab_size else None for token in ids)
    return (None,) * (len(ids) if subject.model.config.pool == "none" else 1)


def _read_pair(subject: Subject, text: str, target: str | None, unknown: tuple[str, ...], limit: int) -> Reading:
    """Source and target, beside each other or one behind the other as the family wants them."""
    specials = subject.specials
    assert specials is not None  # for the type checker: `sequence` has them
    source = subject.tokenizer.encode(text).tolist()
    if not source:
        raise ProbeError("nothing_known", unknown=list(unknown))
    if target is None:
        written = _written(subject, [*source, specials.separator])
    else:
        unknown = tuple(dict.fromkeys([*unknown, *subject.tokenizer.unknown(target)]))
        written = subject.tokenizer.encode(target).tolist()
    wanted: list[int | None]
    if subject.family == "seq2seq":
        shifted = [specials.separator, *written]
        wanted = [*written, specials.end]
        left_out = max(0, len(source) - limit) + max(0, len(shifted) - limit)
        source, shifted, wanted = source[:limit], shifted[:limit], wanted[:limit]
        inputs: tuple[Tensor, ...] = (_row(subject, source), _row(subject, shifted))
        beside = tuple(map(subject.token_name, source))
    else:
        whole = [*source, specials.separator, *written]
        wanted = [*[None] * len(source), *written, specials.end]
        left_out = max(0, len(whole) - limit)  # at the front, as decoding leaves it out
        shifted, wanted = whole[-limit:], wanted[-limit:]
        inputs, beside = (_row(subject, shifted),), ()
    return Reading(
        inputs=inputs,
        names=tuple(map(subject.token_name, shifted)),
        source=beside,
        truth=tuple(wanted),
        unknown=unknown,
        left_out=left_out,
    )


def _written(subject: Subject, source: list[int]) -> list[int]:
    """The model's own target, greedy."""
    specials = subject.specials
    assert specials is not None  # for the type checker
    context = subject.model.config.context
    room = context + 1 if subject.family == "seq2seq" else max(1, context // 2)
    with quiet(subject.model):
        (found,) = greedy(subject.model, [source[-room:]], end=specials.end, max_tokens=max(1, context // 2))
    return found


def _row(subject: Subject, ids: list[int]) -> Tensor:
    return torch.tensor([ids], device=subject.model.embedding.device)
