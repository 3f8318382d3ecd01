"""How much to evaluate and sample at a checkpoint, so that both stay below about 15 % of a run. Called by
`trainer.loop`.

Pure functions of the recipe, never of a clock: every attempt evaluates the same.
"""

from __future__ import annotations

from trainer.spec import RunSpec

HELD_OUT_SHARE = 0.06
SAMPLE_SHARE = 0.07
"""Shares of the training time between two checkpoints."""

HELD_OUT_WINDOWS = (4, 128)
SAMPLE_TOKENS = (24, 80)
"""Fewest and most at an intermediate checkpoint. The last one has all windows and the most tokens."""

FORWARD_SHARE = 1 / 3
"""Of a training step's work."""

FLOPS = 5e10
"""Rough speed of one core in training steps, operations a second."""

DECODE_S = 1e-4
"""Rough seconds a decoded token takes for each block, and once more for the rest: calls cost more than arithmetic."""


def held_out_windows(spec: RunSpec) -> int:
    """Windows whose loss is measured at an intermediate checkpoint."""
    trained = spec.checkpoint_every * spec.batch
    return _between(HELD_OUT_WINDOWS, HELD_OUT_SHARE / FORWARD_SHARE * trained)


def sample_tokens(spec: RunSpec, *, vocab_size: int) -> int:
    """Tokens that each sample of an intermediate checkpoint gets."""
    training_s = spec.flops(vocab_size) / spec.steps * spec.checkpoint_every / FLOPS
    return _between(SAMPLE_TOKENS, SAMPLE_SHARE * training_s / (DECODE_S * (1 + spec.n_layers)))


def _between(ends: tuple[int, int], wanted: float) -> int:
    low, high = ends
    return max(low, min(high, int(wanted)))
