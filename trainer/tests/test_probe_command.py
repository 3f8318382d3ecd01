from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from trainer import snapshots
from trainer.corpora import Data
from trainer.folder import load_model
from trainer.loop import train
from trainer.probe.attention import look
from trainer.probe.command import QUESTIONS, add_arguments, run
from trainer.probe.reading import read
from trainer.probe.subject import ProbeError, load, load_running
from trainer.starting import base_hash
from trainer.tasks.prepare import prepare
from trainer.tests.probe_factories import subject
from trainer.tests.task_factories import task_data, task_spec
from trainer.tokenizer import fit

TEXTS = {
    "language": "The cat saw",
    "masked": "The ▢at",
    "embed": "cat",
    "classify": "good tea",
    "tag": "Ada met Bo",
    "sequence": "abc",
}
RUNS = [
    ("language", "gpt"),
    ("language", "lstm"),
    ("masked", "encoder"),
    ("embed", "skipgram"),
    ("classify", "bag"),
    ("classify", "encoder"),
    ("tag", "encoder"),
    ("sequence", "gpt"),
    ("sequence", "seq2seq"),
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """A finished run of each kind, with snapshots."""
    folder = tmp_path_factory.mktemp("runs")
    made = {}
    for task, family in RUNS:
        made[task, family] = folder / f"{task}-{family}"
        spec = task_spec(task, family)
        list(train(spec, run_dir=made[task, family], data=task_data(task), keep_snapshots=True))
    return made


def ask(folder: Path, *arguments: str, data: Data | None = None) -> str:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(folder), *arguments]), data)


@pytest.mark.parametrize(("task", "family"), RUNS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_has_an_answer_or_a_reason_for_every_model(
    runs: dict[tuple[str, str], Path], task: str, family: str, question: str
) -> None:
    folder, data = runs[task, family], task_data(task)
    arguments = [question, "--text", TEXTS[task], "--units", "4"]
    if reason := no_answer(question, task, family):
        with pytest.raises(ProbeError, match=reason):
            ask(folder, *arguments, data=data)
        return
    assert ask(folder, *arguments, data=data).strip()
    assert isinstance(json.loads(ask(folder, *arguments, "--json", data=data)), dict)


def no_answer(question: str, task: str, family: str) -> str:
    """Why a question has none, by the code of its refusal; empty where it has one."""
    if question == "purity":
        return "too_short"  # the words here are not the corpus's
    if question in ("lens", "gradients") and family in ("skipgram", "bag"):
        return "no_layers"
    if (question == "alignment" and family != "seq2seq") or (question == "induction" and family != "gpt"):
        return "no_attention"
    if question in ("attention", "ablation") and family not in ("gpt", "encoder", "seq2seq"):
        return "no_attention"
    unasked = {"next": ("embed",), "surprise": ("embed", "classify", "tag")}
    return "not_about_text" if task in unasked.get(question, ()) else ""


def test_a_snapshot_is_the_model_of_its_step(runs: dict[tuple[str, str], Path]) -> None:
    folder = runs["language", "gpt"]
    steps = snapshots.steps(folder)
    assert steps == [10, 20, 30]
    last, early, final = load(folder, 30), load(folder, 10), load(folder)
    ids = torch.tensor([[1, 2, 3]])
    # In half precision.
    torch.testing.assert_close(last.model(ids), final.model(ids), rtol=1e-2, atol=1e-2)
    assert (early.model(ids) - final.model(ids)).abs().max() > 0.05
    plain, _ = load_model(folder / "model")
    assert torch.equal(final.model(ids), plain(ids))
    assert ask(folder, "next", "--text", "The", "--step", "10") != ask(folder, "next", "--text", "The")
    with pytest.raises(ProbeError) as error:
        load(folder, 11)
    assert error.value.params == {"step": 11, "steps": [10, 20, 30]}


def test_a_snapshot_of_a_running_run_needs_no_finished_model(runs: dict[tuple[str, str], Path], tmp_path: Path) -> None:
    folder = runs["classify", "encoder"]
    task = prepare(task_spec("classify", "encoder"), task_data("classify"))
    (tmp_path / "snapshots").symlink_to(folder / "snapshots")
    running = load_running(task, tmp_path, 20)
    finished = load(folder, 20)
    assert (running.labels, running.task) == (finished.labels, finished.task) == (("+", "-"), "classify")
    assert torch.equal(running.model(torch.tensor([[1, 2]])), finished.model(torch.tensor([[1, 2]])))
    with pytest.raises(ProbeError, match="no_model"):
        load(tmp_path)


def test_a_snapshot_of_low_rank_tuning_is_merged(runs: dict[tuple[str, str], Path], tmp_path: Path) -> None:
    base = runs["language", "gpt"] / "model"
    changes: dict[str, Any] = {"tuning": "lora", "base": base_hash(base), "lora_rank": 2}
    spec = task_spec("language", "gpt", **changes)
    list(train(spec, run_dir=tmp_path, data=task_data("language"), base=base, keep_snapshots=True))
    last, final = load(tmp_path, 30), load(tmp_path)
    assert last.model.state_dict().keys() == final.model.state_dict().keys()
    torch.testing.assert_close(
        last.model(torch.tensor([[1, 2, 3]])), final.model(torch.tensor([[1, 2, 3]])), rtol=1e-2, atol=2e-2
    )


def test_a_text_is_asked_for_where_one_is_needed(runs: dict[tuple[str, str], Path]) -> None:
    with pytest.raises(ProbeError) as error:
        ask(runs["language", "gpt"], "next")
    assert (error.value.code, error.value.params) == ("needed", {"field": "text"})


def test_sampling_switches_show_in_the_table(runs: dict[tuple[str, str], Path]) -> None:
    lines = ask(runs["language", "gpt"], "next", "--text", "The", "--top-k", "1", "--count", "3").splitlines()
    assert [line.split()[-1] for line in lines[2:5]] == ["1.0000", "0.0000", "0.0000"]


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match="no_model"):
        ask(tmp_path, "next", "--text", "The")


def test_words_are_hidden_where_they_stand_and_keep_their_spaces() -> None:
    asked = subject("encoder", context=20)
    tokenizer = fit("words", "the cat sat, then it ran .", vocab_size=40)
    words = type(asked)(model=asked.model, tokenizer=tokenizer, task="masked")
    reading = read(words, "the ▢ sat, then ▢.")
    assert reading.names == ("the", "⟨mask⟩", "sat", "￭,", "then", "⟨mask⟩", "<unk>")
    assert reading.unknown == (".",)
    assert reading.truth[1] is None
    plain = read(words, "the cat sat, then it")
    assert "⟨mask⟩" not in plain.names


def test_the_mask_is_a_character_where_nothing_is_hidden() -> None:
    reading = read(subject(), "ab▢")
    assert reading.unknown == ("▢",)
    assert reading.names == ("a", "b")


def test_tagged_words_are_read_one_by_one() -> None:
    reading = read(subject("encoder", task="tag", labels=("O", "B")), "ab xyz c")
    assert reading.names == ("a", "b", "⟨separator⟩", "c")


def test_a_decoder_reads_source_and_target_in_one_row_and_cuts_it_at_the_front() -> None:
    asked = subject(task="sequence")
    reading = read(asked, "abc", "hg")
    assert reading.names == ("a", "b", "c", "⟨separator⟩", "h", "g")
    known = [None if token is None else asked.token_name(token) for token in reading.truth]
    assert known == [None, None, None, "h", "g", "⟨end⟩"]
    long = read(asked, "abcdefgh" * 2, "hg")
    assert (len(long.names), long.left_out, long.names[-2:]) == (12, 7, ("h", "g"))
    own = read(asked, "abcdefgh" * 2)
    assert own.length <= 12
    assert len(look(asked, "abc").tokens) >= 4
