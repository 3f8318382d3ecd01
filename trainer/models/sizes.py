"""How many weights a configuration has, and the width that gives as many as another model has. Standard library only:
the web counts without torch; the labs compare families at equal size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from trainer.models.config import ModelConfig

WIDEST = 4096
"""No search goes beyond."""


class NoMatchError(ValueError):
    """No width gives the wanted count. `nearest` is the closest configuration, `count` its parameters."""

    def __init__(self, wanted: int, nearest: ModelConfig) -> None:
        self.nearest, self.count = nearest, parameter_count(nearest)
        super().__init__(
            f"no {nearest.family} has about {wanted} parameters: the nearest has {self.count}, "
            f"at width {nearest.d_model}"
        )


def parameter_count(config: ModelConfig) -> int:
    """Weights that training changes, exactly; tables of fixed positions are none."""
    return _COUNTS[config.family](config)


def embedding_count(config: ModelConfig) -> int:
    """Those of the weights that a token looks up and does not multiply with: they cost memory, not arithmetic."""
    if config.family in ("skipgram", "bag"):
        return parameter_count(config)
    positions = config.context if config.positions == "learned" and _has_blocks(config) else 0
    tables = (config.lookback if config.family == "gpt" else 0) + (0 if config.tied else 1)
    return (tables * config.vocab_size + positions) * config.d_model


def _gpt(config: ModelConfig) -> int:
    return _ends(config) + config.lookback * config.vocab_size * config.d_model + config.n_layers * _block(config)


def _encoder(config: ModelConfig) -> int:
    return _ends(config) + config.n_layers * _block(config)


def _seq2seq(config: ModelConfig) -> int:
    cross = 4 * config.d_model**2
    return _ends(config) + config.n_layers * (2 * _block(config) + cross)


def _rnn(config: ModelConfig) -> int:
    C = config.d_model
    return _tables(config) + config.n_layers * (2 * C**2 + C)


def _lstm(config: ModelConfig) -> int:
    C = config.d_model
    return _tables(config) + 4 * config.n_layers * (2 * C**2 + C)


def _skipgram(config: ModelConfig) -> int:
    return 2 * config.vocab_size * config.d_model


def _bag(config: ModelConfig) -> int:
    return (config.vocab_size + 1) * config.n_outputs


def _tables(config: ModelConfig) -> int:
    """Embedding and head."""
    return (config.vocab_size + (0 if config.tied else config.n_outputs)) * config.d_model


def _ends(config: ModelConfig) -> int:
    """Embedding, positions and head."""
    return _tables(config) + (config.context * config.d_model if config.positions == "learned" else 0)


def _block(config: ModelConfig) -> int:
    """Queries, keys, values and their way out; two matrices of the feed-forward."""
    return 4 * config.d_model**2 + 2 * config.d_model * config.d_ff


_COUNTS: dict[str, Callable[[ModelConfig], int]] = {
    "gpt": _gpt,
    "encoder": _encoder,
    "seq2seq": _seq2seq,
    "rnn": _rnn,
    "lstm": _lstm,
    "skipgram": _skipgram,
    "bag": _bag,
}


def matched(config: ModelConfig, params: int, tolerance: float = 0.05) -> ModelConfig:
    """The configuration with the width that brings it nearest to `params` weights; all else stays.

    The feed-forward keeps its share of the width, unless widths that the heads divide are too far apart: then it takes
    up the difference. Raises NoMatchError where nothing comes within `tolerance` of `params`.
    """

    def distance(candidate: ModelConfig) -> int:
        return abs(parameter_count(candidate) - params)

    best = min(_widths(config, params), key=distance)
    if distance(best) > tolerance * params and _has_blocks(config):
        filled = [(candidate, _filled(candidate, params)) for candidate in _widths(config, params)]
        near = [pair for pair in filled if distance(pair[1]) <= tolerance * params]
        _, best = min(near, key=_stretch) if near else min(filled, key=lambda pair: distance(pair[1]))
    if distance(best) > tolerance * params:
        raise NoMatchError(params, best)
    return best


def _has_blocks(config: ModelConfig) -> bool:
    return config.family in {"gpt", "encoder", "seq2seq"}


def _widths(config: ModelConfig, params: int) -> Iterator[ModelConfig]:
    """Every width that the heads allow, up to the first that is too large."""
    unit = 1
    if _has_blocks(config):
        unit = config.n_heads * (2 if config.positions == "rotary" else 1)  # rotary positions turn pairs
    for width in range(unit, WIDEST + 1, unit):
        d_ff = max(1, round(config.d_ff * width / config.d_model))
        candidate = replace(config, d_model=width, d_ff=d_ff)
        yield candidate
        if parameter_count(candidate) >= params:
            return


def _filled(config: ModelConfig, params: int) -> ModelConfig:
    """The same width with the feed-forward that comes nearest, between a quarter and four times as wide."""
    blocks = config.n_layers * (2 if config.family == "seq2seq" else 1)
    change = (params - parameter_count(config)) / (2 * config.d_model * blocks)
    low, high = math.ceil(config.d_ff / 4), 4 * config.d_ff
    return replace(config, d_ff=min(high, max(low, round(config.d_ff + change))))


def _stretch(pair: tuple[ModelConfig, ModelConfig]) -> float:
    """How far the feed-forward of the second is from that of the first, in either direction."""
    plain, filled = pair
    return abs(math.log(filled.d_ff / plain.d_ff))
