"""The data a run can learn from: built-in corpora by name, hidden test sets, checked uploads. Standard library only, so
that the web may import it. Called by `trainer.loop`, `trainer.tasks`, the command line and the lab pages.

`load` gives a corpus, `hidden` examples to grade with, `describe` what a person wants to know; `OPTIONS` holds what can
be set. All that is generated follows from seed and options, the same on every machine and in every Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from trainer.corpora import (
    classes,
    entities,
    languages,
    leaks,
    questions,
    reviews_en,
    reviews_zh,
    stories,
    symbols,
    texts,
    translation,
)
from trainer.corpora.base import (
    KINDS,
    Corpus,
    CorpusError,
    Data,
    Example,
    Examples,
    Labelled,
    Limits,
    Pair,
    Tagged,
    character_vocab_size,
    data_hash,
    distinct_characters,
    text_hash,
)
from trainer.corpora.classes import word_classes
from trainer.corpora.tables import Table, load_labelled, load_pairs, read_bounded
from trainer.corpora.uploads import MAX_UPLOAD, MIN_DISTINCT, MIN_UPLOAD, Upload, UploadError, check_upload

__all__ = [
    "CORPORA",
    "KINDS",
    "MAX_UPLOAD",
    "MIN_DISTINCT",
    "MIN_UPLOAD",
    "OPTIONS",
    "Corpus",
    "CorpusError",
    "Data",
    "Example",
    "Examples",
    "Labelled",
    "Limits",
    "Pair",
    "Table",
    "Tagged",
    "Upload",
    "UploadError",
    "character_vocab_size",
    "check_options",
    "check_upload",
    "corpus_hash",
    "corpus_text",
    "data_hash",
    "describe",
    "distinct_characters",
    "hidden",
    "load",
    "load_labelled",
    "load_pairs",
    "read_bounded",
    "text_hash",
    "word_classes",
]

CORPORA: dict[str, Corpus] = {
    corpus.name: corpus
    for corpus in (
        texts.PYTHON_DOCS,
        texts.PYTHON_SOURCE,
        texts.UNICODE_NAMES,
        *leaks.SPLITS,
        stories.STORIES,
        stories.STORIES_ZH,
        classes.WORD_CLASSES,
        reviews_en.REVIEWS,
        reviews_zh.REVIEWS_ZH,
        languages.LANGUAGES,
        entities.ENTITIES,
        questions.STORIES_QA,
        translation.TRANSLATION,
        symbols.COPY,
        symbols.REVERSE,
        symbols.RECALL,
        symbols.FACTS,
        symbols.INDUCTION,
    )
}
"""Every built-in corpus by name."""

OPTIONS: dict[str, Mapping[str, Limits]] = {name: corpus.options for name, corpus in CORPORA.items()}
"""What can be set for each corpus: option to (lowest, highest, default)."""

KEPT = 8
"""Corpora that stay in memory, by name, seed and options."""

SAMPLE = 200
"""Characters of a text that `describe` shows, and examples at most three."""


def load(name: str, *, size: int | None = None, seed: int = 1, **options: int) -> Data:
    """A text, or examples; the same ones at every call. `size` counts the training examples.

    Corpora that are not generated ignore `seed`. Raises CorpusError: unknown_corpus, unknown_option, out_of_range,
    not_installed.
    """
    clean = check_options(name, options if size is None else options | {"size": size})
    return _built(name, seed if CORPORA[name].generated else 0, tuple(sorted(clean.items())))


def hidden(name: str, *, seed: str, size: int, **options: int) -> tuple[Example, ...]:
    """Examples to grade with, drawn from a secret `seed`, of the same kind and difficulty as the held-out ones.

    No example is one that any public seed trains on or holds out: both come from disjoint parts of the same space,
    split by content. Fewer than `size` come where the space is small. Raises CorpusError as `load`, or no_hidden_set.
    """
    clean = check_options(name, options)
    hide = CORPORA[name].hide
    if hide is None:
        raise CorpusError("no_hidden_set", {"corpus": name})
    return hide(seed=seed, **clean | {"size": size})


def check_options(name: str, options: Mapping[str, int]) -> dict[str, int]:
    """Every option of a corpus, the missing ones by default. Raises CorpusError for the first that is wrong."""
    if name not in CORPORA:
        raise CorpusError("unknown_corpus", {"corpus": name, "choices": ", ".join(CORPORA)})
    allowed = OPTIONS[name]
    for option, value in options.items():
        if option not in allowed:
            choices = ", ".join(allowed) or "–"
            raise CorpusError("unknown_option", {"corpus": name, "option": option, "choices": choices})
        low, high, _default = allowed[option]
        if not low <= value <= high:
            bounds = {"low": low, "high": high, "found": value}
            raise CorpusError("out_of_range", {"corpus": name, "option": option} | bounds)
    return {option: limits.default for option, limits in allowed.items()} | dict(options)


@lru_cache(maxsize=KEPT)
def _built(name: str, seed: int, options: tuple[tuple[str, int], ...]) -> Data:
    corpus = CORPORA[name]
    return corpus.build(**dict(options), **({"seed": seed} if corpus.generated else {}))


@cache
def corpus_text(name: str) -> str:
    """A built-in text as it is by default; the same string at every call. Raises KeyError for what is no text."""
    if CORPORA[name].kind != "text":
        raise KeyError(name)
    data = load(name)
    assert isinstance(data, str)
    return data


def corpus_hash(name: str, *, size: int | None = None, seed: int = 1, **options: int) -> str:
    """SHA-256 of what `load` gives: with it a run says on what it was trained."""
    return data_hash(load(name, size=size, seed=seed, **options))


def describe(name: str, *, size: int | None = None, seed: int = 1, **options: int) -> dict[str, Any]:
    """Facts, size, hash and a sample of a corpus, as plain JSON values. Raises CorpusError as `load`."""
    data = load(name, size=size, seed=seed, **options)
    corpus = CORPORA[name]
    facts: dict[str, Any] = {
        field: getattr(corpus, field)
        for field in ("name", "title", "kind", "licence", "origin", "description", "generated", "default_tokenizer")
    }
    facts |= {"tasks": list(corpus.tasks), "languages": list(corpus.languages), "hash": data_hash(data)}
    facts["options"] = {option: limits._asdict() for option, limits in corpus.options.items()}
    if isinstance(data, str):
        size_facts = {"characters": len(data), "distinct": distinct_characters(data), "bytes": len(data.encode())}
        return facts | size_facts | {"sample": data[:SAMPLE]}
    return facts | {
        "train": len(data.train),
        "held_out": len(data.held_out),
        "slices": {slice_name: len(examples) for slice_name, examples in data.slices.items()},
        "classes": list(data.classes),
        "sample": [[list(part) if isinstance(part, tuple) else part for part in example] for example in data.train[:3]],
    }
