"""From a graded attempt to its points. Pure; called by `labs.assessment.services`.

prediction  20: 10 for having said something before the run, 10 for closeness
target      50: how far the hidden set's figure is on its way from the lab's `low` to its `full`
questions   30: in equal parts
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from labs.assessment.questions import right

PREDICTION, TARGET, QUESTIONS = 20.0, 50.0, 30.0
"""Most points of each part."""
PASS = 60.0
"""Points with which the lab is reached."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Points of each part."""

    committed: float
    closeness: float
    target: float
    questions: float

    @property
    def total(self) -> float:
        """Of 100, to a tenth."""
        return round(self.committed + self.closeness + self.target + self.questions, 1)

    def to_dict(self) -> dict[str, float]:
        """JSON values."""
        return asdict(self)


def graded(
    *,
    committed: bool,
    closeness: float | None,
    target: float,
    questions: Sequence[Mapping[str, Any]],
    answers: Mapping[str, str],
) -> Scores:
    """The points. `closeness` and `target` lie between 0 and 1; no closeness counts as 0; `answers` by place."""
    hits = sum(right(question, answers.get(str(place), "")) for place, question in enumerate(questions))
    return Scores(
        committed=PREDICTION / 2 if committed else 0.0,
        closeness=PREDICTION / 2 * closeness if committed and closeness is not None else 0.0,
        target=TARGET * target,
        questions=QUESTIONS * hits / len(questions) if questions else 0.0,
    )
