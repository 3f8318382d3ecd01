"""What learners see before and after a run: where they say what they expect, and where they hand a recipe in. Called by
the views of labs and of report cards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from labs.assessment.models import Submission
from labs.assessment.predictions import HANDLES, ForecastError, committed, items_of, read_forecast
from labs.assessment.rules import obstacles
from labs.assessment.selectors import attempts_used, submissions
from labs.assessment.states import UNFINISHED
from labs.lab import Lab, Prediction
from labs.models import Run
from labs.wording import measure
from portal.lib.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Handle:
    """A point of the curve that may be sketched."""

    name: str
    percent: int
    """Of the run."""
    value: str


@dataclass(frozen=True, kw_only=True)
class Saying:
    """What is asked, and what was typed so far."""

    value: str
    first: bool
    """Whether nothing was said in this lab yet: then Run needs it."""
    ranks: list[tuple[str, Any, str]]
    """Of a ranking: name, title, and the place that was chosen."""
    places: list[str]
    handles: list[Handle]


def saying(user: Any, lab: Lab, newest: Sequence[Run], given: Mapping[str, str] | None = None) -> Saying:
    """What the page asks for; `newest` are the learner's latest runs in the lab. One query where these say nothing."""
    typed = given or {}
    items = items_of(lab)
    said = any(committed(run.prediction, run.forecast) for run in newest) or _has_said(user, lab)
    names = [f"sketch-{place}" for place in range(len(HANDLES))] if lab.prediction.sketch else []
    return Saying(
        value=typed.get("prediction", ""),
        first=not said,
        ranks=[(name, title, typed.get(f"rank-{name}", "")) for name, title in items],
        places=[str(place) for place in range(1, len(items) + 1)],
        handles=[
            Handle(name=name, percent=round(100 * share), value=typed.get(name, ""))
            for name, share in zip(names, HANDLES, strict=False)
        ],
    )


def _has_said(user: Any, lab: Lab) -> bool:
    said = ~Q(prediction=None) | ~Q(forecast={})
    return Run.objects.for_user(user).filter(said, lab=lab.slug).exists()


def posted_forecast(asked: Prediction, given: Mapping[str, str]) -> dict[str, Any]:
    """The ranking or curve of a form. Raises UserError with its field."""
    try:
        return read_forecast(asked, given)
    except ForecastError as error:
        raise UserError(
            "invalid_recipe", _("Nothing was queued: look at what you said."), fields=error.fields
        ) from error


@dataclass(frozen=True, kw_only=True)
class Handing:
    """What stands between a run and a graded attempt, and the attempts so far."""

    obstacles: list[str]
    attempts: list[Submission]
    left: int
    unfinished: Submission | None
    budget: str
    target: str
    """The figure of the hidden set that gives all points."""

    @property
    def open(self) -> bool:
        """Whether this recipe can be submitted now."""
        return not self.obstacles and self.unfinished is None and self.left > 0


def handing_in(user: Any, lab: Lab, run: Run) -> Handing:
    """The section "Submit" of a report card. Two queries."""
    attempts = list(submissions(user, lab.slug))
    asked, shown = lab.graded, measure(lab.graded.measure)
    return Handing(
        obstacles=obstacles(lab, run),
        attempts=attempts,
        left=max(0, asked.attempts - attempts_used(user, lab.slug)),
        unfinished=next((one for one in attempts if one.standing in UNFINISHED), None),
        budget=f"{asked.tokens:,}",
        target=f"{shown.label} {shown.text(asked.full)}",
    )
