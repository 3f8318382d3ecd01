"""What a corpus is: its kinds of examples, its facts, its errors, its hash. Standard library only, so that the web may
import it. Every module of this package builds on it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

KINDS = ("text", "labelled", "tagged", "pairs")
"""A `text` is one string; the others are `Examples` of Labelled, Tagged or Pair."""


class Labelled(NamedTuple):
    """A text and its class."""

    text: str
    label: str


class Tagged(NamedTuple):
    """A sentence as words and one BIO tag a word: O, or B- and I- with PER, ORG, LOC, DATE."""

    words: tuple[str, ...]
    tags: tuple[str, ...]


class Pair(NamedTuple):
    """What is given, and what must be written."""

    source: str
    target: str


Example = Labelled | Tagged | Pair


class Limits(NamedTuple):
    """Bounds of an option, both included, and what it is when not named."""

    low: int
    high: int
    default: int


@dataclass(frozen=True)
class Examples:
    """Examples to learn from, others to be measured on, and named slices of the latter kind that show one thing each.

    No example of `held_out` or of a slice is in `train`, unless the corpus is there to be memorised (`facts`) or the
    slice is called `seen`.
    """

    kind: str
    train: tuple[Example, ...]
    held_out: tuple[Example, ...]
    slices: dict[str, tuple[Example, ...]] = field(default_factory=dict)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of everything, in hexadecimal."""
        return _canonical_hash([self.kind, self.train, self.held_out, self.slices])

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Labels, or tags, of the training examples, sorted; empty for pairs."""
        found: set[str] = set()
        for example in self.train:
            if isinstance(example, Labelled):
                found.add(example.label)
            elif isinstance(example, Tagged):
                found.update(example.tags)
        return tuple(sorted(found))


Data = str | Examples


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A built-in corpus: what it is, where it comes from, how it is made."""

    name: str
    title: str
    licence: str
    origin: str
    description: str
    """One sentence for the person who chooses."""
    kind: str
    """One of KINDS."""
    tasks: tuple[str, ...]
    """Values of `RunSpec.task` that can learn from it."""
    languages: tuple[str, ...]
    """IETF tags of the natural languages in it; empty for symbols."""
    generated: bool
    """Whether `seed` and options decide its content; the others are one fixed snapshot."""
    default_tokenizer: str
    named_only: bool = False
    """Whether only labs that name it offer it: its held-out figures are no measure of a model."""
    options: Mapping[str, Limits] = field(default_factory=dict)
    """What can be set, `size` (training examples) among them where it can."""
    build: Callable[..., Data] = field(repr=False)
    """`build(**options)`, with `seed` where `generated`; every option is given."""
    hide: Callable[..., tuple[Example, ...]] | None = field(default=None, repr=False)
    """`hide(seed=, **options)`: examples that no public seed gives; None where there can be none."""


class CorpusError(ValueError):
    """A corpus that cannot be had. `code` names the reason, `params` hold what its sentence needs.

    Codes: unknown_corpus {corpus, choices}, unknown_option {corpus, option, choices},
    out_of_range {corpus, option, low, high, found}, no_hidden_set {corpus}, not_installed {corpus, package},
    nothing_left {corpus} (options that leave no example to make).
    """

    def __init__(self, code: str, params: dict[str, Any]) -> None:
        self.code = code
        self.params = params
        super().__init__(f"{code} {params}")


def words(text: str) -> tuple[str, ...]:
    """A list of words, written as one text."""
    return tuple(text.split())


def phrases(text: str) -> tuple[str, ...]:
    """A list of phrases, written as one text with a semicolon between them; line breaks are spaces."""
    return tuple(" ".join(phrase.split()) for phrase in text.split(";"))


def text_hash(text: str) -> str:
    """SHA-256 of the UTF-8 bytes, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def data_hash(data: Data) -> str:
    """Hash of a text or of examples."""
    return text_hash(data) if isinstance(data, str) else data.hash


def distinct_characters(text: str) -> int:
    """Count the different characters."""
    return len(set(text))


def character_vocab_size(text: str) -> int:
    """Tokens that the characters tokenizer makes of this text: one a different character, no unknown token."""
    return distinct_characters(text)


def part_of(example: Example) -> float:
    """A number in [0, 1) that follows from the example's content alone: the same for every seed, machine and Python.

    Splits are made by it: an example that trains for one seed is never held out or hidden for another.
    """
    digest = hashlib.sha256("\x1f".join(map(_flat, example)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _flat(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else "\x1e".join(value)


def _canonical_hash(value: Any) -> str:
    return text_hash(json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")))
