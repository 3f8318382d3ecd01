"""Models to look into, and one whose heads are set by hand."""

from __future__ import annotations

import json
from typing import Any

import torch

from trainer.models.base import Model
from trainer.models.config import ModelConfig
from trainer.models.gpt import GPT
from trainer.models.registry import build
from trainer.probe.subject import WITHOUT_SPECIALS, Subject
from trainer.tasks.base import Task
from trainer.tasks.prepare import prepare
from trainer.tests.factories import enliven, tiny_config
from trainer.tests.task_factories import task_data, task_spec
from trainer.tokenizer import fit

ALPHABET = "abcdefgh 猫狗"
USUAL_TASK = {"encoder": "masked", "seq2seq": "sequence", "skipgram": "embed", "bag": "classify"}


def subject(family: str = "gpt", *, task: str = "", labels: tuple[str, ...] = (), **changes: Any) -> Subject:
    """A random model of characters, two layers of two heads, with nothing left at zero."""
    task = task or USUAL_TASK.get(family, "language")
    tokenizer = fit("characters", ALPHABET, vocab_size=0)
    special = 0 if task in WITHOUT_SPECIALS else 4
    shape: dict[str, Any] = {
        "family": family,
        "vocab_size": len(ALPHABET) + special,
        "pad": len(ALPHABET) if special else None,
    }
    if labels:
        shape["n_outputs"] = len(labels)
    model = build(tiny_config(**shape | changes), torch.Generator().manual_seed(1))
    enliven(model)
    return Subject(model=model.eval(), tokenizer=tokenizer, task=task, labels=labels)


def prepared(task: str, family: str, **changes: Any) -> tuple[Task, Model]:
    """A task with a random model of two layers."""
    ready = prepare(task_spec(task, family, **{"n_layers": 2} | changes), task_data(task))
    model = build(ready.config, torch.Generator().manual_seed(1))
    enliven(model)
    return ready, model.eval()


def induction_circuit(*, layers: int = 2) -> Subject:
    """Layer 0's head 0 copies the token before; layer 1's head 1 looks behind a token's earlier place, and says what it
    finds there (Elhage et al. 2021). All other heads do nothing.

    The stream's width has room for the token, the place, the copied token and the answer.
    """
    letters = "abcdefghijkl"
    V, T, D = len(letters), 28, 32
    C = 2 * D
    token, place, before = 0, V, V + T
    config = ModelConfig(
        vocab_size=V, n_outputs=V, context=T, n_layers=layers, d_model=C, n_heads=2, d_ff=1, positions="learned"
    )
    model = GPT(config, torch.Generator().manual_seed(1))
    with torch.no_grad():
        for param in model.parameters():
            param.zero_()
        model.embedding[:, token : token + V] = torch.eye(V)
        model.positions.table[:, place : place + T] = 8 * torch.eye(T)
        assert model.head is not None
        model.head[:, token : token + V] = torch.eye(V)  # what is in the stream as a token is said
        first = next(iter(model.blocks)).get_submodule("attention")
        _set(first, 0, queries=(place + 1, T - 1), keys=(place, T - 1), sharp=50.0)
        first.get_parameter("qkv")[2 * C : 2 * C + V, token : token + V] = torch.eye(V)
        first.get_parameter("proj")[before : before + V, :V] = 20 * torch.eye(V)
        if layers > 1:
            second = list(model.blocks)[1].get_submodule("attention")
            _set(second, 1, queries=(token, V), keys=(before, V), sharp=50.0)
            second.get_parameter("qkv")[2 * C + D : 2 * C + D + V, token : token + V] = torch.eye(V)
            second.get_parameter("proj")[token : token + V, D : D + V] = 50 * torch.eye(V)
    return Subject(model=model.eval(), tokenizer=fit("characters", letters, vocab_size=0), task="language")


def _set(
    attention: torch.nn.Module, head: int, *, queries: tuple[int, int], keys: tuple[int, int], sharp: float
) -> None:
    """Let a head match part of the stream (start, length) of the query with another part of the key."""
    qkv = attention.get_parameter("qkv")
    C, D = qkv.shape[1], qkv.shape[1] // 2
    for row, (start, length), scale in ((0, queries, sharp), (C, keys, 1.0)):
        qkv[row + head * D : row + head * D + length, start : start + length] = scale * torch.eye(length)


def check_json(answer: Any) -> Any:
    """What `to_dict` gives, having been through JSON without loss."""
    values = answer.to_dict()
    again = json.loads(json.dumps(values, allow_nan=False))
    assert again == values
    return again
