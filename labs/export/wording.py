"""Why an export failed, and how a check came out, in the reader's language. Called by the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.lib.words import sentences

ERRORS: dict[str, Promise] = {
    "not_exportable": gettext_lazy("The transformers library has no model of this shape. Take the weights instead."),
    "script_failed": gettext_lazy("The script did not come to its end."),
    "no_base": gettext_lazy("The model that this run started from is no longer there."),
    "gone": gettext_lazy("Files of this run are no longer there. Run the recipe again."),
    "changed": gettext_lazy("The data are not those that this run learnt from. Upload them again."),
    "out_of_time": gettext_lazy("It took longer than it may."),
    "out_of_memory": gettext_lazy("It needed more memory than it may have."),
    "worker_lost": gettext_lazy("The machine that did it went away. Try again."),
    "no_process": gettext_lazy("No process could be started for it. Try again."),
}
"""By the code that a row holds."""
WHAT_DECIDES = ("torch", "threads")
FAILED = gettext_lazy("It did not work. Try again.")


def reason(error: str) -> str:
    """Why a job failed; empty for one that did not."""
    return str(ERRORS.get(error, FAILED)) if error else ""


def comparison(result: Mapping[str, Any]) -> str:
    """How many losses a check found equal, and where the first other one is."""
    values = {"equal": f"{result['equal']:,}", "steps": f"{result['steps']:,}"}
    if result["outcome"] == "identical":
        return _("Identical: %(equal)s of %(steps)s losses, to the last bit.") % values
    other = {"step": f"{result['first_different']:,}", "largest": f"{100 * result['largest']:.2g} %"}
    counted = _("%(equal)s of %(steps)s losses are equal to the last bit.") % values
    where = _("The first other one is at step %(step)s, and the largest difference is %(largest)s.") % other
    return sentences(counted, where)


def identity(started: Mapping[str, Any]) -> str:
    """What it takes to get the same losses."""
    if not started.get("torch"):
        return _("Same build and threads: identical.")
    text = ngettext(
        "This run had PyTorch %(torch)s and %(threads)s thread.",
        "This run had PyTorch %(torch)s and %(threads)s threads.",
        started["threads"],
    )
    return sentences(_("Same build and threads: identical."), text % {name: started[name] for name in WHAT_DECIDES})
