"""Tiny data and recipes for every task and family, for the tests."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from trainer.checks import TASK_FAMILIES
from trainer.corpora import Data, Example, Examples, Labelled, Pair, Tagged
from trainer.spec import RunSpec
from trainer.tests.factories import tiny_spec, tiny_text

COMBINATIONS = [
    pytest.param(task, family, id=f"{task}-{family}") for task, families in TASK_FAMILIES.items() for family in families
]
"""Every task with every family that can learn it."""

EXAMPLE_COMBINATIONS = [
    pytest.param(task, family, id=f"{task}-{family}")
    for task in ("classify", "tag", "sequence")
    for family in TASK_FAMILIES[task]
]

CORPORA = {
    "language": "python-docs",
    "masked": "python-docs",
    "embed": "word-classes",
    "classify": "reviews",
    "tag": "entities",
    "sequence": "copy",
}
"""A corpus that each task accepts; the tests hand over other data in its place."""

NAMES = ("Ada", "Bo", "Cy", "Dee")
VERBS = ("saw", "met", "called")


def task_spec(task: str, family: str, **changes: Any) -> RunSpec:
    """A recipe of 30 quick steps."""
    small = {"task": task, "family": family, "corpus": CORPORA[task], "n_layers": 1, "context": 24, "tokens": 96 * 30}
    if task in ("embed", "tag"):
        small |= {"tokenizer": "words", "vocab_size": 64}
    return tiny_spec(**small | changes)


def task_data(task: str, count: int = 24) -> Data:
    """A text, or `count` examples to train on and half as many held out."""
    if task in ("language", "masked", "embed"):
        return tiny_text()
    rng = random.Random(4)
    makers: dict[str, Callable[[random.Random, int], Example]] = {"classify": labelled, "tag": tagged, "sequence": pair}
    kind = {"classify": "labelled", "tag": "tagged", "sequence": "pairs"}[task]
    some: list[Example] = [makers[task](rng, i) for i in range(count + count // 2)]
    return Examples(kind, tuple(some[:count]), tuple(some[count:]), {"short": tuple(some[count : count + 3])})


def labelled(rng: random.Random, number: int) -> Labelled:
    """A few words, good ones and bad ones in turn."""
    words = (("fine", "Tidy", "warm"), ("poor", "Bad", "cold"))[number % 2]
    return Labelled(" ".join([*rng.choices([*words, "the", "tea"], k=rng.randint(1, 4)), words[0]]), "+-"[number % 2])


def tagged(rng: random.Random, number: int) -> Tagged:
    """Somebody does something, perhaps to somebody else."""
    whom = rng.choice(NAMES) if number % 2 else "nobody"
    return Tagged(
        (rng.choice(NAMES), rng.choice(VERBS), whom, "there"[: number % 6 or 5]),
        ("B-PER", "O", "B-PER" if number % 2 else "O", "O"),
    )


def pair(rng: random.Random, number: int) -> Pair:
    """A few letters and the same backwards."""
    source = "".join(rng.choices("abcD", k=1 + number % 5))
    return Pair(source, source[::-1])
