from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.__main__ import main
from trainer.events import Point, parse
from trainer.tests.factories import tiny_text

OPTIONS = ["--n-layers", "1", "--d-model", "16", "--context", "16", "--batch", "4", "--tokens", "1920"]
OPTIONS += ["--prompts", "The", "a"]


def write_text(folder: Path) -> Path:
    path = folder / "words.txt"
    path.write_text(tiny_text(), encoding="utf-8")
    return path


def test_train_resume_and_sample_as_a_person_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, out = write_text(tmp_path), tmp_path / "run"
    train = ["train", "--text", str(text), "--out", str(out), *OPTIONS]
    assert main([*train, "--max-seconds", "0"]) == 1
    assert "out of time" in capsys.readouterr().out
    assert main(train) == 0
    report = capsys.readouterr().out
    assert "held-out loss" in report
    assert "n-gram baseline (order 3)" in report
    events = [parse(line) for line in (out / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [event.step for event in events if isinstance(event, Point)] == list(range(1, 31))
    recipe = json.loads((out / "spec.json").read_text(encoding="utf-8"))
    assert recipe.keys() == {"spec", "threads", "seed", "torch", "data_hash", "identity"}
    assert recipe["spec"]["corpus"] == f"sha256:{recipe['data_hash']}"
    assert main(["sample", str(out), "--prompt", "The 中", "--max-tokens", "20", "--top-k", "5", "--top-p", "0.9"]) == 0
    written = capsys.readouterr()
    assert written.out.startswith("The 中")
    assert "'中'" in written.err


def test_a_resumed_run_tells_each_step_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = ["train", "--text", str(write_text(tmp_path)), "--out", str(tmp_path / "run"), *OPTIONS]
    main(train)
    newest = max((tmp_path / "run").glob("checkpoint-*"))
    newest.unlink()  # as if killed before the last one
    assert main(train) == 0
    lines = (tmp_path / "run" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert [event.step for event in map(parse, lines) if isinstance(event, Point)] == list(range(1, 31))
    assert "resuming at step 20" in capsys.readouterr().out


def test_every_bad_option_is_named_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = ["--n-layers", "x", "--d-model", "3", "--learning-rate", "nan", "--optimizer", "newton", "--corpus", "none"]
    with pytest.raises(SystemExit) as caught:
        main(["train", "--out", str(tmp_path / "run"), *bad])
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert all(option in message for option in bad[::2])
    assert not (tmp_path / "run").exists()


def test_a_folder_of_another_recipe_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = ["train", "--text", str(write_text(tmp_path)), "--out", str(tmp_path / "run"), *OPTIONS]
    main(train)
    with pytest.raises(SystemExit) as caught:
        main([*train, "--seed", "7"])
    assert caught.value.code == 2
    assert "other: seed" in capsys.readouterr().err


@pytest.mark.parametrize("data", [b"", b"\x00" * 2000, b"short"])
def test_a_bad_text_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.txt").write_bytes(data)
    with pytest.raises(SystemExit) as caught:
        main(["train", "--text", str(tmp_path / "bad.txt"), "--out", str(tmp_path / "run")])
    assert caught.value.code == 2


def test_a_missing_file_and_a_missing_model_are_refused(tmp_path: Path) -> None:
    for command in (["train", "--text", "nowhere.txt", "--out", str(tmp_path / "run")], ["sample", str(tmp_path)]):
        with pytest.raises(SystemExit) as caught:
            main(command)
        assert caught.value.code == 2


@pytest.mark.slow
def test_an_interrupted_process_keeps_a_checkpoint(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trainer", "train", "--out", str(tmp_path / "run")]
    process = subprocess.Popen([*command, "--tokens", "4000000"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("step"):
            os.kill(process.pid, signal.SIGINT)
            break
    rest = process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=30) == 130
    assert "interrupted" in rest
    assert list((tmp_path / "run").glob("checkpoint-*"))
