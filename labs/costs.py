"""What a recipe costs before its data are prepared: vocabulary, parameters, seconds. For selectors; no torch here.

The vocabulary of a built-in corpus comes from a table of what its defaults give; other options and seeds give about
as many. A text of a learner's own has its characters counted when it is uploaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from labs.models import Run
from labs.paces import known, pace_key, start_key
from trainer.spec import RunSpec

ENDS_S = 0.3
"""Taking a run up, and storing it when it ends, seconds."""
STEP_FLOPS = 2e7
"""What a step costs besides its arithmetic, in operations: about a millisecond."""
FLOPS_PER_SECOND: Mapping[str, float] = {
    "gpt": 5.0e10,
    "encoder": 5.0e10,
    "seq2seq": 4.0e10,
    "rnn": 5.0e10,
    "lstm": 7.0e10,
    "skipgram": 1.3e10,
    "bag": 1.3e10,
}
"""What one thread does before any run of the family has been measured; about right for a current laptop core."""
START_S: Mapping[str, float] = {
    "python-docs": 0.1,
    "reviews": 0.1,
    "stories": 0.5,
    "facts": 2.0,
    "stories-qa": 4.0,
    "translation": 1.0,
}
"""Seconds that making the data takes before it has been measured; for others about 0.3."""
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
    "docs-split-a": Sizes(96, 2246),
    "docs-split-b": Sizes(96, 2105),
    "docs-split-c": Sizes(96, 2247),
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


def load(spec: RunSpec, vocab: int) -> dict[str, Any]:
    """What a Run row keeps of its expected cost: `work` and `pace`."""
    operations = work(spec, vocab)
    return {"work": operations, "pace": pace_key(spec.family, operations, spec.steps)}


class Speeds:
    """How long runs take on this installation; before any like it has finished, about what a current laptop needs."""

    def __init__(self, paces: Mapping[str, float]) -> None:
        self._paces = paces

    @classmethod
    def measured(cls) -> Speeds:
        """As of now. One query."""
        return cls(known())

    def of(self, pace: str) -> float:
        """Operations a second of runs with this pace: measured on such, else on the family's nearest in size."""
        if found := self._paces.get(pace):
            return found
        family, _, size = pace.partition(":")
        sizes = [int(key.partition(":")[2]) for key in self._paces if key.partition(":")[0] == family]
        if sizes:
            return self._paces[f"{family}:{min(sizes, key=lambda other: abs(other - int(size)))}"]
        return FLOPS_PER_SECOND[family]

    def start_s(self, corpus: str, tokenizer: str) -> float:
        """Seconds from taking a run up to its first step: the data are made or read anew each time."""
        return self._paces.get(start_key(corpus, tokenizer)) or START_S.get(corpus, 0.3)

    def training_s(self, pace: str, operations: float) -> float:
        """Seconds of training, evaluations included."""
        return operations / self.of(pace)

    def seconds(self, spec: RunSpec, vocab: int) -> float:
        """How long a recipe takes once it has a worker to itself."""
        expected = load(spec, vocab)
        return self.training_s(expected["pace"], expected["work"]) + self.start_s(spec.corpus, spec.tokenizer) + ENDS_S
