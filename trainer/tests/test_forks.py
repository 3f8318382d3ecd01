from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trainer import forks
from trainer.checkpoint import load_curve
from trainer.events import Event, Finished, Started
from trainer.forks import Fork
from trainer.loop import train
from trainer.spec import RunSpec, SpecError
from trainer.tests.factories import losses, stop_after, tiny_spec, tiny_text

MORE = {"tokens": 64 * 50}


def made(folder: Path, spec: RunSpec, **more: Any) -> list[Event]:
    return list(train(spec, run_dir=folder, data=tiny_text(), keep_snapshots=True, **more))


def forked(folder: Path, spec: RunSpec, *, parent: Path, old: RunSpec, step: int, **more: Any) -> list[Event]:
    return made(folder, spec, fork=Fork(run_dir=parent, spec=old, step=step), **more)


def all_losses(folder: Path) -> list[float]:
    return [event["loss"] for event in load_curve(folder)["events"] if event["kind"] == "point"]


@pytest.mark.parametrize("optimizer", ["muon", "adamw", "momentum", "sgd"])
def test_continuing_at_a_constant_rate_is_the_longer_run(tmp_path: Path, optimizer: str) -> None:
    spec = tiny_spec(schedule="constant", optimizer=optimizer, learning_rate=0.01, dropout=0.1)
    longer = RunSpec.parse(spec.to_dict() | MORE)
    made(tmp_path / "short", spec)
    made(tmp_path / "long", longer)
    events = forked(tmp_path / "on", longer, parent=tmp_path / "short", old=spec, step=30)
    assert all_losses(tmp_path / "on") == all_losses(tmp_path / "long")
    assert isinstance(events[0], Started)
    assert events[0].step == 30
    assert isinstance(events[-1], Finished)
    weights = "model/weights.safetensors"
    assert (tmp_path / "on" / weights).read_bytes() == (tmp_path / "long" / weights).read_bytes()


def test_under_a_falling_rate_the_longer_run_is_another(tmp_path: Path) -> None:
    spec = tiny_spec(schedule="linear")
    longer = RunSpec.parse(spec.to_dict() | MORE)
    made(tmp_path / "short", spec)
    made(tmp_path / "long", longer)
    forked(tmp_path / "on", longer, parent=tmp_path / "short", old=spec, step=30)
    assert all_losses(tmp_path / "on")[:30] == all_losses(tmp_path / "short")
    assert all_losses(tmp_path / "on") != all_losses(tmp_path / "long")


def test_a_fork_that_changes_nothing_is_its_parent(tmp_path: Path) -> None:
    spec = tiny_spec()
    made(tmp_path / "parent", spec)
    for step in (10, 20):
        forked(tmp_path / f"at{step}", spec, parent=tmp_path / "parent", old=spec, step=step)
        assert all_losses(tmp_path / f"at{step}") == all_losses(tmp_path / "parent")


def test_a_changed_rate_shows_after_the_fork_and_not_before(tmp_path: Path) -> None:
    spec, other = tiny_spec(), tiny_spec(learning_rate=0.001)
    made(tmp_path / "parent", spec)
    events = forked(tmp_path / "fork", other, parent=tmp_path / "parent", old=spec, step=20)
    before, after = all_losses(tmp_path / "parent"), all_losses(tmp_path / "fork")
    assert before[:21] == after[:21]  # the first loss after the fork is of the same weights
    assert before[21:] != after[21:]
    assert isinstance(events[0], Started)
    assert events[0].identity != load_identity(tmp_path / "parent")


def load_identity(folder: Path) -> str:
    found = forks.load(Fork(run_dir=folder, spec=tiny_spec(), step=30))
    return found.identity


def test_an_interrupted_fork_goes_on_from_its_own_checkpoint(tmp_path: Path) -> None:
    spec, other = tiny_spec(), tiny_spec(learning_rate=0.003)
    made(tmp_path / "parent", spec)
    asked: dict[str, Any] = {"parent": tmp_path / "parent", "old": spec, "step": 10}
    forked(tmp_path / "whole", other, **asked)
    forked(tmp_path / "broken", other, **asked, stop=stop_after(5))
    again = forked(tmp_path / "broken", other, **asked)
    assert isinstance(again[0], Started)
    assert again[0].step > 10
    assert losses(again)
    assert all_losses(tmp_path / "broken") == all_losses(tmp_path / "whole")


def test_a_fork_of_a_fork_goes_on_from_where_that_was(tmp_path: Path) -> None:
    spec, other = tiny_spec(), tiny_spec(learning_rate=0.003)
    made(tmp_path / "a", spec)
    forked(tmp_path / "b", other, parent=tmp_path / "a", old=spec, step=10)
    forked(tmp_path / "c", other, parent=tmp_path / "b", old=other, step=20)
    assert all_losses(tmp_path / "c") == all_losses(tmp_path / "b")


def test_what_a_fork_cannot_change_is_named(tmp_path: Path) -> None:
    spec = tiny_spec()
    with pytest.raises(SpecError) as raised:
        forked(tmp_path / "fork", tiny_spec(d_model=32, seed=2, tokens=64 * 16), parent=tmp_path, old=spec, step=20)
    found = {name: code for name, (code, _) in raised.value.errors.items()}
    assert found == {"d_model": "not_in_a_fork", "seed": "not_in_a_fork", "tokens": "ends_before_fork"}
    assert not (tmp_path / "fork").exists()


def test_a_step_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    spec = tiny_spec()
    with pytest.raises(SpecError, match="no_checkpoint"):
        forked(tmp_path / "fork", spec, parent=tmp_path, old=spec, step=20)


def test_large_checkpoints_are_kept_as_far_as_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "all", tiny_spec())
    kept = sorted((tmp_path / "all" / forks.FOLDER).iterdir())
    assert [path.name for path in kept] == [f"checkpoint-{step:06d}.safetensors" for step in (10, 20, 30)]
    monkeypatch.setattr(forks, "KEPT_BYTES", int(2.5 * kept[-1].stat().st_size))
    made(tmp_path / "few", tiny_spec())
    assert [path.name for path in (tmp_path / "few" / forks.FOLDER).iterdir()] == ["checkpoint-000020.safetensors"]
