from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trainer import checkpoint
from trainer.checkpoint import Arrays, Saved, load, load_curve, save, write_whole
from trainer.curve import Curve
from trainer.events import Point
from trainer.tests.factories import run, stop_after, without_clock


def saved(step: int, *, identity: str = "a") -> Saved:
    curve = Curve(64)
    for number in range(1, step + 1):
        curve.add(Point(step=number, tokens=64 * number, seconds=number / 3, loss=4.0, rate=0.1, grad_norm=1.0))
    tensors: Arrays = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "rng": np.arange(9, dtype=np.uint8)}
    return Saved(identity=identity, step=step, seconds=step / 3, curve=curve, tensors=tensors)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    assert load(tmp_path) is None
    name = save(tmp_path, saved(4))
    assert (tmp_path / name).exists()
    loaded = load(tmp_path)
    assert loaded is not None
    assert (loaded.identity, loaded.step, loaded.seconds) == ("a", 4, 4 / 3)
    assert loaded.curve.events() == saved(4).curve.events()
    assert {key: value.tolist() for key, value in loaded.tensors.items()} == {
        "w": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]],
        "rng": list(range(9)),
    }


def test_the_last_two_are_kept_and_nothing_else_is_left(tmp_path: Path) -> None:
    names = [save(tmp_path, saved(step)) for step in (1, 2, 30)]
    assert sorted(path.name for path in tmp_path.iterdir()) == names[1:]


def test_files_of_later_steps_were_unusable_and_go(tmp_path: Path) -> None:
    save(tmp_path, saved(5))
    broken = tmp_path / save(tmp_path, saved(9))
    broken.write_bytes(broken.read_bytes()[:-1])
    loaded = load(tmp_path)
    assert loaded is not None
    assert loaded.step == 5
    save(tmp_path, saved(7))
    assert not broken.exists()
    assert len(list(tmp_path.iterdir())) == 2


def test_only_the_identity_asked_for_is_loaded(tmp_path: Path) -> None:
    save(tmp_path, saved(5))
    save(tmp_path, saved(9, identity="b"))
    loaded = load(tmp_path, identity="a")
    assert loaded is not None
    assert loaded.step == 5
    assert load(tmp_path, identity="c") is None


@pytest.mark.parametrize("keep", [0, 7, 8, 100, -1])
def test_every_truncation_is_noticed(tmp_path: Path, keep: int) -> None:
    path = tmp_path / save(tmp_path, saved(3))
    path.write_bytes(path.read_bytes()[:keep])
    assert load(tmp_path) is None


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / save(tmp_path, saved(3))
    data = path.read_bytes()
    for at in range(0, len(data), 5):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        loaded = load(tmp_path)
        # Some bytes are white space or names in the header; what is loaded all the same must be what was saved.
        assert loaded is None or (loaded.step, loaded.tensors["w"].sum()) == (3, 15.0)


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "folder", b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_load_curve_tells_the_whole_curve(tmp_path: Path) -> None:
    assert load_curve(tmp_path / "run") == {"step": 0, "seconds": 0.0, "events": []}
    events = run(tmp_path / "run", stop=stop_after(25))
    curve = load_curve(tmp_path / "run")
    assert curve["step"] == 24 - len([event for event in events if event.kind == "held_out"])
    told = [{name: value for name, value in event.items() if name != "seconds"} for event in curve["events"]]
    expected = without_clock(events)
    assert sorted(told, key=json.dumps) == sorted(expected, key=json.dumps)


def test_reading_a_curve_needs_no_torch() -> None:
    code = f"import sys; import {checkpoint.__name__}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_the_web_imports_is_standard_library_alone() -> None:
    code = (
        "import sys; before = set(sys.modules); import trainer.spec, trainer.events, trainer.corpora, trainer.curve;"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before} - {'trainer'};"
        "print(*sorted(new - sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
