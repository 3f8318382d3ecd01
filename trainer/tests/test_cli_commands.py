"""Each command of `python -m trainer`, as a person would use it on data of every kind."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from trainer.__main__ import main
from trainer.cli.fields import field_docs
from trainer.corpora import CORPORA
from trainer.spec import RunSpec
from trainer.tests.factories import tiny_text

SMALL = ["--n-layers", "1", "--d-model", "16", "--context", "32", "--batch", "4", "--tokens", "2560"]


def labelled_rows(count: int = 60) -> list[tuple[str, str]]:
    return [(f"{('good', 'bad')[i % 2]} tea number {i}", ("+", "-")[i % 2]) for i in range(count)]


def write_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command says that cannot be done."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of each task, named by it."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "words.txt").write_text(tiny_text(), encoding="utf-8")
    text = ["--text", str(folder / "words.txt")]
    table = ["--data", str(write_csv(folder / "reviews.csv", ("text", "label"), labelled_rows()))]
    for task, data in {
        "language": text,
        "masked": [*text, "--task", "masked"],
        "embed": [*text, "--task", "embed"],
        "classify": table,
        "tag": ["--corpus", "entities", "--examples", "100"],
        "sequence": ["--corpus", "copy", "--examples", "100", "--option", "length=4"],
    }.items():
        assert main(["train", "--out", str(folder / task), *data, *SMALL]) == 0
    return folder


@pytest.mark.parametrize(
    ("task", "prompt", "said"),
    [
        ("language", "The cat", "The cat"),
        ("masked", "The c▢t", "The c["),
        ("embed", "cat", "near cat"),
        ("classify", "good tea", "+"),
        ("tag", "Anna met Bob", "met"),
        ("sequence", "a b", ""),
    ],
)
def test_a_model_of_each_task_does_what_it_learnt(
    runs: Path, capsys: pytest.CaptureFixture[str], task: str, prompt: str, said: str
) -> None:
    assert main(["sample", str(runs / task), "--prompt", prompt, "--max-tokens", "8"]) == 0
    assert said in capsys.readouterr().out


def test_a_sequence_model_writes_with_a_beam(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = []
    for width in ("1", "4"):
        assert main(["sample", str(runs / "sequence"), "--prompt", "a b", "--beam", width]) == 0
        written.append(capsys.readouterr().out)
    assert all(text.endswith("\n") for text in written)


@pytest.mark.parametrize("task", ["language", "masked", "embed", "classify", "tag", "sequence"])
def test_evaluate_repeats_the_run_s_own_loss_with_intervals(
    runs: Path, capsys: pytest.CaptureFixture[str], task: str
) -> None:
    data = {"classify": ["--data", str(runs / "reviews.csv")], "tag": [], "sequence": []}
    arguments = ["evaluate", str(runs / task), *data.get(task, ["--text", str(runs / "words.txt")])]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    recipe = json.loads((runs / task / "model" / "config.json").read_text(encoding="utf-8"))["recipe"]
    assert found["own_data"]
    assert found["loss"] == pytest.approx(recipe["held_out_loss"], abs=1e-6)
    for figure in found["slices"]["held_out"]["figures"].values():
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert main(arguments) == 0
    table = capsys.readouterr().out
    assert "its own held-out data" in table
    assert "95 % interval" in table


def test_evaluate_measures_on_other_data_too(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = write_csv(
        tmp_path / "other.csv", ("text", "label"), [(f"new {text}", label) for text, label in labelled_rows()]
    )
    assert main(["evaluate", str(runs / "classify"), "--data", str(other), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert not found["own_data"]
    assert found["slices"]["all"]["figures"]["accuracy"]["n"] == 60
    assert main(["evaluate", str(runs / "sequence"), "--corpus", "reverse", "--slice", "longest", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["slices"].keys() == {"longest"}


def test_evaluate_refuses_what_it_cannot_measure(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = write_csv(
        tmp_path / "strange.csv", ("text", "label"), [(text, label * 2) for text, label in labelled_rows()]
    )
    assert "++" in refused(capsys, "evaluate", str(runs / "classify"), "--data", str(strange))
    assert "not built in" in refused(capsys, "evaluate", str(runs / "classify"))
    assert "held_out" in refused(capsys, "evaluate", str(runs / "tag"), "--slice", "nothing")
    assert "must be one of" in refused(capsys, "evaluate", str(runs / "tag"), "--corpus", "moon")
    assert "pairs" in refused(capsys, "evaluate", str(runs / "tag"), "--corpus", "copy")
    assert "no model" in refused(capsys, "evaluate", str(tmp_path))


def test_a_pre_trained_model_is_fine_tuned_with_its_own_shape(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuned = [
        "train",
        "--out",
        str(tmp_path / "run"),
        "--data",
        str(runs / "reviews.csv"),
        "--tokens",
        "2560",
        "--batch",
        "4",
    ]
    assert main([*tuned, "--base", str(runs / "masked"), "--tuning", "lora"]) == 0
    said = capsys.readouterr().out
    assert "with encoder" in said
    assert "of them learn" in said
    spec = json.loads((tmp_path / "run" / "spec.json").read_text(encoding="utf-8"))["spec"]
    assert (spec["task"], spec["d_model"], spec["tokenizer"]) == ("classify", 16, "characters")
    message = refused(
        capsys, *tuned[:2], str(tmp_path / "b"), *tuned[3:], "--base", str(runs / "masked"), "--d-model", "32"
    )
    assert "--d-model 32: must be 16" in message
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--n-layers", "7", "--n-layers 7: must be from 1 to 6"),
        ("--batch", "many", "--batch many: must be a number"),
        ("--tokenizer", "letters", "--tokenizer letters: must be one of: characters, bytes, bpe, words"),
        ("--d-model", "18", "--d-model 18: must be a multiple of 4"),
        ("--tokens", "4000000", "more than 20,000 steps"),
        ("--base", "nowhere", "nowhere: no model"),
        ("--option", "length", "NAME=WHOLE NUMBER"),
        ("--option", "length=5", "no option length"),
        ("--max-seconds", "-1", "--max-seconds -1.0"),
        ("--corpus", "sha256:" + 64 * "0", "--text or --data"),
    ],
)
def test_a_wrong_field_is_named_with_its_value_and_its_range(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, expected: str
) -> None:
    extra = ["--batch", "1", "--context", "8"] if option == "--tokens" else []
    message = refused(capsys, "train", "--out", str(tmp_path / "run"), option, value, *extra)
    assert expected in message
    assert message.count("error: ") == 1
    assert not (tmp_path / "run").exists()


def test_data_that_cannot_be_used_are_refused_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def train(name: str, *options: str) -> str:
        message = refused(capsys, "train", "--out", str(tmp_path / "run"), *SMALL, *options)
        assert not (tmp_path / "run").exists(), name
        return message

    rows = labelled_rows()
    good = str(write_csv(tmp_path / "good.csv", ("text", "label"), rows))
    one = str(write_csv(tmp_path / "one.csv", ("text", "label"), [(text, "+") for text, _ in rows]))
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "short.txt").write_text("The quick brown fox. " * 60)
    letters = "".join(map(chr, range(0x4E00, 0x4E00 + 12_000)))
    (tmp_path / "letters.txt").write_text(letters)
    assert "no column mood; the columns are: text, label" in train("column", "--data", good, "--label-column", "mood")
    assert "all rows have one label (+)" in train("one class", "--data", one)
    assert "the file is empty" in train("empty", "--text", str(tmp_path / "empty.txt"))
    assert "at least" in train("short", "--text", str(tmp_path / "short.txt"), "--context", "256", "--tokens", "9999")
    assert "12,000 different characters; at most 10,000" in train("letters", "--text", str(tmp_path / "letters.txt"))
    assert "learns from tagged" in train("kind", "--data", good, "--task", "tag")
    assert "--corpus" in train("both", "--data", good, "--corpus", "reviews")


def test_the_sampling_options_have_bounds(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ["--max-tokens", "0", "--temperature", "-1", "--top-p", "2", "--beam", "0"]
    message = refused(capsys, "sample", str(runs / "language"), *wrong)
    assert all(option in message for option in wrong[::2])
    assert "--prompt" in refused(capsys, "sample", str(runs / "classify"))
    assert "▢" in refused(capsys, "sample", str(runs / "masked"), "--prompt", "no gap")


def test_corpora_are_listed_and_shown_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora"]) == 0
    table = capsys.readouterr().out
    assert all(name in table for name in CORPORA)
    assert main(["corpora", "recall", "--option", "distance=8"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("sha-256", "licence", "distance", "4 to 64", "→"))
    assert main(["corpora", "entities", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "tagged"
    assert "must be one of" in refused(capsys, "corpora", "moon")
    assert "--option distance=9999: must be from 4 to 64" in refused(
        capsys, "corpora", "recall", "--option", "distance=9999"
    )
    assert "no option depth" in refused(capsys, "corpora", "recall", "--option", "depth=1")


def test_probe_and_export_work_from_the_command_line(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", str(runs / "language"), "surprise", "--text", "The cat"]) == 0
    assert "bits in all" in capsys.readouterr().out
    assert (
        main(["probe", str(runs / "language"), "ablation", "--run-data", str(runs / "words.txt"), "--units", "2"]) == 0
    )
    assert "--text" in refused(capsys, "probe", str(runs / "language"), "surprise")
    assert main(["export", str(runs / "tag"), str(tmp_path / "out"), "--to", "safetensors"]) == 0
    assert (tmp_path / "out" / "weights.safetensors").exists()
    assert "already" in refused(capsys, "export", str(runs / "tag"), str(tmp_path / "out"))
    assert "not the data" in refused(
        capsys, "export", str(runs / "classify"), str(tmp_path / "b"), "--data", str(_other(tmp_path))
    )


def _other(folder: Path) -> Path:
    return write_csv(folder / "other.csv", ("text", "label"), labelled_rows(40))


def test_every_field_is_an_option_with_its_own_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    meanings = field_docs()
    assert meanings.keys() == {field.name for field in fields(RunSpec)}
    with pytest.raises(SystemExit) as caught:
        main(["train", "--help"])
    assert caught.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    for field in fields(RunSpec):
        option = "--" + {"options": "option"}.get(field.name, field.name.replace("_", "-"))
        assert option in shown
    assert "1 to 256" in shown


def test_a_lab_s_recipe_is_a_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny = ["--tokens", "2000", "--threads", "1"]
    assert main(["train", "--out", str(tmp_path / "a"), "--recipe", "families/lstm", *tiny]) == 0
    spec = json.loads((tmp_path / "a" / "spec.json").read_text(encoding="utf-8"))["spec"]
    assert (spec["family"], spec["corpus"], spec["tokens"]) == ("lstm", "recall", 2000)
    assert main(["train", "--out", str(tmp_path / "b"), "--recipe", "evaluation", *tiny]) == 0
    assert "finished" in capsys.readouterr().out
    for recipe, words in {"nothing": "must be one of", "families/nothing": "rnn"}.items():
        assert words in refused(capsys, "train", "--out", str(tmp_path / "c"), "--recipe", recipe)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown: Any = capsys.readouterr().out
    assert all(name in shown for name in ("train", "evaluate", "sample", "probe", "export", "corpora"))
