"""What comes next, and how surprising it was: probabilities over the whole vocabulary, and bits of every token of a
text. Asked by the pages of generation and evaluation; `decoding` works on stored logits without a model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from trainer.probe.plain import number, plain
from trainer.probe.reading import Reading, read
from trainer.probe.subject import ProbeError, Subject, quiet
from trainer.sample import next_probabilities
from trainer.tokenizer.words import UNKNOWN

SHOWN = 50
"""Candidates that are spelt out; all others come as numbers."""

MAX_TEXT = 1_024
"""Tokens of a text whose surprise is measured one by one."""

ROWS_AT_ONCE = 4_096
"""Tokens of one forward pass."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One output and its chance."""

    id: int
    name: str
    logit: float
    probability: float
    rank: int
    """1 is the likeliest; equals share the better rank."""
    bits: float
    """Surprise if it came: −log₂ of the probability."""

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "id": self.id,
            "name": self.name,
            "logit": number(self.logit),
            "probability": number(self.probability, 6),
            "rank": self.rank,
            "bits": number(self.bits),
        }


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """What the model expects at one place."""

    tokens: tuple[str, ...]
    """The row that it read."""
    position: int | None
    """Place in the row; what is expected comes after it, unless the model labels or fills in. None where there is one
    answer for the whole text."""
    logits: Tensor
    """(V,), of every output."""
    names: tuple[str, ...]
    """(V,)."""
    pieces: tuple[str, ...]
    """(V,), what each would add to the text; empty where nothing can follow, for special tokens and for parts of a
    character."""
    truth: int | None
    """The output that the text itself has there."""
    unknown: tuple[str, ...]
    left_out: int

    @property
    def probabilities(self) -> Tensor:
        """(V,), summing to 1."""
        return self.logits.double().softmax(-1)

    @property
    def entropy(self) -> float:
        """Bits: the surprise to be expected."""
        return entropy(self.probabilities)

    def candidate(self, output: int) -> Candidate:
        """One output among all."""
        log_probability = float(self.logits.double().log_softmax(-1)[output])
        return Candidate(
            id=output,
            name=self.names[output],
            logit=float(self.logits[output]),
            probability=math.exp(log_probability),
            rank=1 + int((self.logits > self.logits[output]).sum()),
            bits=-log_probability / math.log(2),
        )

    def likeliest(self, count: int = SHOWN) -> list[Candidate]:
        """The first by probability, of equals those with the smaller ids."""
        order = self.logits.sort(descending=True, stable=True).indices[:count]
        return [self.candidate(int(output)) for output in order]

    def to_dict(self) -> dict[str, Any]:
        """JSON values: up to 50 candidates in words, every logit as a number (for sliders that need no model)."""
        shown = self.likeliest()
        return {
            "tokens": list(self.tokens),
            "position": self.position,
            "likeliest": [candidate.to_dict() for candidate in shown],
            "others": number(max(0.0, 1 - sum(candidate.probability for candidate in shown)), 6),
            "logits": plain(self.logits),
            "entropy": number(self.entropy),
            "truth": None if self.truth is None else self.candidate(self.truth).to_dict(),
            "unknown": list(self.unknown),
            "left_out": self.left_out,
        }


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How temperature, top-k and top-p turn logits into the chances that a token is drawn by. All (V,)."""

    scaled: Tensor
    """Logits over temperature; as they were at temperature 0."""
    tempered: Tensor
    """Probabilities after temperature alone."""
    after_k: Tensor
    """Those of the k likeliest, which share what the others lose."""
    final: Tensor
    """After top-p too: what is drawn from."""

    def to_dict(self) -> dict[str, Any]:
        """JSON values: the 50 likeliest, each with its columns; `running` is the sum that top-p cuts."""
        order = self.tempered.sort(descending=True, stable=True).indices[:SHOWN]
        columns = {"scaled": self.scaled, "tempered": self.tempered, "after_k": self.after_k, "final": self.final}
        numbers = {name: plain(column[order], 6) for name, column in columns.items()}
        numbers |= {"id": order.tolist(), "running": plain(self.after_k[order].cumsum(0), 6)}
        return {
            "rows": [dict(zip(numbers, row, strict=True)) for row in zip(*numbers.values(), strict=True)],
            "kept": int((self.final > 0).sum()),
            "entropy": number(entropy(self.final)),
            "entropy_before": number(entropy(self.tempered)),
        }


@dataclass(frozen=True, kw_only=True)
class Surprise:
    """How surprising each token of a text was. None where nothing came before, or nothing is expected."""

    tokens: tuple[str, ...]
    bits: tuple[float | None, ...]
    ranks: tuple[int | None, ...]
    bits_per_byte: float | None
    """Special tokens left out; None where the bits are no code for the text."""
    unknown: tuple[str, ...]
    left_out: int

    @property
    def measured(self) -> list[float]:
        """Bits of the tokens that were measured."""
        return [bits for bits in self.bits if bits is not None]

    def to_dict(self) -> dict[str, Any]:
        """JSON values; `loss` is the mean in nats."""
        found = self.measured
        mean = sum(found) / len(found) if found else None
        return {
            "tokens": list(self.tokens),
            "bits": [number(bits) for bits in self.bits],
            "ranks": list(self.ranks),
            "total_bits": number(sum(found)),
            "loss": number(None if mean is None else mean * math.log(2)),
            "bits_per_byte": number(self.bits_per_byte),
            "unknown": list(self.unknown),
            "left_out": self.left_out,
        }


def expected(subject: Subject, text: str, target: str | None = None, *, position: int | None = None) -> Distribution:
    """The model's whole distribution at one place of a text (the last one, or the last hidden one, unless said
    otherwise): the next token, or a label. Of a longer text the end is read.

    Raises ProbeError: nothing_known, out_of_range, not_about_text.
    """
    _about_text(subject, ("embed",))
    reading = read(subject, text, target, limit=subject.model.config.context, ending=True)
    with quiet(subject.model):
        logits: Tensor = subject.model(*reading.inputs)
    rows = logits.float().cpu().view(-1, logits.shape[-1])  # (T, V), or (1, V) where pooled
    place, pooled = at(_wanted(subject, reading) if position is None else position, len(rows)), logits.dim() == 2
    # A target may be the beginning of one: nobody knows what comes after it.
    ends = subject.task == "sequence" and place == len(rows) - 1
    return Distribution(
        tokens=reading.names,
        position=None if pooled else place,
        logits=rows[place],
        names=tuple(map(subject.output_name, range(rows.shape[1]))),
        pieces=_pieces(subject, reading) if subject.task == "language" and place == len(rows) - 1 else (),
        truth=None if ends else reading.truth[place],
        unknown=reading.unknown,
        left_out=reading.left_out,
    )


def decoding(logits: Tensor | Sequence[float], *, temperature: float, top_k: int = 0, top_p: float = 1.0) -> Decoding:
    """What the switches of sampling do to logits (V,) that were computed before."""
    row = torch.as_tensor(logits, dtype=torch.float32)[None]  # (1, V)
    return Decoding(
        scaled=row[0] / temperature if temperature > 0 else row[0],
        tempered=next_probabilities(row, temperature=temperature)[0],
        after_k=next_probabilities(row, temperature=temperature, top_k=top_k)[0],
        final=next_probabilities(row, temperature=temperature, top_k=top_k, top_p=top_p)[0],
    )


def surprise(subject: Subject, text: str, target: str | None = None) -> Surprise:
    """Bits of every token, given those before it; for `masked`, given all others (Salazar et al. 2020); for `sequence`,
    of the target alone. At most 1,024 tokens are read.

    Each token of a long text is predicted from at least half a context. Raises ProbeError: nothing_known,
    not_about_text.
    """
    _about_text(subject, ("embed", "classify", "tag"))
    limit = MAX_TEXT if subject.task == "language" else subject.model.config.context
    reading = _whole(subject, text) if subject.task == "language" else read(subject, text, target, limit=limit)
    with quiet(subject.model):
        if subject.task == "language":
            logs, wanted, names = _windows(subject, reading)
        elif subject.task == "masked":
            logs, wanted, names = _hidden_in_turn(subject, reading)
        else:
            logs, wanted = subject.model(*reading.inputs)[0].float().log_softmax(-1).cpu(), list(reading.truth)
            names = tuple("" if token is None else subject.token_name(token) for token in wanted)
    return _measured(subject, reading, (names, wanted), logs)


def entropy(probabilities: Tensor) -> float:
    """Bits of a distribution (V,)."""
    return float(torch.special.entr(probabilities.double()).sum()) / math.log(2)


def at(position: int, length: int) -> int:
    """A place in a row, counted from the end where negative. Raises ProbeError: out_of_range."""
    if not -length <= position < length:
        raise ProbeError("out_of_range", field="position", low=-length, high=length - 1, found=position)
    return position % length


def _wanted(subject: Subject, reading: Reading) -> int:
    """The last hidden place of a masked text, else the last one."""
    mask = subject.specials.mask if subject.task == "masked" and subject.specials else None
    hidden = [place for place, token in enumerate(reading.inputs[-1][0].tolist()) if token == mask]
    return hidden[-1] if hidden else -1


def _pieces(subject: Subject, reading: Reading) -> tuple[str, ...]:
    """What each token adds behind a text; nothing where it leaves a character unfinished, or is the unknown word."""
    before = reading.inputs[-1][0].tolist()[-1:]
    whole = [subject.tokenizer.stream(before)(token) for token in range(subject.tokenizer.vocab_size)]
    return tuple("" if "\ufffd" in piece or piece.strip() == UNKNOWN else piece for piece in whole)


def _about_text(subject: Subject, others: tuple[str, ...]) -> None:
    if subject.task in others:
        raise ProbeError("not_about_text", task=subject.task)


def _whole(subject: Subject, text: str) -> Reading:
    """A text of any length up to MAX_TEXT, as one row that no model has to read at once."""
    ids = subject.tokenizer.encode(text).tolist()
    unknown = tuple(subject.tokenizer.unknown(text))
    if not ids:
        raise ProbeError("nothing_known", unknown=list(unknown))
    kept = ids[:MAX_TEXT]
    row = torch.tensor([kept], device=subject.model.embedding.device)
    names = tuple(map(subject.token_name, kept))
    left_out = len(ids) - len(kept)
    return Reading(inputs=(row,), names=names, source=(), truth=(), unknown=unknown, left_out=left_out)


def _windows(subject: Subject, reading: Reading) -> tuple[Tensor, list[int | None], tuple[str, ...]]:
    """Log-probabilities (T, V) of each token; of the first, which nothing precedes, zeros."""
    (ids,) = reading.inputs[0]
    context, count = subject.model.config.context, len(ids) - 1
    logs = torch.zeros(len(ids), subject.model.config.n_outputs)
    wanted: list[int | None] = [None, *ids[1:].tolist()]
    if count:
        width, last = min(context, count), max(0, count - context)
        starts = torch.tensor([*range(0, last, max(1, context // 2)), last])
        places = starts[:, None] + torch.arange(width)  # (N, width)
        done = 0
        for some in torch.split(places, max(1, ROWS_AT_ONCE // width)):
            found = subject.model(ids[some]).float().log_softmax(-1).cpu()  # (n, width, V)
            for row, window in zip(some, found, strict=True):
                fresh = row >= done  # what an earlier window predicted, it predicted from more
                logs[row[fresh] + 1] = window[fresh]
                done = int(row[-1]) + 1
    return logs, wanted, reading.names


def _hidden_in_turn(subject: Subject, reading: Reading) -> tuple[Tensor, list[int | None], tuple[str, ...]]:
    """Log-probabilities (T, V) of each token, hidden alone."""
    specials = subject.specials
    assert specials is not None  # for the type checker: `masked` has them
    (ids,) = reading.inputs[0]
    logs = torch.empty(len(ids), subject.model.config.n_outputs)
    for places in torch.split(torch.arange(len(ids)), max(1, ROWS_AT_ONCE // len(ids))):
        rows = ids.repeat(len(places), 1)  # (n, T)
        rows[torch.arange(len(places)), places] = specials.mask
        found = subject.model(rows).float().log_softmax(-1).cpu()  # (n, T, V)
        logs[places] = found[torch.arange(len(places)), places]
    return logs, list(reading.truth), reading.names


def _measured(
    subject: Subject, reading: Reading, tokens: tuple[tuple[str, ...], list[int | None]], logs: Tensor
) -> Surprise:
    names, wanted = tokens
    bits = [
        None if token is None else -float(row[token]) / math.log(2) for token, row in zip(wanted, logs, strict=True)
    ]
    ranks = [
        None if token is None else 1 + int((row > row[token]).sum()) for token, row in zip(wanted, logs, strict=True)
    ]
    known = subject.tokenizer.vocab_size
    of_text = [(n, token) for n, token in zip(bits, wanted, strict=True) if token is not None and token < known]
    size = sum(len(subject.tokenizer.token_bytes(token)) for _, token in of_text)
    total = sum(n for n, _ in of_text if n is not None)
    return Surprise(
        tokens=names,
        bits=tuple(bits),
        ranks=tuple(ranks),
        bits_per_byte=total / size if size and subject.task != "masked" else None,
        unknown=reading.unknown,
        left_out=reading.left_out,
    )
