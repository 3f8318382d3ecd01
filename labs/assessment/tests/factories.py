"""Finished runs and attempts, as the worker leaves them."""

from __future__ import annotations

from typing import Any

from labs.assessment import services
from labs.assessment.carrying import settle
from labs.assessment.models import Submission
from labs.models import Run
from labs.states import State
from labs.tests.factories import make_curve, make_finished

INFO: dict[str, Any] = {
    "baseline": {"order": 3, "loss": 2.5, "bits_per_byte": 3.6},
    "started": {"vocab_size": 96, "bytes_per_token": 1.01, "params": 5000, "torch": "2.13", "threads": 1},
}


def hidden(value: float) -> dict[str, Any]:
    """The evaluations of a graded run of the lab `training`."""
    band = {"value": value, "low": value, "high": value, "n": 9}
    return {"evaluations": {"hidden": {"step": 40, "measures": {"below_baseline": band}, "detail": {}}}}


def make_source(owner: Any, **fields: Any) -> Run:
    """A run whose recipe can be graded, with a prediction."""
    return make_finished(owner, **{"prediction": 2.0, "info": INFO} | fields)


def end(run: Run, state: State = State.FINISHED, *, value: float = 0.4) -> Run:
    """End a graded run as its worker would."""
    curve = make_curve(40)
    Run.objects.filter(pk=run.pk).update(
        state=state,
        curve=curve,
        info=INFO | hidden(value),
        held_out=curve["held_out"]["loss"][-1],
        bits_per_byte=3.0,
        step=40,
        steps=40,
    )
    run.refresh_from_db()
    settle(run)
    return run


def make_open(owner: Any, *, value: float = 0.4, **fields: Any) -> Submission:
    """An attempt that is trained and measured."""
    source = make_source(owner, **fields)
    made = services.submission_create(owner=owner, run_id=source.pk, idempotency_key=f"key-{source.pk}")
    assert made.run is not None
    end(made.run, value=value)
    made.refresh_from_db()
    return made


def right_answers(submission: Submission) -> dict[str, str]:
    """What somebody types who knows."""
    return {str(place): str(question["answer"]) for place, question in enumerate(submission.questions)}
