"""The report card of a run: everything that a reader needs to believe it, on a page or two. Called by the views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from labs import presenters, results, selectors, wording
from labs.assessment import grading, words
from labs.assessment.models import Submission
from labs.assessment.questions import right
from labs.assessment.selectors import Verdict, submission_of, verdict
from labs.catalogue import LABS
from labs.lab import Lab
from labs.models import Run
from labs.states import State
from trainer.spec import ENGINE

WIDTH, HEIGHT = 640.0, 220.0
MOST_SAMPLES = 4


@dataclass(frozen=True, kw_only=True)
class Plot:
    """The curve in a box of WIDTH × HEIGHT: paths and places, one scale for all."""

    train: str
    held: str
    sketch: str
    baseline: float | None
    you: float | None
    high: str
    low: str
    steps: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question with what was answered; the right answer only after grading."""

    name: str
    text: str
    choices: list[tuple[str, str]]
    answer: str
    shown: str
    error: str = ""
    truth: str = ""
    right: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Points:
    """One part of the score."""

    label: str
    points: str
    most: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """A report card."""

    run: Run
    lab: Lab
    settings: list[presenters.Setting]
    facts: list[tuple[str, str]]
    plot: Plot | None
    sentence: str
    outcome: Mapping[str, Any]
    samples: list[Mapping[str, Any]]
    verdict: Verdict
    said: str
    came: str
    submission: Submission | None
    asked: list[Asked] = field(default_factory=list)
    points: list[Points] = field(default_factory=list)
    hidden: str = ""

    @property
    def closeness(self) -> str:
        """In percent; empty while there is none."""
        found = self.verdict.closeness
        return "" if found is None else f"{100 * found:.0f} %"


def card(user: Any, run: Run, typed: Mapping[str, str] | None = None, errors: Mapping[str, Any] | None = None) -> Card:
    """The card of one's own run; `typed` are answers that were refused, `errors` say why, by field.

    One to three queries, more for a ranking.
    """
    lab, submission = LABS[run.lab], submission_of(run)
    found = verdict(user, lab, run)
    asked = asked_of(submission, typed or {}, errors or {}) if submission else []
    last = max((sample["step"] for sample in run.samples), default=0)
    return Card(
        run=run,
        lab=lab,
        settings=presenters.settings_of(lab, run.spec, selectors.titles(user)),
        facts=facts_of(run),
        plot=plot_of(run),
        sentence=presenters.result_sentence(run.curve, run.info),
        outcome=results.outcome(run),
        samples=[sample for sample in run.samples if sample["step"] == last][:MOST_SAMPLES],
        verdict=found,
        said=words.said_text(lab, run),
        came=words.came_text(lab, run, found) if run.state == State.FINISHED else "",
        submission=submission,
        asked=asked,
        points=points_of(submission) if submission else [],
        hidden=wording.measure(lab.graded.measure).text(submission.hidden_value) if submission else "",
    )


def facts_of(run: Run) -> list[tuple[str, str]]:
    """Hardware, versions, data: what it takes to repeat the run."""
    started, machine = run.info.get("started", {}), run.info.get("machine", {})
    cores = _("%(processor)s, %(cores)s cores, %(threads)s used") % {
        "processor": machine.get("processor", ""),
        "cores": machine.get("cores", ""),
        "threads": started.get("threads", ""),
    }
    rows = [
        (_("State"), str(State(run.state).label)),
        (_("Training time"), f"{run.result['seconds']:.1f} s" if run.result.get("seconds") else ""),
        (_("Parameters"), f"{run.params:,}"),
        (_("Hardware"), cores if machine else ""),
        (_("System"), str(machine.get("system", ""))),
        ("Python", str(machine.get("python", ""))),
        ("PyTorch", str(started.get("torch", ""))),
        (_("Trainer"), str(ENGINE) if started else ""),
        (_("Data, SHA-256"), run.data_hash),
        (_("Run, SHA-256"), str(started.get("identity", ""))),
    ]
    return [(label, value) for label, value in rows if value]


def plot_of(run: Run) -> Plot | None:
    """Paths of the losses; None before there are two points."""
    curve, held = run.curve, run.curve.get("held_out", {})
    losses = [*curve.get("loss", []), *held.get("loss", [])]
    if len(losses) < 2:
        return None
    is_loss = LABS[run.lab].prediction.measure == "loss"
    you = run.prediction if is_loss else None
    points = run.forecast.get("points", []) if run.forecast.get("kind") == "curve" else []
    baseline = run.info.get("baseline", {}).get("loss")
    marks: list[float] = [value for value in (you, baseline, *(loss for _share, loss in points)) if value is not None]
    high: float = max(losses)
    low: float = min([*losses, *(mark for mark in marks if mark > 0)])
    last = max(1, run.steps)

    def y(loss: float) -> float:
        return round((high - min(loss, high)) * HEIGHT / ((high - low) or 1), 1)

    def path(pairs: list[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{step * WIDTH / last:.1f} {y(loss)}" for step, loss in pairs) if pairs else ""

    return Plot(
        train=path(list(zip(curve.get("step", []), curve.get("loss", []), strict=False))),
        held=path(list(zip(held.get("step", []), held.get("loss", []), strict=False))),
        sketch=path([(share * last, loss) for share, loss in points]),
        baseline=None if baseline is None else y(baseline),
        you=None if you is None else y(you),
        high=f"{high:.2f}",
        low=f"{low:.2f}",
        steps=f"{run.steps:,}",
    )


def asked_of(submission: Submission, typed: Mapping[str, str], errors: Mapping[str, Any]) -> list[Asked]:
    """The questions of an attempt. Before grading, nothing of the key is in it."""
    found = []
    for place, question in enumerate(submission.questions):
        answer = submission.answers.get(str(place), typed.get(str(place), ""))
        choices = [(choice, words.choice_text(question, choice)) for choice in question.get("choices", ())]
        graded = submission.is_graded
        found.append(
            Asked(
                name=f"answer-{place}",
                text=words.question_text(question),
                choices=choices,
                answer=answer,
                shown=dict(choices).get(answer, answer),
                error=str(errors.get(f"answer-{place}", "")),
                truth=words.answer_text(question) if graded else "",
                right=right(question, answer) if graded else None,
            )
        )
    return found


def points_of(submission: Submission) -> list[Points]:
    """The parts of the score."""
    if not submission.is_graded:
        return []
    parts = [
        (_("Prediction committed"), "committed", grading.PREDICTION / 2),
        (_("Prediction close"), "closeness", grading.PREDICTION / 2),
        (_("Hidden set"), "target", grading.TARGET),
        (_("Questions"), "questions", grading.QUESTIONS),
    ]
    return [
        Points(label=label, points=f"{submission.scores[name]:.1f}", most=f"{most:.0f}") for label, name, most in parts
    ]
