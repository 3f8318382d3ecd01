"""Words for the errors of specs and uploads, in the reader's language. Called by services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.lib.words import listing
from trainer.corpora import UploadError
from trainer.spec import SpecError

CORPUS: dict[str, Promise] = {
    "python-docs": _("Python documentation topics"),
}
"""Titles of the built-in texts."""

SPEC: dict[str, Promise] = {
    "unknown": _("This is not a setting of a recipe."),
    "not_a_number": _("Write a number."),
    "invalid": _("This value cannot be read."),
    "out_of_range": _("Choose a value from %(low)s to %(high)s."),
    "not_a_choice": _("Choose one of: %(choices)s."),
    "not_a_multiple": _("The width must be a multiple of %(factor)s, twice the number of heads."),
    "too_few_tokens": _("One step needs %(low)s tokens; train on at least that many."),
    "too_many_steps": _("That would take more than %(high)s steps: choose fewer tokens, a larger batch or context."),
    "bad_prompts": _("Give one to five prompts of 1 to 64 characters."),
    "unknown_option": _("“%(option)s” cannot be set for this corpus."),
    "option_out_of_range": _("Choose a value from %(low)s to %(high)s for “%(option)s”."),
    "only_for_tasks": _("This is only for the tasks %(tasks)s."),
    "not_for_family": _("Only these families can be fine-tuned: %(families)s."),
    "not_for_tuning": _("A tied head cannot learn while the embedding stays: untie it, or tune everything."),
    "not_for_scratch": _("New weights have no model to start from: leave this empty, or choose how to fine-tune."),
    "no_base": _("The model to start from is not there. Choose a finished one."),
    "not_as_in_base": _("The model to start from has %(base)s here; fine-tuning keeps it."),
    "unknown_corpus": _("This text is not there. Choose another, or upload it again."),
}

UPLOAD: dict[str, Promise] = {
    "empty": _("The file is empty."),
    "too_small": _("The text has %(found)s bytes; at least %(low)s are needed to learn from."),
    "too_large": _("The text has %(found)s bytes; at most %(high)s are allowed."),
    "binary": _("This is not a text file: there is a zero byte at position %(offset)s."),
    "not_utf8": _("The text is not UTF-8: see byte %(offset)s. Save it as UTF-8 and upload it again."),
    "bad_csv": _("Line %(line)s has not as many columns as the header."),
    "no_column": _("There is no column “%(column)s”. The columns are: %(columns)s."),
    "too_uniform": _("The text has only %(found)s different characters; at least %(low)s are needed."),
}


def number(value: Any) -> str:
    """A number without needless digits: 1,000,000; 0.001; 10."""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:g}"
    return f"{int(value):,}" if isinstance(value, int | float) else str(value)


def _filled(text: Promise, params: Mapping[str, Any]) -> str:
    return str(text) % {name: number(value) for name, value in params.items()}


def spec_fields(error: SpecError) -> dict[str, str]:
    """A sentence for every wrong field."""
    return {name: _filled(SPEC[code], params) for name, (code, params) in error.errors.items()}


def upload_reason(error: UploadError) -> str:
    """Why a file was refused."""
    params = error.params | {
        name: listing(value) for name, value in error.params.items() if isinstance(value, tuple | list)
    }
    return _filled(UPLOAD[error.code], params)
