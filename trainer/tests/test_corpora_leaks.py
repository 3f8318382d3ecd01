"""The three splits: which of them leaks, and that nothing else tells them apart."""

from __future__ import annotations

from trainer.corpora import CORPORA, corpus_text
from trainer.corpora.leaks import CHARACTERS, SPLITS
from trainer.tasks.texts import split

STRETCH = 200
"""Characters that do not come twice by chance."""


def overlap(name: str) -> float:
    """Share of held-out stretches that are also in the training part."""
    train, held_out = split(corpus_text(name))
    starts = range(0, len(held_out) - STRETCH, STRETCH)
    return sum(held_out[start : start + STRETCH] in train for start in starts) / len(starts)


def test_one_split_of_three_leaks_all_that_it_holds_out() -> None:
    assert {name: overlap(name) for name in ("docs-split-a", "docs-split-b", "docs-split-c")} == {
        "docs-split-a": 0.0,
        "docs-split-b": 1.0,
        "docs-split-c": 0.0,
    }


def test_the_splits_look_alike() -> None:
    assert {len(corpus_text(corpus.name)) for corpus in SPLITS} == {CHARACTERS}
    assert len({corpus.description for corpus in SPLITS}) == 1


def test_only_labs_that_name_them_offer_them() -> None:
    assert {corpus.name for corpus in CORPORA.values() if corpus.named_only} == {corpus.name for corpus in SPLITS}
