"""Why a question has no answer, in words: codes of `trainer.probe.ProbeError` and those of `labs.inside.looking`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from labs import wording
from portal.lib.errors import UserError
from portal.lib.words import listing

PASSING = frozenset({"out_of_time", "out_of_memory", "no_process", "failed", "worker_lost"})
"""What may go well when it is asked again; all else follows from the question."""

Detail = Mapping[str, Any]


def problem(error: str, detail: Detail) -> UserError:
    """The failure of a question as pages and programs show it: 422 for one that has no answer, 503 for one that may
    have one in a moment."""
    if error in SENTENCES:
        return UserError(error, SENTENCES[error](detail))
    hint = _("Ask again in a moment.")
    if error == "out_of_time":
        text = _("The answer took too long.")
    elif error == "out_of_memory":
        text = _("The model needs more memory than one question may take.")
    else:
        text = _("No answer came: the process that looks inside models has stopped.")
    return UserError(error, text, hint, status=503)


def _nothing_known(detail: Detail) -> str:
    unknown = [f"“{part}”" for part in detail.get("unknown", [])][:12]
    if not unknown:
        return _("Write something for the model to read.")
    text = _("The model's vocabulary has nothing of this text. It does not know: %(unknown)s")
    return text % {"unknown": listing(unknown)}


def _no_snapshot(detail: Detail) -> str:
    return _("The weights of step %(step)s were not kept.") % {"step": wording.number(detail.get("step", 0))}


def _out_of_range(detail: Detail) -> str:
    return _("Choose a place in the text from %(low)s to %(high)s.") % {"low": detail["low"], "high": detail["high"]}


SENTENCES: dict[str, Callable[[Detail], str]] = {
    "no_model": lambda detail: _("The files of this model are gone."),
    "changed_model": lambda detail: _("The files of this model have changed since the run ended."),
    "changed_data": lambda detail: _("The data that this run learnt from have changed or are gone."),
    "no_snapshot": _no_snapshot,
    "no_attention": lambda detail: _("This model has no attention to look at."),
    "no_layers": lambda detail: _("This model has no layers to look at."),
    "not_causal": lambda detail: _("This model sees the whole text at once, so nothing comes next."),
    "not_about_text": lambda detail: _("This model was not trained to go on with a text."),
    "nothing_known": _nothing_known,
    "too_short": lambda detail: _("There is too little to measure this on."),
    "out_of_range": _out_of_range,
    "not_a_choice": lambda detail: _("This model has no such part."),
    "needed": lambda detail: _("Write something for the model to read."),
}
"""Of each code of ProbeError."""
