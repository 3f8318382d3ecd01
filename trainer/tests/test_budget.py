from __future__ import annotations

from trainer.budget import held_out_windows, sample_tokens
from trainer.spec import RunSpec


def test_more_training_between_checkpoints_allows_more() -> None:
    short, usual, long = RunSpec(tokens=1_024), RunSpec(), RunSpec(tokens=4_000_000)
    windows = [held_out_windows(spec) for spec in (short, usual, long)]
    tokens = [sample_tokens(spec, vocab_size=103) for spec in (short, usual, long)]
    assert windows == sorted(windows)
    assert windows[-1] == 128
    assert tokens == sorted(tokens)
    assert 24 <= tokens[0] < tokens[-1] == 80


def test_the_least_is_always_there() -> None:
    assert held_out_windows(RunSpec(batch=1, context=8, tokens=1_000)) == 4
