"""What a recipe costs before its data are prepared: vocabulary, parameters, seconds. For selectors; no torch here.

The vocabulary of a built-in corpus comes from a table of what its defaults give; other options and seeds give about
as many. A text of a learner's own has its characters counted when it is uploaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median
from typing import NamedTuple

from labs.models import Run
from labs.states import State
from trainer.spec import RunSpec

OVERHEAD_S = 1.0
"""Held-out loss, samples and start of a run, seconds."""
STEP_FLOPS = 2e7
"""What a step costs besides its arithmetic, in operations: about a millisecond."""
FLOPS_PER_SECOND: Mapping[str, float] = {
    "gpt": 2.0e10,
    "encoder": 2.0e10,
    "seq2seq": 1.5e10,
    "rnn": 0.5e10,
    "lstm": 0.8e10,
    "skipgram": 0.4e10,
    "bag": 0.4e10,
}
"""What one thread does before any run of the family has been measured; about right for a current laptop core."""
MEASURED_RUNS = 60
"""Latest finished runs that speeds are measured on."""
SPECIALS = 4
"""Tokens besides the vocabulary, for tasks about examples and hidden tokens (`trainer.tasks.specials`)."""
BYTES = 256


class Sizes(NamedTuple):
    """Of a corpus as it is by default."""

    characters: int
    words: int
    outputs: int = 0
    """Classes or tags; 0 where the outputs are the vocabulary."""


SIZES: Mapping[str, Sizes] = {
    "python-docs": Sizes(103, 5151),
    "python-source": Sizes(101, 8000),
    "unicode-names": Sizes(38, 3632),
    "stories": Sizes(51, 464),
    "stories-zh": Sizes(467, 468),
    "word-classes": Sizes(28, 209),
    "reviews": Sizes(37, 169, 2),
    "reviews-zh": Sizes(202, 203, 2),
    "languages": Sizes(1500, 8000, 20),
    "entities": Sizes(281, 1100, 9),
    "stories-qa": Sizes(40, 84),
    "translation": Sizes(181, 870),
    "copy": Sizes(34, 34),
    "reverse": Sizes(34, 34),
    "recall": Sizes(35, 35),
    "facts": Sizes(35, 35),
    "induction": Sizes(34, 34),
}


def vocabulary(spec: RunSpec, characters: int | None = None) -> int:
    """About how many token ids the model gets; `characters` are the different ones of an uploaded text."""
    sizes = SIZES.get(spec.corpus)
    if spec.tokenizer == "characters":
        found = sizes.characters if sizes else characters or BYTES
    elif spec.tokenizer == "bytes":
        found = BYTES
    else:
        found = min(spec.vocab_size, sizes.words) if sizes and spec.tokenizer == "words" else spec.vocab_size
    return found + (0 if spec.task in ("language", "embed") else SPECIALS)


def outputs(spec: RunSpec) -> int | None:
    """How many outputs the model gets; None where they are the vocabulary."""
    if spec.task not in ("classify", "tag"):
        return None
    sizes = SIZES.get(spec.corpus)
    return dict(spec.options).get("languages", sizes.outputs if sizes else 2)


def parameters(spec: RunSpec, vocab: int) -> int:
    """Weights of the model."""
    return spec.parameter_count(vocab, n_outputs=outputs(spec))


def work(spec: RunSpec, vocab: int) -> float:
    """Operations of a whole run, the cost of its steps besides arithmetic included."""
    if spec.family in ("skipgram", "bag"):  # nothing but look-ups
        arithmetic = 6.0 * spec.steps * spec.tokens_per_step * spec.d_model * (2 + spec.negatives)
    else:
        arithmetic = spec.flops(vocab, n_outputs=outputs(spec))
    return arithmetic + spec.steps * STEP_FLOPS


def work_of(run: Run) -> float:
    """Operations of a stored run: its vocabulary follows from its parameters, which grow evenly with it."""
    spec = RunSpec.stored(run.spec)
    least = parameters(spec, 1)
    each = max(1, parameters(spec, 2) - least)
    return work(spec, 1 + max(0, run.params - least) // each)


class Speeds:
    """Operations a second of each family's runs, measured on the latest finished ones."""

    def __init__(self, runs: Iterable[Run]) -> None:
        rates: dict[str, list[float]] = {}
        for run in runs:
            if seconds := run.result.get("seconds"):
                rates.setdefault(run.spec.get("family", "gpt"), []).append(work_of(run) / seconds)
        self._rates = {family: median(found) for family, found in rates.items()}

    @classmethod
    def measured(cls) -> Speeds:
        """As of now. One query."""
        return cls(Run.objects.filter(state=State.FINISHED).only("spec", "params", "result")[:MEASURED_RUNS])

    def of(self, family: str) -> float:
        """Operations a second of a run of this family."""
        return self._rates.get(family) or FLOPS_PER_SECOND[family]

    def seconds(self, spec: RunSpec, vocab: int) -> float:
        """How long a recipe takes once it has a worker."""
        return work(spec, vocab) / self.of(spec.family) + OVERHEAD_S

    def seconds_of(self, run: Run) -> float:
        """How long a stored run takes in all."""
        return work_of(run) / self.of(run.spec.get("family", "gpt")) + OVERHEAD_S
