"""What the page's sections on tokens and the map get from `trainer.probe.asking`, on real runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.corpora import word_classes
from trainer.loop import train
from trainer.probe.asking import open_run
from trainer.probe.embeddings import MAX_POINTS
from trainer.spec import RunSpec
from trainer.tests.task_factories import task_data, task_spec

TINY = {"n_layers": 1, "d_model": 16, "n_heads": 1, "context": 16, "batch": 4, "tokens": 1280}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunSpec]:
    folder, spec = tmp_path_factory.mktemp("asked") / "pair", task_spec("sequence", "seq2seq")
    list(train(spec, run_dir=folder, data=task_data("sequence"), keep_snapshots=True))
    return folder, spec


def trained(folder: Path, **changes: object) -> tuple[Path, RunSpec]:
    spec = RunSpec.parse(TINY | changes)
    list(train(spec, run_dir=folder, keep_snapshots=True))
    return folder, spec


def test_the_map_of_a_corpus_with_classes_names_them(tmp_path: Path) -> None:
    folder, spec = trained(tmp_path, corpus="word-classes", tokenizer="words")
    found = open_run(folder, spec.to_dict()).ask("map", {})
    assert len(found["frames"]) > 1
    classes = dict(zip(found["tokens"], found["classes"], strict=True))
    assert classes["cat"] == word_classes()["cat"]
    assert classes["the"] == ""
    one = open_run(folder, spec.to_dict()).ask("map", {"step": found["frames"][0]["step"]})
    assert one["tokens"] == found["tokens"]


def test_of_many_pieces_the_commonest_are_mapped(tmp_path: Path) -> None:
    folder, spec = trained(tmp_path, corpus="python-docs", tokenizer="bpe", vocab_size=600)
    asker = open_run(folder, spec.to_dict())
    found = asker.ask("map", {})
    assert len(found["tokens"]) == MAX_POINTS
    assert found["classes"] == []
    text = asker.task().tokenizer.encode("the function returns a list of the names").tolist()
    assert {asker.subject({}).token_name(token) for token in text} <= set(found["tokens"])
    assert "⟨FF⟩" not in found["tokens"]


def test_the_next_token_comes_with_every_name_and_what_it_would_add(tmp_path: Path) -> None:
    folder, spec = trained(tmp_path, corpus="word-classes", tokenizer="words")
    found = open_run(folder, spec.to_dict()).ask("next", {"text": "the happy"})
    assert len(found["names"]) == len(found["pieces"]) == len(found["logits"])
    assert found["pieces"][found["names"].index("dog")] == " dog"


def test_a_source_that_is_encoded_beside_has_its_tokens(pair: tuple[Path, RunSpec]) -> None:
    folder, spec = pair
    asker = open_run(folder, spec.to_dict())
    found = asker.ask("gradients", {"text": "abc", "target": "cb"})
    assert found["source_tokens"] == ["a", "b", "c"]
    assert len(found["source"]) == 3
    assert asker.ask("next", {"text": "abc", "target": "cb"})["pieces"] == []
