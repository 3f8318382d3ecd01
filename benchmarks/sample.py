"""Tokens a second of greedy decoding, with the cache of keys and values against computing everything anew.

`./run bench sample`. Batch 1 and 64, contexts 64 and 256: a prompt fills the context but for its last eighth, which is
written; reading the prompt counts. `from_start` writes a whole context after one token. Both ways must write the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.common import report
from trainer.models.config import ModelConfig
from trainer.models.gpt import GPT
from trainer.sample import Decoder

BATCHES, CONTEXTS = (1, 64), (64, 256)
VOCAB, LAYERS, WIDTH, HEADS = 65, 4, 128, 4
ROUNDS = {1: 15, 64: 3}
"""Turns of each way by batch: one row takes little time, and other work on the machine shows more."""


def a_model(context: int) -> GPT:
    """The size of the model that `time_to_loss` compares, with a head that has something to say."""
    config = ModelConfig(
        vocab_size=VOCAB,
        n_outputs=VOCAB,
        context=context,
        n_layers=LAYERS,
        d_model=WIDTH,
        n_heads=HEADS,
        d_ff=4 * WIDTH,
    )
    generator = torch.Generator().manual_seed(1)
    model = GPT(config, generator)
    with torch.no_grad():
        for param in model.parameters():
            if not param.any():
                param.normal_(std=param.shape[1] ** -0.5, generator=generator)
    return model.eval()


def cached(model: GPT, ids: Tensor) -> Tensor:
    """Greedy tokens (B, context), ids (B, n) first, each position computed once."""
    decoder = Decoder(model)
    new, written = ids, [ids]
    for _ in range(model.config.context - ids.shape[1]):
        new = decoder.feed(new).argmax(-1, keepdim=True)
        written.append(new)
    return torch.cat(written, dim=1)


@torch.inference_mode()
def anew(model: GPT, ids: Tensor) -> Tensor:
    """The same, every position computed again for each token."""
    while ids.shape[1] < model.config.context:
        ids = torch.cat((ids, model(ids)[:, -1].argmax(-1, keepdim=True)), dim=1)
    return ids


def seconds_of(decode: Callable[[GPT, Tensor], Tensor], model: GPT, ids: Tensor) -> tuple[float, Tensor]:
    """Seconds of the processor that it takes, and what it writes. On one thread these are all, and other work on the
    machine lengthens them less."""
    began = time.process_time()
    written = decode(model, ids)
    return time.process_time() - began, written


def compared(model: GPT, ids: Tensor) -> tuple[float, float, bool]:
    """Tokens a second with and without the cache, each the best of some turns, and whether both wrote the same."""
    with_cache, without, equal = float("inf"), float("inf"), True
    seconds_of(cached, model, ids)  # warm
    for _ in range(ROUNDS[len(ids)]):
        took, first = seconds_of(cached, model, ids)
        with_cache = min(with_cache, took)
        took, second = seconds_of(anew, model, ids)
        without = min(without, took)
        equal = equal and torch.equal(first, second)
    tokens = len(ids) * (model.config.context - ids.shape[1])
    return tokens / with_cache, tokens / without, equal


def main() -> None:
    """Measure and report."""
    torch.set_num_threads(1)
    found: dict[str, dict[str, float]] = {}
    equal = True
    for context in CONTEXTS:
        model = a_model(context)
        for batch in BATCHES:
            text = torch.arange(batch)[:, None] * 7 + torch.arange(context)  # (B, T): any tokens
            prompts = {"": context - context // 8} | ({"from_start_": 1} if batch == 1 else {})
            for kind, length in prompts.items():
                fast, slow, same = compared(model, text[:, :length] % VOCAB)
                found[f"{kind}{context}_batch_{batch}"] = {"cached": fast, "anew": slow, "ratio": fast / slow}
                equal = equal and same
                print(
                    f"{kind}context {context}, batch {batch}: {fast:,.0f} tokens/s cached, {slow:,.0f} anew", flush=True
                )
    report(
        "sample",
        ratio_256=min(found[f"256_batch_{batch}"]["ratio"] for batch in BATCHES),
        ratio_64=min(found[f"64_batch_{batch}"]["ratio"] for batch in BATCHES),
        tokens_per_s=found,
        equal=equal,
    )


if __name__ == "__main__":
    main()
