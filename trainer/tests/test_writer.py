"""One answer of a finished model, as events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from trainer.folder import load_model, save_model
from trainer.models.registry import build
from trainer.sample import generate
from trainer.spec import RunSpec
from trainer.tasks.base import Task
from trainer.tasks.prepare import prepare
from trainer.tasks.sequence import SequenceTask
from trainer.tests.factories import enliven
from trainer.tests.task_factories import task_data, task_spec
from trainer.writer import StopText, write

ASKED: dict[str, Any] = {"max_tokens": 12, "temperature": 1.0, "seed": 3}


def saved(folder: Path, spec: RunSpec) -> Task:
    """A model of random weights as a run leaves it."""
    task = prepare(spec, task_data(spec.task))
    model = build(task.config, torch.Generator().manual_seed(1))
    enliven(model)
    save_model(folder / "model", model, task.tokenizer, {"spec": spec.to_dict()})
    return task


def text_of(events: list[dict[str, Any]]) -> str:
    return "".join(event["text"] for event in events if event["kind"] == "text")


@pytest.mark.parametrize("family", ["gpt", "lstm"])
def test_a_language_model_goes_on_as_generate_does(tmp_path: Path, family: str) -> None:
    saved(tmp_path, task_spec("language", family))
    events = list(write(tmp_path / "model", "The ", **ASKED))
    model, tokenizer = load_model(tmp_path / "model")
    assert text_of(events) == "".join(generate(model, tokenizer, "The ", **ASKED))
    assert events[0] == {"kind": "prompt", "tokens": 4}
    assert events[-1] == {"kind": "end", "tokens": 12, "finish": "length"}


@pytest.mark.parametrize("family", ["gpt", "lstm", "seq2seq"])
@pytest.mark.parametrize("source", ["abc", "", "abcD" * 20])
def test_a_sequence_model_writes_the_target_that_its_task_writes(tmp_path: Path, family: str, source: str) -> None:
    task = saved(tmp_path, task_spec("sequence", family))
    assert isinstance(task, SequenceTask)
    events = list(write(tmp_path / "model", source, **ASKED | {"temperature": 0.0}))
    model, _ = load_model(tmp_path / "model")
    assert [text_of(events)] == task.written(model, [source], max_tokens=12)
    assert events[0]["tokens"] == len(task.source_ids(source)), "the separator counts"
    assert events[-1]["tokens"] <= 12


def test_a_target_that_ends_by_itself_says_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = saved(tmp_path, task_spec("sequence", "gpt"))
    assert isinstance(task, SequenceTask)
    ends = iter([0, 1, task.specials.end])
    monkeypatch.setattr("trainer.writer.chooser", lambda **_: lambda _logits: torch.tensor([next(ends)]))
    events = list(write(tmp_path / "model", "ab", **ASKED))
    assert events[-1] == {"kind": "end", "tokens": 2, "finish": "stop"}
    assert text_of(events) == task.tokenizer.decode([0, 1])


def test_a_stop_string_ends_the_text_before_it(tmp_path: Path) -> None:
    saved(tmp_path, task_spec("language", "gpt"))
    whole = text_of(list(write(tmp_path / "model", "The ", **ASKED)))
    stop = whole[4:6]
    events = list(write(tmp_path / "model", "The ", **ASKED, stop=[stop]))
    assert text_of(events) == whole[: whole.index(stop)]
    assert events[-1] == {"kind": "end", "tokens": whole.index(stop) + 2, "finish": "stop"}


def test_a_model_that_writes_no_text_is_refused(tmp_path: Path) -> None:
    saved(tmp_path, task_spec("classify", "bag"))
    with pytest.raises(ValueError, match="classify"):
        list(write(tmp_path / "model", "fine", **ASKED))
    with pytest.raises(FileNotFoundError):
        list(write(tmp_path / "nothing", "fine", **ASKED))


@pytest.mark.parametrize(
    ("pieces", "stops", "passed", "stopped"),
    [
        (["a", "b", "c"], [], ["a", "b", "c"], False),
        (["a", "b", "c"], ["bc"], ["a", "", ""], True),
        (["a", "b", "d"], ["bc"], ["a", "", "bd"], False),
        (["x\nU", "ser", ": y"], ["\nUser:"], ["x", "", ""], True),
        (["aab", "aab"], ["aabaac"], ["", "aab"], False),
        (["one two"], ["two", "one"], [""], True),
    ],
)
def test_what_may_begin_a_stop_is_held_back(
    pieces: list[str], stops: list[str], passed: list[str], stopped: bool
) -> None:
    text = StopText(stops)
    assert [text.add(piece) for piece in pieces] == passed
    assert text.stopped is stopped
    if not stopped:
        assert "".join(passed) + text.rest() == "".join(pieces)
