"""Words for questions, predictions and points, in the reader's language. Called by `labs.assessment.report`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from labs.assessment.predictions import items_of
from labs.assessment.selectors import Verdict
from labs.lab import Lab
from labs.models import Run
from labs.results import predicted
from labs.wording import measure, number, slice_name
from portal.lib.words import listing, sentences

QUESTIONS: dict[str, Promise] = {
    "best_step": _("At which step was the held-out loss lowest?"),
    "first_loss": _("What was the train loss at step 1, to two decimals?"),
    "fall": _("By how much did the held-out loss fall from step %(first)s to step %(last)s?"),
    "guessing": _(
        "The vocabulary has %(size)s tokens. What loss, in nats, has a model that thinks every token equally likely?"
    ),
    "perplexity": _("The last held-out loss is %(loss)s nats a token. What is the perplexity?"),
    "bits_per_byte": _(
        "The last held-out loss is %(loss)s nats a token, and a held-out token has %(size)s bytes. "
        "How many bits per byte is that?"
    ),
    "margin": _("By how much is the last held-out loss below the baseline’s? Negative if it is above."),
    "steps": _("%(tokens)s tokens, %(batch)s windows a step, %(context)s tokens a window: how many steps are that?"),
    "embedding": _("%(size)s tokens, width %(width)s: how many parameters has the table of token embeddings?"),
    "tokens_a_weight": _(
        "The model has %(params)s parameters. How many training tokens were there for each, over the whole run?"
    ),
    "half_way": _("At which step was the train loss first below %(half)s, half of where it began?"),
    "confused": _("Which class is most often taken for which (truth → answer)?"),
    "hardest_class": _("Of which class was the smallest share found?"),
    "wrong": _("How many of the %(n)s held-out examples were answered wrongly?"),
    "weakest_slice": _("On which slice is the figure “%(measure)s” lowest?"),
    "sure": _("Does the whole 95 %% interval of the figure “%(measure)s” lie above the baseline?"),
    "class_guessing": _(
        "There are %(classes)s classes. What loss, in nats, has a model that thinks all equally likely?"
    ),
}
"""By key of `labs.assessment.questions`."""

CHOICES: dict[str, Promise] = {"yes": _("yes"), "no": _("no")}


def question_text(question: Mapping[str, Any]) -> str:
    """A question as it is asked."""
    params = {name: number(value) for name, value in question.get("params", {}).items()}
    if "measure" in params:
        params["measure"] = str(measure(params["measure"]).label)
    return str(QUESTIONS[question["key"]]) % params


def choice_text(question: Mapping[str, Any], choice: str) -> str:
    """A choice as it is offered; class names say themselves."""
    if question.get("named") == "slices":
        return gettext("all held-out examples") if choice == "held_out" else slice_name(choice)
    return str(CHOICES.get(choice, choice)) if question.get("named") == "words" else choice


def answer_text(question: Mapping[str, Any]) -> str:
    """The right answer, shown after grading."""
    if "choices" in question:
        return choice_text(question, question["answer"])
    value = question["answer"]
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def said_text(lab: Lab, run: Run) -> str:
    """What the learner said before the run; empty for nothing."""
    kind = run.forecast.get("kind", "")
    if kind == "ranking":
        return listing(_titles(lab, run.forecast["order"]))
    shown = measure(lab.prediction.measure)
    if run.prediction is None:
        return ""
    text = f"{shown.label} {shown.text(run.prediction / shown.scale)}"
    return f"{text} · {gettext('a sketched curve')}" if kind == "curve" else text


def came_text(lab: Lab, run: Run, verdict: Verdict) -> str:
    """What came; empty while nothing has."""
    if run.forecast.get("kind") == "ranking":
        found = listing(_titles(lab, verdict.order)) if len(verdict.order) > 1 else ""
        missing = gettext("Run these too, to see: %(names)s.") % {"names": listing(_titles(lab, verdict.missing))}
        return sentences(found and f"{found}.", missing) if verdict.missing else found
    shown = measure(lab.prediction.measure)
    _guess, came = predicted(lab, run)
    return "" if came is None else f"{shown.label} {shown.text(came / shown.scale)}"


def _titles(lab: Lab, names: Any) -> list[str]:
    titles = {name: str(title) for name, title in items_of(lab)}
    return [titles.get(name, name) for name in names]
