"""Text from a model. Called by `trainer.loop` for the samples of a run, and by whoever plays with a finished model.

Logits become probabilities become a token by small pure functions; `Decoder` computes each position once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from trainer.folder import load_model
from trainer.models.base import Model, State
from trainer.tokenizer import Tokenizer

__all__ = [
    "Decoder",
    "chooser",
    "continuations",
    "continued",
    "generate",
    "load_model",
    "next_probabilities",
    "pick",
    "prompt_ids",
]


def generate(
    model: Model,
    tokenizer: Tokenizer,
    prompt: str,
    *,
    max_tokens: int,
    temperature: float,
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int,
) -> Iterator[str]:
    """Continue a prompt, in pieces of whole characters as they come (a piece may hold several, or wait for more bytes).

    Temperature 0 always takes the likeliest token; top_k 0 and top_p 1 keep all. Characters of the prompt that the
    vocabulary lacks are left out; `tokenizer.unknown` names them. The same seed gives the same text.
    """
    choose = chooser(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
    ids = prompt_ids(tokenizer, prompt)
    yield from filter(None, continued(model, tokenizer, ids, max_tokens=max_tokens, choose=choose))
    # A character that is still unfinished here is dropped.


def continued(
    model: Model, tokenizer: Tokenizer, ids: list[int], *, max_tokens: int, choose: Callable[[Tensor], Tensor]
) -> Iterator[str]:
    """The text that each new token completes, empty inside a character: one piece a token."""
    write = tokenizer.stream(ids)
    for (token,) in _decode(model, [ids], max_tokens, choose):
        if token is not None:
            yield write(token)


def chooser(*, temperature: float, top_k: int = 0, top_p: float = 1.0, seed: int) -> Callable[[Tensor], Tensor]:
    """A function from logits (B, V) to tokens (B,): the same draws for the same seed."""
    if temperature <= 0:
        return partial(torch.argmax, dim=-1)
    generator = torch.Generator().manual_seed(seed)

    def choose(logits: Tensor) -> Tensor:
        return pick(next_probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p), generator)

    return choose


def continuations(
    model: Model, tokenizer: Tokenizer, prompts: Sequence[str], *, max_tokens: int, temperature: float, seed: int
) -> list[str]:
    """Continue several prompts at once; `max_tokens` new tokens each."""
    choose = chooser(temperature=temperature, seed=seed)
    ids = [prompt_ids(tokenizer, prompt) for prompt in prompts]
    writers = [tokenizer.stream(row) for row in ids]
    written = [""] * len(prompts)
    for tokens in _decode(model, ids, max_tokens, choose):
        for i, token in enumerate(tokens):
            if token is not None:
                written[i] += writers[i](token)
    return written


def prompt_ids(tokenizer: Tokenizer, prompt: str) -> list[int]:
    """Ids of a prompt, at least one: a prompt without known characters starts a line, as far as the vocabulary can."""
    return tokenizer.encode(prompt).tolist() or tokenizer.encode("\n").tolist() or [0]


def next_probabilities(logits: Tensor, *, temperature: float, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """Distributions (B, V) to draw from, given logits (B, V): temperature, then top-k, then top-p (Holtzman 2020)."""
    if temperature <= 0:
        return torch.zeros_like(logits).scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)
    logits = logits / temperature
    if 0 < top_k < logits.shape[-1]:
        # By rank, not by value: of equal logits no more than k stay.
        kept = logits.topk(top_k, dim=-1)
        logits = torch.full_like(logits, -torch.inf).scatter_(-1, kept.indices, kept.values)
    probabilities = logits.softmax(-1)
    if top_p < 1:
        ordered, order = probabilities.sort(dim=-1, descending=True, stable=True)
        before = ordered.cumsum(-1) - ordered
        before[..., 0] = -1.0  # the likeliest token always stays
        ordered = ordered.masked_fill(before >= top_p, 0.0)
        probabilities = torch.zeros_like(probabilities).scatter_(-1, order, ordered)
        probabilities = probabilities / probabilities.sum(-1, keepdim=True)
    return probabilities


def pick(probabilities: Tensor, generator: torch.Generator) -> Tensor:
    """Draw a token (B,) from each distribution (B, V)."""
    return torch.multinomial(probabilities, 1, generator=generator)[:, 0]


class Decoder:
    """Feeds a model token by token; keys and values of earlier positions stay in a cache.

    When the context is full, the later half of what was read is read again from position 0, and decoding goes on from
    there. So each prediction is exactly the model's on a window of half a context to a whole one, at one extra
    reading every half context.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.read: list[Tensor] = []  # pieces (B, n) that follow each other, up to context tokens
        self.cache: State | None = None

    @torch.inference_mode()
    def feed(self, ids: Tensor) -> Tensor:
        """Logits (B, V) of what follows all tokens fed so far; ids (B, n), several only at the first call."""
        self.read.append(ids)
        context = self.model.config.context
        if self.cache is None:  # nothing is read yet, or the model has none: every position is computed anew
            return self._reread(context)
        if self.cache.full:
            return self._reread(max(1, context // 2))
        return self.model.next_logits(ids, self.cache)

    def _reread(self, length: int) -> Tensor:
        """Read the last tokens from position 0 on."""
        self.read = [torch.cat(self.read, dim=1)[:, -length:]]
        self.cache = self.model.new_cache(len(self.read[0]))
        return self.model.next_logits(self.read[0], self.cache)


def _decode(
    model: Model, prompts: Sequence[list[int]], max_tokens: int, choose: Callable[[Tensor], Tensor]
) -> Iterator[list[int | None]]:
    """New tokens of each row, step by step; None while a row is still in its prompt, or has all its tokens.

    Rows start together after the shortest prompt; in a longer one, its own tokens take the place of drawn ones.
    """
    training = model.training
    model.eval()
    try:
        decoder = Decoder(model)
        shortest, longest = min(map(len, prompts)), max(map(len, prompts))
        device = model.embedding.device
        ids = torch.tensor([prompt[:shortest] for prompt in prompts], device=device)  # (B, n)
        for position in range(shortest, longest + max_tokens):
            drawn = choose(decoder.feed(ids).float().cpu()).tolist()
            ahead = [position - len(prompt) for prompt in prompts]
            yield [token if 0 <= n < max_tokens else None for token, n in zip(drawn, ahead, strict=True)]
            tokens = [
                prompt[position] if n < 0 else token for prompt, token, n in zip(prompts, drawn, ahead, strict=True)
            ]
            ids = torch.tensor(tokens, device=device)[:, None]  # (B, 1)
    finally:
        model.train(training)
