from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from trainer import checkpoint
from trainer.corpora import text_hash
from trainer.events import Baseline, Checkpoint, Event, Failed, Finished, HeldOut, Point, Sample, Started
from trainer.loop import is_out_of_memory, train
from trainer.sample import generate, load_model
from trainer.spec import SpecError
from trainer.tests.factories import losses, run, stop_after, tiny_spec, tiny_text, without_clock


def last(events: list[Event]) -> Failed:
    assert isinstance(events[-1], Failed)
    return events[-1]


def test_events_come_in_their_order(tmp_path: Path) -> None:
    kinds = [event.kind for event in run(tmp_path / "run")]
    checkpoint = ["held_out", "sample", "sample", "checkpoint"]
    points = [*["point"] * 10, "layers"]
    assert kinds == [
        "started",
        *points,
        "baseline",
        *checkpoint,
        *points,
        *checkpoint,
        *points,
        *checkpoint,
        "finished",
    ]


def test_started_and_finished_say_what_was_trained(tmp_path: Path) -> None:
    spec, text = tiny_spec(), tiny_text()
    events = run(tmp_path / "run", spec, data=text)
    started, finished = events[0], events[-1]
    assert isinstance(started, Started)
    assert isinstance(finished, Finished)
    assert (started.step, started.steps, started.tokens_per_step) == (0, 30, 64)
    assert started.params == spec.parameter_count(len(set(text)))
    assert (started.train_tokens, started.held_out_tokens) == (2700, 300)
    assert started.data_hash == text_hash(text)
    held_out = [event for event in events if isinstance(event, HeldOut)]
    assert held_out[-1].windows == 299 // 16
    assert finished.loss == held_out[-1].loss
    assert finished.perplexity == pytest.approx(math.exp(finished.loss))
    assert finished.bits_per_byte == pytest.approx(finished.loss / math.log(2))
    (baseline,) = [event for event in events if isinstance(event, Baseline)]
    assert baseline.loss is not None
    assert 0 < baseline.loss < 2


def test_it_learns(tmp_path: Path) -> None:
    first, *_, final = losses(run(tmp_path / "run"))
    assert first == pytest.approx(math.log(len(set(tiny_text()))), abs=1e-5)
    assert final < first - 0.5


@pytest.mark.parametrize("changes", [{}, {"optimizer": "adamw", "learning_rate": 0.003}, {"dropout": 0.2}])
def test_the_same_spec_gives_the_same_losses_to_the_last_bit(tmp_path: Path, changes: dict[str, str | float]) -> None:
    first, second = (run(tmp_path / name, tiny_spec(**changes)) for name in "ab")
    assert without_clock(first) == without_clock(second)
    assert losses(first) != losses(run(tmp_path / "c", tiny_spec(seed=2, **changes)))


def test_the_callers_random_numbers_change_nothing(tmp_path: Path) -> None:
    undisturbed = losses(run(tmp_path / "a", tiny_spec(dropout=0.1)))
    disturbed = []
    for event in train(tiny_spec(dropout=0.1), run_dir=tmp_path / "b", data=tiny_text()):
        torch.randn(7)
        disturbed.append(event)
    assert losses(disturbed) == undisturbed


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "adamw", "learning_rate": 0.003, "schedule": "cosine", "warmup": 5, "clip": 0.5},
        {"dropout": 0.2, "tokenizer": "bpe", "vocab_size": 300, "weight_decay": 0.01},
    ],
)
def test_a_run_stopped_anywhere_resumes_to_the_same_curve(tmp_path: Path, changes: dict[str, str | float]) -> None:
    spec = tiny_spec(**changes)
    undisturbed = run(tmp_path / "a", spec)
    parts: list[Event] = []
    for calls in (1, 5, 8, 9, 3):
        attempt = run(tmp_path / "b", spec, stop=stop_after(calls))
        assert [event.kind for event in attempt[-2:]] == ["checkpoint", "failed"]
        assert last(attempt).ending == "interrupted"
        parts += attempt
    parts += run(tmp_path / "b", spec)
    starts = [event.step for event in parts if isinstance(event, Started)]
    assert starts == sorted(starts)
    assert without_clock(parts) == without_clock(undisturbed)


def test_a_killed_run_resumes_from_its_checkpoint_to_the_same_curve(tmp_path: Path) -> None:
    undisturbed = without_clock(run(tmp_path / "a"))
    killed: list[Event] = []
    for event in train(tiny_spec(), run_dir=tmp_path / "b", data=tiny_text()):
        killed.append(event)
        if isinstance(event, Point) and event.step == 17:
            break
    resumed = run(tmp_path / "b")
    assert isinstance(resumed[0], Started)
    assert resumed[0].step == 10
    before = [event for event in without_clock(killed) if event["kind"] == "baseline" or event["step"] <= 10]
    assert before + without_clock(resumed) == undisturbed


def test_the_clock_goes_on_where_the_checkpoint_left_it(tmp_path: Path) -> None:
    first = run(tmp_path / "run", stop=stop_after(15))
    seconds = [event.seconds for event in first + run(tmp_path / "run") if isinstance(event, Point)]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("harm", ["truncated", "flipped", "emptied", "foreign"])
def test_a_harmed_checkpoint_is_passed_over_for_the_one_before(tmp_path: Path, harm: str) -> None:
    undisturbed = losses(run(tmp_path / "a"))
    run(tmp_path / "b", stop=stop_after(25))
    newest = max(tmp_path.glob("b/checkpoint-*"))
    data = bytearray(newest.read_bytes())
    if harm == "flipped":
        data[-100] ^= 1
    harmed: dict[str, bytes] = {
        "truncated": bytes(data[:-10]),
        "flipped": bytes(data),
        "emptied": b"",
        "foreign": b"\x80\x04\x95 a pickle",
    }
    newest.write_bytes(harmed[harm])
    resumed = run(tmp_path / "b")
    assert isinstance(resumed[0], Started)
    assert resumed[0].step == 20
    assert losses(resumed) == undisturbed[20:]


def test_without_a_sound_checkpoint_it_starts_again(tmp_path: Path) -> None:
    undisturbed = losses(run(tmp_path / "a"))
    run(tmp_path / "b", stop=stop_after(25))
    for path in tmp_path.glob("b/checkpoint-*"):
        path.write_bytes(b"not a checkpoint")
    assert losses(run(tmp_path / "b")) == undisturbed


def test_a_checkpoint_of_another_recipe_is_not_resumed(tmp_path: Path) -> None:
    run(tmp_path / "run", tiny_spec(seed=2), stop=stop_after(15))
    assert len(losses(run(tmp_path / "run"))) == 30


def test_a_finished_run_asked_again_only_says_so(tmp_path: Path) -> None:
    first = run(tmp_path / "run")
    again = run(tmp_path / "run")
    assert [event.kind for event in again] == ["started", "finished"]
    assert isinstance(again[-1], Finished)
    assert isinstance(first[-1], Finished)
    assert again[-1].loss == first[-1].loss


def test_two_checkpoints_are_kept(tmp_path: Path) -> None:
    events = run(tmp_path / "run")
    paths = [event.path for event in events if isinstance(event, Checkpoint)]
    assert sorted(path.name for path in (tmp_path / "run").glob("*checkpoint*")) == paths[-2:]


def test_a_stop_during_the_evaluation_is_heard(tmp_path: Path) -> None:
    undisturbed = run(tmp_path / "a")
    # Asked once before each of ten steps; the next time is within the evaluation of step 10.
    attempt = run(tmp_path / "b", stop=stop_after(11))
    assert [event.kind for event in attempt[-3:]] == ["baseline", "checkpoint", "failed"]
    assert last(attempt).step == 10
    assert without_clock(attempt + run(tmp_path / "b")) == without_clock(undisturbed)


def test_time_runs_out_with_a_checkpoint_and_earlier_attempts_count(tmp_path: Path) -> None:
    spec = tiny_spec()
    attempt = run(tmp_path / "run", spec, max_seconds=0.0)
    assert [event.kind for event in attempt] == ["started", "checkpoint", "failed"]
    assert last(attempt).ending == "out_of_time"
    assert last(attempt).detail["steps"] == 30
    stopped = run(tmp_path / "run", spec, stop=stop_after(25))
    used = [event.seconds for event in stopped if isinstance(event, Point)][-1]
    assert last(run(tmp_path / "run", spec, max_seconds=used)).ending == "out_of_time"
    assert run(tmp_path / "run", spec)[-1].kind == "finished"


@pytest.mark.parametrize("changes", [{"learning_rate": 10.0}, {"optimizer": "adamw", "learning_rate": 10.0}])
def test_an_exploding_loss_ends_as_diverged_with_its_numbers(tmp_path: Path, changes: dict[str, str | float]) -> None:
    events = run(tmp_path / "run", tiny_spec(**changes))
    failed = last(events)
    assert failed.ending == "diverged"
    assert failed.detail.keys() == {"step", "loss", "start", "best_step", "best_loss", "rate", "grad_norm"}
    assert failed.detail["step"] == failed.step == len(losses(events)) + 1
    assert failed.detail["loss"] > 3 * failed.detail["start"]
    assert failed.detail["best_loss"] == min(losses(events))
    assert failed.to_json()


def test_a_loss_that_is_not_a_number_ends_as_diverged(tmp_path: Path) -> None:
    run(tmp_path, stop=stop_after(4))
    saved = checkpoint.load(tmp_path)
    assert saved is not None
    saved.tensors["model.head"][0, 0] = math.nan  # as an overflow would leave it
    checkpoint.save(tmp_path, saved)
    failed = last(run(tmp_path))
    assert (failed.ending, failed.step, failed.detail["loss"]) == ("diverged", 4, None)
    assert failed.detail["best_loss"] == min(saved.curve.losses)
    assert failed.to_json()


def test_refused_memory_ends_as_out_of_memory(tmp_path: Path) -> None:
    def stop() -> bool:
        torch.empty(2**50)
        return False

    assert last(run(tmp_path / "run", stop=stop)).ending == "out_of_memory"
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shapes do not match"))


def test_an_error_of_ours_is_not_hidden(tmp_path: Path) -> None:
    def stop() -> bool:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        run(tmp_path / "run", stop=stop)


@pytest.mark.parametrize("text", ["", "a", "abc " * 60])
def test_a_text_too_short_is_refused_with_what_it_takes(tmp_path: Path, text: str) -> None:
    events = run(tmp_path / "run", data=text)
    assert [event.kind for event in events] == ["failed"]
    detail = last(events).detail
    assert (last(events).ending, detail["reason"], detail["found"]) == ("refused", "text_too_short", len(text))
    assert run(tmp_path / "run", data=tiny_text(detail["needed"]))[-1].kind == "finished"


def test_too_many_different_characters_are_refused(tmp_path: Path) -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 12_000)))
    assert last(run(tmp_path / "run", data=text)).detail["reason"] == "vocabulary_too_large"


def test_an_unsound_spec_and_an_unknown_corpus_raise_before_anything_is_written(tmp_path: Path) -> None:
    spec = tiny_spec()
    object.__setattr__(spec, "batch", 0)
    with pytest.raises(SpecError, match="batch"):
        run(tmp_path / "run", spec)
    with pytest.raises(SpecError, match="corpus"):
        list(train(tiny_spec(corpus="nothing"), run_dir=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_run_of_one_step_does_everything_once(tmp_path: Path) -> None:
    kinds = [event.kind for event in run(tmp_path / "run", tiny_spec(tokens=1024, batch=64))]
    evaluated = ["held_out", "sample", "sample", "checkpoint"]
    assert kinds == ["started", "point", "layers", "baseline", *evaluated, "finished"]


def test_samples_are_continuations_and_strange_prompts_do_no_harm(tmp_path: Path) -> None:
    events = run(tmp_path / "run", tiny_spec(prompts=("The ", "注意", "\n")))
    samples = [event for event in events if isinstance(event, Sample)]
    assert [sample.prompt for sample in samples[:3]] == ["The ", "注意", "\n"]
    assert {len(sample.text) for sample in samples[:3]} == {24}  # these steps are quick
    assert {len(sample.text) for sample in samples[-3:]} == {80}
    assert set("".join(sample.text for sample in samples)) <= set(tiny_text())


def test_the_exported_model_is_the_trained_one(tmp_path: Path) -> None:
    events = run(tmp_path / "run")
    model, tokenizer = load_model(tmp_path / "run" / "model")
    text = "".join(generate(model, tokenizer, "The ", max_tokens=80, temperature=0, seed=1))
    assert len(text) == 80
    finished = events[-1]
    assert isinstance(finished, Finished)
    ids = torch.from_numpy(tokenizer.encode(tiny_text()[2700:]))
    count = finished.step and (len(ids) - 1) // 16
    logits = model(ids[: count * 16].view(count, 16))
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[1 : count * 16 + 1])
    assert loss.item() == pytest.approx(finished.loss, abs=1e-5)


def test_the_baseline_is_computed_once_and_a_broken_cache_again(tmp_path: Path) -> None:
    def baseline() -> Event:
        events = run(tmp_path / f"run{len(list(tmp_path.iterdir()))}")
        return next(event for event in events if event.kind == "baseline")

    first = baseline()
    (cached,) = (tmp_path / ".cache").iterdir()
    assert baseline() == first
    cached.write_text("{")
    assert baseline() == first
    cached.write_text('{"loss": 9.0}')
    changed = baseline()
    assert isinstance(changed, Baseline)
    assert changed.loss == 9.0
