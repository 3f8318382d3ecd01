from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import torch

from trainer.models.config import FAMILIES, ModelConfig
from trainer.models.registry import build
from trainer.models.sizes import NoMatchError, embedding_count, matched, parameter_count
from trainer.spec import RunSpec
from trainer.tests.factories import tiny_config

SWITCHES: list[dict[str, Any]] = [
    {},
    {"n_outputs": 5},
    {"tied": True},
    {"positions": "learned"},
    {"positions": "sinusoidal"},
    {"positions": "none"},
    {"lookback": 3},
    {"lookback": 2, "tied": True, "positions": "learned"},
    {"n_layers": 3, "d_model": 24, "n_heads": 3, "d_ff": 40, "context": 30},
    {"norm": "rms", "norm_place": "after", "residual": False, "activation": "gelu"},
    {"pool": "mean", "pad": 22, "n_outputs": 2},
]


def counted(config: ModelConfig) -> int:
    return sum(param.numel() for param in build(config, torch.Generator()).parameters())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("switches", SWITCHES)
def test_the_count_is_that_of_the_model(family: str, switches: dict[str, Any]) -> None:
    config = tiny_config(family=family, **switches)
    assert parameter_count(config) == counted(config)


def test_tables_are_looked_up_and_tied_ones_multiplied_with_too() -> None:
    counts = {name: embedding_count(tiny_config(**changes)) for name, changes in LOOKED_UP.items()}
    one = 23 * 16
    assert counts == {"gpt": one, "tied": 0, "lookback": 3 * one, "learned": one + 12 * 16, "rnn": one, "bag": 24 * 23}


LOOKED_UP: dict[str, dict[str, Any]] = {
    "gpt": {},
    "tied": {"tied": True},
    "lookback": {"lookback": 2},
    "learned": {"positions": "learned"},
    "rnn": {"family": "rnn", "lookback": 2, "positions": "learned"},
    "bag": {"family": "bag"},
}


def test_a_spec_counts_as_its_model_does() -> None:
    spec = RunSpec(n_layers=3, d_model=96)
    config = tiny_config(vocab_size=103, n_layers=3, d_model=96)
    assert spec.parameter_count(103) == parameter_count(config)


@pytest.mark.parametrize("params", [60_000, 130_000, 800_000])
@pytest.mark.parametrize("family", ["gpt", "encoder", "seq2seq", "rnn", "lstm", "skipgram"])
def test_a_family_of_equal_size_is_found_within_five_percent(family: str, params: int) -> None:
    config = ModelConfig(family=family, vocab_size=100, n_outputs=100, context=64, n_heads=4)
    found = matched(config, params)
    assert abs(counted(found) - params) <= 0.05 * params
    assert found.d_model % 8 == 0 or family in {"rnn", "lstm", "skipgram"}
    assert replace(found, d_model=config.d_model, d_ff=config.d_ff) == config


def test_the_feed_forward_keeps_its_share_where_widths_are_close_enough() -> None:
    found = matched(ModelConfig(vocab_size=100, n_outputs=100, context=64), 800_000)
    assert found.d_ff == 4 * found.d_model


def test_the_feed_forward_takes_up_what_no_width_gives() -> None:
    config = ModelConfig(vocab_size=20, n_outputs=20, context=64, n_heads=8)
    found = matched(config, 16_000)
    assert found.d_ff != 4 * found.d_model
    assert abs(parameter_count(found) - 16_000) <= 800


def test_where_nothing_fits_the_nearest_is_named() -> None:
    bag = ModelConfig(family="bag", vocab_size=100, n_outputs=2, context=64)
    with pytest.raises(NoMatchError, match="no bag has about 5000 parameters: the nearest has 202") as caught:
        matched(bag, 5_000)
    assert caught.value.count == 202
    assert caught.value.nearest.family == "bag"
    assert matched(bag, 200).family == "bag"


def test_sizes_are_counted_without_torch() -> None:
    code = "import sys; import trainer.models.sizes; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
