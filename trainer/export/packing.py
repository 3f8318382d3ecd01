"""Tensors as bytes for an exported script; `trainer.export.playback.unpacked` reads them there. Called by
`trainer.export.script`.
"""

from __future__ import annotations

import base64
import json
import zlib

import torch
from torch import Tensor

from trainer.export.playback import Losses, Tensors
from trainer.sample import prompt_ids
from trainer.tokenizer import Tokenizer

COLUMNS = 120
"""Characters of a line of data."""


def packed(tensors: Tensors) -> bytes:
    """Tensors by name in few bytes: whole numbers in the smallest type that holds them."""
    header: dict[str, tuple[str, list[int], int, int]] = {}
    parts: list[bytes] = []
    size = 0
    for name, tensor in tensors.items():
        small = tensor.detach().cpu().contiguous()
        small = small if small.is_floating_point() else small.to(smallest_type(small))
        parts.append(small.numpy().tobytes())
        header[name] = (str(small.dtype).removeprefix("torch."), list(small.shape), size, size + len(parts[-1]))
        size += len(parts[-1])
    first = json.dumps(header).encode()
    return zlib.compress(b"".join([len(first).to_bytes(8, "little"), first, *parts]), 9)


def smallest_type(numbers: Tensor) -> torch.dtype:
    """Of the types that all torch builds read."""
    low, high = int(numbers.min()), int(numbers.max())
    for kind in (torch.uint8, torch.int16, torch.int32):
        if torch.iinfo(kind).min <= low and high <= torch.iinfo(kind).max:
            return kind
    return torch.int64


def losses_as_tensors(losses: Losses) -> Tensors:
    """What `trainer.export.playback.losses_in` reads."""
    return {
        "losses": torch.tensor(losses.training, dtype=torch.float64),
        "held_out_losses": torch.tensor(list(losses.held_out.values()), dtype=torch.float64),
        "held_out_steps": torch.tensor(list(losses.held_out), dtype=torch.long),
    }


def vocabulary(tokenizer: Tokenizer, prompt: str) -> Tensors:
    """What it takes to write text: the bytes of every token, and a prompt."""
    if tokenizer.kind == "words":  # after another word, where a space goes without saying
        words = [tokenizer.stream([0])(token).encode() for token in range(tokenizer.vocab_size)]
    else:
        words = [tokenizer.token_bytes(token) for token in range(tokenizer.vocab_size)]
    return {
        "letters": torch.tensor(list(b"".join(words))),
        "letters_of_token": torch.tensor([len(word) for word in words]),
        "prompt": torch.tensor(prompt_ids(tokenizer, prompt)),
    }


def base64_lines(data: bytes) -> str:
    """Bytes as lines of text."""
    text = base64.b64encode(data).decode()
    return "\n".join(text[i : i + COLUMNS] for i in range(0, len(text), COLUMNS))
