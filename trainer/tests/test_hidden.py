"""What graded runs are measured on: taken out of what trains, drawn by the secret, and never told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trainer.corpora import corpus_text
from trainer.corpora.withheld import withheld
from trainer.events import Evaluation, Failed
from trainer.hidden import Hidden
from trainer.loop import train
from trainer.spec import RunSpec

TINY: dict[str, Any] = {"n_layers": 1, "d_model": 16, "n_heads": 1, "context": 16, "batch": 4, "tokens": 2560}
TASKS: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({"corpus": "unicode-names"}, "below_baseline"),
    "pieces": ({"corpus": "unicode-names", "tokenizer": "bpe", "vocab_size": 300}, "lossless_bytes"),
    "words": ({"task": "embed", "family": "skipgram", "corpus": "word-classes", "tokenizer": "words"}, "purity"),
    "reviews": (
        {"task": "classify", "corpus": "reviews", "tokenizer": "words", "context": 24, "examples": 60},
        "macro_f1",
    ),
    "rows": (
        {"task": "sequence", "corpus": "reverse", "tokenizer": "words", "context": 24, "examples": 200},
        "exact_match",
    ),
}


def evaluated(spec: RunSpec, folder: Path, secret: str = "s") -> Evaluation:
    hidden = Hidden(spec, secret)
    events = list(train(spec, run_dir=folder, data=hidden.data, report=hidden.report))
    assert not isinstance(events[-1], Failed), events[-1]
    (found,) = [event for event in events if isinstance(event, Evaluation) and event.slice == "hidden"]
    return found


@pytest.mark.parametrize("name", TASKS)
def test_a_graded_run_ends_with_figures_of_the_hidden_set_and_nothing_else(name: str, tmp_path: Path) -> None:
    values, measure = TASKS[name]
    found = evaluated(RunSpec.parse(TINY | values), tmp_path / "run")
    assert found.detail == {}
    assert measure in found.measures
    assert set(found.measures[measure]) == {"value", "low", "high", "n"}


def test_what_is_withheld_does_not_train(tmp_path: Path) -> None:
    text = corpus_text("python-docs")
    rest, out = withheld(text, "secret")
    assert len(rest) + len(out) == len(text)
    assert 0.03 * len(text) < len(out) < 0.07 * len(text)
    assert set(rest) == set(text)
    block = out[:800]
    assert block in text
    assert block not in rest


def test_another_secret_withholds_something_else_and_the_same_one_the_same() -> None:
    text = corpus_text("python-docs")
    assert withheld(text, "a") == withheld(text, "a")
    assert withheld(text, "a")[1] != withheld(text, "b")[1]


@pytest.mark.parametrize("text", ["", "x", "x" * 5000, "one line\n" * 300, "长" * 3000])
def test_texts_of_any_shape_keep_every_character(text: str) -> None:
    rest, out = withheld(text, "s")
    assert sorted(rest + out) == sorted(text)
    assert set(rest) == set(text)
