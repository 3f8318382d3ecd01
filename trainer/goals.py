"""What a lab's default runs are, and when their goals are reached. Standard library only: the web may import it.
`trainer.recipes` holds the twelve labs; `./run bench labs` runs them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from trainer.events import Baseline, Evaluation, Event, Finished, Started
from trainer.spec import RunSpec

Figures = Mapping[str, Mapping[str, float]]
"""What one run reached: slice, then measure. Slices are those of `trainer.reports`, `run` and `baseline`."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run of a lab."""

    name: str
    values: Mapping[str, Any]
    """Fields of `RunSpec` that are not at their default."""
    base: str = ""
    """Name of the lab's run whose model this one goes on from."""
    text: str = ""
    """Name of a text in `trainer.recipes.TEXTS` that stands for the corpus's own; empty for that."""

    def spec(self, seed: int = 1, *, base: str = "", **changes: Any) -> RunSpec:
        """The recipe, checked. `seed` is also that of generated data, so that no goal hangs on one draw of either.
        `base` is the hash of the weights to start from. Raises SpecError.
        """
        start = {"base": base} if self.base else {}
        return RunSpec.parse({**self.values, "seed": seed, "data_seed": seed, **start, **changes})


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A figure of one run, or how far it is from another figure, and the bound that it must keep."""

    run: str
    measure: str
    slice: str = "held_out"
    minus: str = ""
    """Run whose figure of the same name is taken away; `baseline`: that of the run's own n-gram or other baseline."""
    least: float = -math.inf
    most: float = math.inf

    def value(self, found: Mapping[str, Figures]) -> float:
        """The figure, given those of every run of the lab. Raises KeyError for one that is not there."""
        value = found[self.run][self.slice][self.measure]
        if not self.minus:
            return value
        other = found[self.run]["baseline"] if self.minus == "baseline" else found[self.minus][self.slice]
        return value - other[self.measure]

    def reached(self, value: float) -> bool:
        """Whether a value keeps the bound; one that is no number does not."""
        return self.least <= value <= self.most

    @property
    def bound(self) -> float:
        """The number to be kept."""
        return self.least if math.isfinite(self.least) else self.most

    def __str__(self) -> str:
        minus = f" - {self.minus}" if self.minus else ""
        sign = "≥" if math.isfinite(self.least) else "≤"
        return f"{self.run}: {self.slice} {self.measure}{minus} {sign} {self.bound:g}"


@dataclass(frozen=True, kw_only=True)
class Forecast(Goal):
    """How far the loss of `run` is from what the law of the runs `smaller` said, relative to it."""

    smaller: tuple[str, ...]

    def value(self, found: Mapping[str, Figures]) -> float:
        points = [(found[name]["run"]["flops"], found[name][self.slice][self.measure]) for name in self.smaller]
        truth = found[self.run][self.slice][self.measure]
        return abs(PowerLaw.fit(points).at(found[self.run]["run"]["flops"]) - truth) / truth

    def __str__(self) -> str:
        return f"{self.run}: {self.slice} {self.measure}, error of the forecast ≤ {self.most:g}"


@dataclass(frozen=True)
class PowerLaw:
    """loss = factor * compute ** exponent (Kaplan et al. 2020, section 6): a line where both axes are logarithmic."""

    factor: float
    exponent: float

    @classmethod
    def fit(cls, points: Sequence[tuple[float, float]]) -> PowerLaw:
        """Least squares through the logarithms of (compute, loss) pairs, of at least two different computes."""
        xs, ys = [math.log(compute) for compute, _ in points], [math.log(loss) for _, loss in points]
        x_mean, y_mean = fmean(xs), fmean(ys)
        spread = sum((x - x_mean) ** 2 for x in xs)
        if not spread:
            raise ValueError("a law needs two different computes")
        exponent = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True)) / spread
        return cls(math.exp(y_mean - exponent * x_mean), exponent)

    def at(self, compute: float) -> float:
        """The loss that it foretells."""
        return self.factor * math.pow(compute, self.exponent)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A lab's default: its runs, in the order in which they are made, and its goals, the main one first."""

    slug: str
    number: int
    title: str
    runs: tuple[Run, ...]
    goals: tuple[Goal, ...]
    note: str
    """What was measured, and where a goal is not the one first thought of, why."""

    def run(self, name: str = "") -> Run:
        """A run by name; without one, that of the main goal. Raises KeyError."""
        return {run.name: run for run in self.runs}[name or self.goals[0].run]


def figures(spec: RunSpec, events: Iterable[Event]) -> dict[str, dict[str, float]]:
    """What a run's events say: its evaluations by slice; `baseline`; and as `run` loss, bits_per_byte,
    bytes_per_token, params, flops and the shares measured at its end. What is not there has no entry.
    """
    found: dict[str, dict[str, float]] = {"run": {}, "baseline": {}}
    for event in events:
        if isinstance(event, Started):
            facts = {"params": event.params, "bytes_per_token": event.bytes_per_token}
            found["run"] |= _numbers(facts) | {"flops": spec.flops(event.vocab_size)}
        elif isinstance(event, Baseline):
            facts = {"loss": event.loss, "bits_per_byte": event.bits_per_byte}
            found["baseline"] |= _numbers(facts) | event.measures
        elif isinstance(event, Evaluation):
            found[event.slice] = {name: band["value"] for name, band in event.measures.items()}
        elif isinstance(event, Finished):
            found["run"] |= _numbers({"loss": event.loss, "bits_per_byte": event.bits_per_byte}) | event.measures
    return found


def _numbers(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if value is not None}
