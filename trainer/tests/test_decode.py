"""Targets written from sources, and texts from prompts."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise, product
from statistics import mean

import pytest
import torch

from trainer.checks import TASK_FAMILIES
from trainer.corpora import Examples, Pair
from trainer.decode import beam, greedy
from trainer.loop import never
from trainer.models.base import Model
from trainer.models.registry import build
from trainer.optim import Optimizer
from trainer.tasks.prepare import prepare
from trainer.tasks.sequence import SequenceTask
from trainer.tests.factories import enliven
from trainer.tests.task_factories import task_data, task_spec

FAMILIES = [*TASK_FAMILIES["sequence"], "seeing gpt"]
"""One that sees what comes after has no cache: every token is computed anew."""

WIDTHS = (1, 2, 4)


@cache
def learnt(family: str, steps: int = 25) -> tuple[SequenceTask, Model]:
    """A model that is half sure of what it writes."""
    changes = {"causal": False} if family == "seeing gpt" else {}
    task = prepare(task_spec("sequence", family.split()[-1], seed=2, **changes), task_data("sequence"))
    assert isinstance(task, SequenceTask)
    model = build(task.config, torch.Generator().manual_seed(2))
    optimizer, generator = Optimizer(model, task.spec), torch.Generator().manual_seed(2)
    for step in range(steps):
        model.zero_grad()
        torch.autograd.backward(task.loss(model, task.draw(step, generator)))
        optimizer.step(0.02)
    return task, model.eval()


def sources(task: SequenceTask) -> list[list[int]]:
    letters = ["a", "ab", "ba", "Dcb", "cab", "abca", "aaaab", "", "bDbDb"]
    return [task.source_ids(text) for text in letters]


def logits_along(task: SequenceTask, model: Model, source: list[int], target: list[int]) -> torch.Tensor:
    """Logits (len(target) + 1, V) of each token of a target and of what ends it, all given at once."""
    with torch.inference_mode():
        if task.beside:
            beside: torch.Tensor = model(torch.tensor([source[:-1]]), torch.tensor([[source[-1], *target]]))
            return beside[0]
        behind: torch.Tensor = model(torch.tensor([source + target]))
        return behind[0, len(source) - 1 :]


def surety(task: SequenceTask, model: Model, source: list[int], target: list[int]) -> float:
    """Mean log-probability of the tokens of a target and of its end."""
    logs = logits_along(task, model, source, target).log_softmax(-1)
    tokens = torch.tensor([*target, task.specials.end])
    return logs.gather(1, tokens[:, None]).mean().item()


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "seeing gpt"])
def test_greedy_writes_what_the_model_finds_likeliest_when_given_its_own_words(family: str) -> None:
    task, model = learnt(family)
    room = task.spec.context
    for source, written in zip(
        sources(task), greedy(model, sources(task), end=task.specials.end, max_tokens=8), strict=True
    ):
        best = logits_along(task, model, source, written).argmax(-1).tolist()
        assert best[: len(written)] == written
        assert len(written) == 8 or len(source) + len(written) > room or best[-1] == task.specials.end


@pytest.mark.parametrize("family", FAMILIES)
def test_sources_written_together_are_as_those_written_alone(family: str) -> None:
    task, model = learnt(family)
    together = greedy(model, sources(task), end=task.specials.end, max_tokens=8)
    assert together == [greedy(model, [source], end=task.specials.end, max_tokens=8)[0] for source in sources(task)]


@pytest.mark.parametrize("max_tokens", [1, 2, 8, 60])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_beam_of_one_is_greedy(family: str, max_tokens: int) -> None:
    for steps in (25, 3):  # the latter never ends by itself: tokens or room run out
        task, model = learnt(family, steps)
        written = greedy(model, sources(task), end=task.specials.end, max_tokens=max_tokens)
        for source, tokens in zip(sources(task), written, strict=True):
            assert beam(model, source, end=task.specials.end, max_tokens=max_tokens, width=1) == tokens


@pytest.mark.parametrize("family", FAMILIES)
def test_a_wider_beam_finds_targets_that_are_no_less_likely_on_average(family: str) -> None:
    task, model = learnt(family)
    many = [task.source_ids("".join(letters)) for letters in product("abcD", repeat=3)]
    sure = [
        mean(
            surety(task, model, source, beam(model, source, end=task.specials.end, max_tokens=12, width=width))
            for source in many
        )
        for width in WIDTHS
    ]
    # No search but a full one is sure to find more with more room; on average it does, to within a hair.
    assert all(wider >= narrower - 0.01 for narrower, wider in pairwise(sure))
    assert sure[-1] >= sure[0] - 0.001


@pytest.mark.parametrize("family", FAMILIES)
def test_targets_end_where_the_context_does_and_recurrent_ones_where_asked(family: str) -> None:
    task, model = learnt(family)
    model = build(task.config, torch.Generator().manual_seed(5)).eval()
    enliven(model)
    long = task.source_ids("abcD" * 5)
    for width in (1, 3):
        written = beam(model, long, end=-1, max_tokens=60, width=width)
        positions = len(written) + (1 if task.beside else len(long)) - 1
        assert positions == (task.spec.context if model.config.family in ("gpt", "seq2seq") else 60 + len(long) - 1)


def test_written_targets_are_text_without_special_tokens() -> None:
    task, model = learnt("gpt")
    for width in (1, 3):
        texts = task.written(model, ["ab", "Dc" * 40], max_tokens=8, width=width)
        assert all(set(text) <= set("abcD\n") for text in texts)
    assert model.training is False


@pytest.mark.parametrize("family", TASK_FAMILIES["sequence"])
def test_a_source_without_a_known_token_is_a_source_all_the_same(family: str) -> None:
    """Without a single key, attention would be a share of nothing."""
    spec = task_spec("sequence", family)
    pairs = (Pair("ab", "ba"), Pair("中", "b"))
    task = prepare(spec, Examples("pairs", (Pair("ab", "ba"), Pair("a", "a")), pairs))
    assert isinstance(task, SequenceTask)
    model = build(task.config, torch.Generator().manual_seed(2))
    enliven(model)
    assert math.isfinite(task.score(model, torch.arange(2), stop=never).loss)
    assert len(task.written(model, ["中", ""], max_tokens=4)) == 2
