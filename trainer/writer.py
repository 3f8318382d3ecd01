"""A finished model answers one request: goes on from a prompt, or writes the target of a source. Called by
`trainer.nursery` for all that learners and their programs ask of a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainer.decode import Reader
from trainer.folder import load_model, read_config
from trainer.models.base import Model
from trainer.sample import chooser, continued, prompt_ids
from trainer.tasks.specials import Specials
from trainer.tokenizer import Tokenizer

Event = dict[str, Any]


class StopText:
    """Passes text on up to the first of some strings; holds back what may be the beginning of one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.stopped = False

    def add(self, piece: str) -> str:
        """What is certain now, perhaps nothing."""
        text = self._held + piece
        found = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        ends = (n for stop in self._stops for n in range(1, len(stop)) if text.endswith(stop[:n]))
        sure = len(text) - max(ends, default=0)
        self._held = text[sure:]
        return text[:sure]

    def rest(self) -> str:
        """What was held back, when nothing more comes."""
        rest, self._held = self._held, ""
        return rest


def write(
    folder: Path,
    prompt: str,
    *,
    max_tokens: int,
    temperature: float,
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int,
    stop: Sequence[str] = (),
) -> Iterator[Event]:
    """Events of one answer of the model in `folder`, of the task `language` or `sequence`.

    {"kind": "prompt", "tokens"} first; then {"kind": "text", "text", "tokens"} as whole characters come, `stop` and
    what follows it left out, tokens counted so far; last {"kind": "end", "tokens", "finish"}, finish `stop` (a stop
    string, or the end of a target) or `length`. Temperature 0 takes the likeliest token. Raises FileNotFoundError,
    ValueError for another task.
    """
    task = read_config(folder)["recipe"]["spec"]["task"]
    if task not in ANSWERS:
        raise ValueError(f"a model of the task {task!r} writes no text")
    model, tokenizer = load_model(folder)
    choose = chooser(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
    ids, pieces = ANSWERS[task](model, tokenizer, prompt, max_tokens, choose)
    yield {"kind": "prompt", "tokens": len(ids)}
    yield from _until_stop(pieces, stop)


def _until_stop(pieces: Iterator[str | None], stop: Sequence[str]) -> Iterator[Event]:
    """Text and end, given what each token completes; None is the end that the model itself wrote."""
    tokens, finish, stops = 0, "length", StopText(stop)
    for piece in pieces:
        if piece is None:
            finish = "stop"
            break
        tokens += 1
        if text := stops.add(piece):
            yield {"kind": "text", "text": text, "tokens": tokens}
        if stops.stopped:
            finish = "stop"
            break
    if rest := stops.rest():
        yield {"kind": "text", "text": rest, "tokens": tokens}
    yield {"kind": "end", "tokens": tokens, "finish": finish}


Choose = Callable[[Tensor], Tensor]
Answer = tuple[list[int], Iterator[str | None]]


def _continuation(model: Model, tokenizer: Tokenizer, prompt: str, max_tokens: int, choose: Choose) -> Answer:
    ids = prompt_ids(tokenizer, prompt)
    return ids, continued(model, tokenizer, ids, max_tokens=max_tokens, choose=choose)


def _target(model: Model, tokenizer: Tokenizer, prompt: str, max_tokens: int, choose: Choose) -> Answer:
    """A source is read as `trainer.tasks.sequence` reads it: cut at its front, its separator behind it."""
    separator = Specials.after(tokenizer).separator
    ids = [*(tokenizer.encode(prompt).tolist() or [separator]), separator]
    return ids, _target_pieces(model, tokenizer, ids, max_tokens, choose)


@torch.inference_mode()
def _target_pieces(
    model: Model, tokenizer: Tokenizer, ids: list[int], max_tokens: int, choose: Choose
) -> Iterator[str | None]:
    """The text that each token of a target completes; None for its end."""
    context = model.config.context
    room = context if model.config.family == "seq2seq" else max(1, context - 1)
    reader = Reader(model, torch.tensor([ids[-room:]], device=next(model.parameters()).device))
    show, end = tokenizer.stream(), Specials.after(tokenizer).end
    logits = reader.first()
    for _ in range(max_tokens):
        token = int(choose(logits.cpu()))
        if token == end:
            yield None
            return
        yield show(token) if token < tokenizer.vocab_size else ""  # the other specials stand for no text
        if reader.full:
            return
        logits = reader.next(torch.tensor([token], device=logits.device))


ANSWERS: dict[str, Callable[[Model, Tokenizer, str, int, Choose], Answer]] = {
    "language": _continuation,
    "sequence": _target,
}
"""Tasks whose models write text."""
