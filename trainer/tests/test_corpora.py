from __future__ import annotations

import json

import pytest

from trainer import corpora
from trainer.corpora import CORPORA, KINDS, OPTIONS, CorpusError, Examples, corpus_text

TEXTS = [name for name, corpus in CORPORA.items() if corpus.kind == "text"]


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_is_long_and_always_the_same_object(name: str) -> None:
    text = corpus_text(name)
    assert len(text) > (50_000 if CORPORA[name].named_only else 100_000)
    assert text is corpus_text(name)
    assert "\r" not in text
    assert corpora.character_vocab_size(text) == corpora.distinct_characters(text) == len(set(text))


@pytest.mark.parametrize("name", CORPORA)
def test_every_corpus_says_where_it_comes_from_and_what_it_is_for(name: str) -> None:
    corpus = CORPORA[name]
    assert corpus.name == name
    assert corpus.licence
    assert corpus.origin
    assert corpus.description.endswith((".", "?"))
    assert corpus.kind in KINDS
    assert corpus.tasks
    facts = corpora.describe(name)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["hash"] == corpora.corpus_hash(name)
    data = corpora.load(name)
    assert (data.kind if isinstance(data, Examples) else "text") == corpus.kind


def test_an_unknown_corpus_is_refused_by_name() -> None:
    with pytest.raises(KeyError):
        corpus_text("nothing")
    with pytest.raises(CorpusError) as caught:
        corpora.load("nothing")
    assert caught.value.code == "unknown_corpus"


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(CorpusError) as caught:
        corpora.load("python-docs", size=10)
    assert caught.value.code == "unknown_option"
    assert caught.value.params["option"] == "size"


@pytest.mark.parametrize("name", [name for name in CORPORA if OPTIONS[name]])
def test_an_option_out_of_range_is_refused_with_its_bounds(name: str) -> None:
    for option, (low, high, default) in OPTIONS[name].items():
        assert low <= default <= high
        for wrong in (low - 1, high + 1):
            with pytest.raises(CorpusError) as caught:
                corpora.check_options(name, {option: wrong})
            assert caught.value.code == "out_of_range"
            bounds = {"low": low, "high": high, "found": wrong}
            assert caught.value.params == {"corpus": name, "option": option} | bounds
