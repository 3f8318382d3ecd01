"""What holds for every corpus of examples: sizes, splits, hidden sets, determinism."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from trainer import corpora
from trainer.corpora import CORPORA, OPTIONS, CorpusError, Examples, Labelled, Pair, Tagged, base, draws

KINDS = {"labelled": Labelled, "tagged": Tagged, "pairs": Pair}
NAMES = [name for name, corpus in CORPORA.items() if corpus.kind != "text"]
HIDDEN = [name for name in NAMES if CORPORA[name].hide]
SMALL = 400

PINNED = {
    "stories": "ac35d5825fba24b7cc4317aba95005dcfa859f4ea6ab375a6d38642717f2b26b",
    "stories-zh": "cc9c1448254a030eaf2422957d5b78fa8f4e1c3777479939d34aa110d1818c3e",
    "word-classes": "c0b68dc01c60037a4912300e98ff195c1094de25ea517dbdcfe26862a40a19e4",
    "reviews": "e13299d0e48719d2640a546e671671a6a73b09d8376f1ae6dd1fcb4c4ca0dbdb",
    "reviews-zh": "d9feca081de8f90304b96798cdaa735c7085937e2405979d72288dbb00615483",
    "entities": "7d3d2a45d071e80e46143c531f9be76bd28f855d6ea3e0d6e240071636feb0a8",
    "stories-qa": "f67a71d6b2ad7f8936bb2469df7b1b8c3961f84a5d097f4208d674ac365689e2",
    "copy": "d6b9957dcb3235a947fffcaa29002a69e0f439ec1548edb2a8032d35562f05c8",
    "reverse": "ee171aaac52ae659db59ea0e19388c09b225b1e8395399d0575d5a1402eeb9c3",
    "recall": "4fb947c2fdb45991ab0651abe06be09ad2dee5b4ff50907bac2e64ea8eb4239d",
    "facts": "7c894f8ecec264d565a310b95bad590de928caa2fa9b43b364084e20a168e205",
    "induction": "c930fcdcb8c5a0b70804c59ff983324bea2b4b4cb78daaa5c30495608f52ce1b",
}
"""Hashes of what is generated, by default: another hash is another corpus, and every target of a lab goes with it."""


def examples(name: str, **options: int) -> Examples:
    data = corpora.load(name, **options)
    assert isinstance(data, Examples)
    return data


@pytest.mark.parametrize("name", PINNED)
def test_what_is_generated_is_the_same_on_every_machine(name: str) -> None:
    assert corpora.corpus_hash(name) == PINNED[name]


def test_generated_translations_are_the_same_on_every_machine() -> None:
    rows = "\n".join("\t".join(map(str, pair)) for pair in corpora.hidden("translation", seed="pin", size=200))
    assert corpora.text_hash(rows) == "390dad3fa8e20b553a5249976b40e0ddcb4671667b7dabca4b3be748f4727b5b"


def test_every_generated_corpus_is_pinned_or_depends_on_django() -> None:
    assert {name for name, corpus in CORPORA.items() if corpus.generated} == PINNED.keys() | {
        "languages",
        "translation",
    }


@pytest.mark.parametrize("name", NAMES)
def test_examples_have_their_kind_and_the_size_that_was_asked(name: str) -> None:
    data = examples(name, size=SMALL)
    assert len(data.train) == SMALL
    assert data.held_out
    assert all(data.slices.values())
    for part in (data.train, data.held_out, *data.slices.values()):
        assert {type(example) for example in part} == {KINDS[data.kind]}
        assert all(all(example) for example in part)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"facts"}))
def test_nothing_that_is_measured_trains(name: str) -> None:
    data = examples(name)
    train = set(data.train)
    assert not train & set(data.held_out)
    for title, part in data.slices.items():
        assert (train >= set(part)) if title == "seen" else not train & set(part), title


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_examples_are_new_for_every_public_seed(name: str) -> None:
    hidden = corpora.hidden(name, seed="a secret of the server", size=200)
    assert len(hidden) == len(set(hidden)) == 200
    for seed in (1, 2, 3):
        data = examples(name, seed=seed)
        public = set(data.train) | set(data.held_out)
        assert not public & set(hidden)
    assert hidden == corpora.hidden(name, seed="a secret of the server", size=200)
    other = corpora.hidden(name, seed="another", size=200)
    assert len(set(other) & set(hidden)) < 100


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"facts"}))
def test_seeds_differ_and_sizes_go_on(name: str) -> None:
    assert examples(name, size=100, seed=1).hash != examples(name, size=100, seed=2).hash
    small, large = examples(name, size=100), examples(name, size=SMALL)
    assert large.train[:100] == small.train
    assert large.held_out == small.held_out


@pytest.mark.parametrize("name", NAMES)
def test_every_option_works_at_both_ends(name: str) -> None:
    for option, (low, high, _default) in OPTIONS[name].items():
        if option != "size":
            for value in (low, high):
                data = examples(name, size=100, **{option: value})
                assert len(data.train) == 100
                assert len(data.held_out) >= 50


@pytest.mark.parametrize("name", [name for name in NAMES if CORPORA[name].kind == "labelled"])
def test_labels_are_balanced(name: str) -> None:
    counts = Counter(example[1] for example in examples(name).train)
    assert min(counts.values()) > 0.4 * max(counts.values())


def test_facts_have_no_hidden_set() -> None:
    with pytest.raises(CorpusError) as caught:
        corpora.hidden("facts", seed="x", size=10)
    assert caught.value.code == "no_hidden_set"


def test_the_same_arguments_give_the_same_object() -> None:
    assert corpora.load("copy", seed=4) is corpora.load("copy", seed=4)


def test_choices_use_every_item_about_equally_often() -> None:
    dice = draws.Draws("dice")
    counts = Counter(dice.choice("abcdef") for _ in range(6_000))
    assert set(counts) == set("abcdef")
    assert all(900 < count < 1100 for count in counts.values())
    assert {dice.between(3, 5) for _ in range(100)} == {3, 4, 5}
    assert sorted(dice.shuffled(range(20))) == list(range(20))
    assert len(set(dice.sample(range(20), 7))) == 7


def test_parts_follow_from_content_alone() -> None:
    parts = [base.part_of(Pair(str(i), "x")) for i in range(2_000)]
    assert 0.47 < sum(parts) / len(parts) < 0.53
    assert base.part_of(Tagged(("a b",), ("O",))) != base.part_of(Tagged(("a", "b"), ("O", "O")))


def test_a_space_without_examples_says_so() -> None:
    with pytest.raises(CorpusError) as caught:
        draws.collect(lambda _: Pair("a", "b"), draws.Draws("x"), 10, (0.0, 0.0))
    assert caught.value.code == "nothing_left"


def test_without_django_its_corpora_say_what_is_missing() -> None:
    code = """
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "django" else real(name, package)
from trainer import corpora
print("real" in corpora.load("translation").slices)
try:
    corpora.load("languages")
except corpora.CorpusError as error:
    print(error.code, error.params["package"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "not_installed", "django"]
