"""The words in the search field of the run table, as a filter: `lr>0.001 family:lstm seed:3 muon`."""

from __future__ import annotations

import math
import re
from functools import reduce
from operator import and_, or_

from django.db.models import Q
from django.utils.translation import gettext as _

from labs.catalogue import LABS
from portal.lib.errors import UserError

TERM = re.compile(r"(?P<name>[a-z_]+)(?P<sign>>=|<=|>|<|:|=)(?P<value>\S+)", re.IGNORECASE)
NUMBERS = {
    "lr": "spec__learning_rate",
    "rate": "spec__learning_rate",
    "layers": "spec__n_layers",
    "width": "spec__d_model",
    "heads": "spec__n_heads",
    "context": "spec__context",
    "batch": "spec__batch",
    "tokens": "spec__tokens",
    "seed": "spec__seed",
    "dropout": "spec__dropout",
    "params": "params",
    "steps": "steps",
    "step": "step",
    "loss": "held_out",
    "held": "held_out",
    "best": "best_held_out",
    "bits": "bits_per_byte",
    "said": "prediction",
    "run": "pk",
}
WORDS = {
    "family": "spec__family",
    "optimizer": "spec__optimizer",
    "optimiser": "spec__optimizer",
    "schedule": "spec__schedule",
    "corpus": "spec__corpus",
    "text": "spec__corpus",
    "task": "spec__task",
    "tokenizer": "spec__tokenizer",
    "lab": "lab",
    "state": "state",
    "measure": "measure",
}
SIGNS = {">": "__gt", "<": "__lt", ">=": "__gte", "<=": "__lte", ":": "", "=": ""}
FREE = ("spec__family", "spec__optimizer", "spec__corpus", "spec__task", "spec__tokenizer", "lab", "state")
"""Where a word without a name is looked for."""


def search(text: str) -> Q:
    """The filter; every word must fit. Raises UserError for a name or a number that means nothing."""
    return reduce(and_, (_term(word) for word in text.split()), Q())


def _term(word: str) -> Q:
    found = TERM.fullmatch(word)
    if not found:
        return _free(word)
    name, sign, value = found["name"].lower(), found["sign"], found["value"]
    if name in WORDS and sign in ":=":
        return Q(**{f"{WORDS[name]}__icontains": value})
    if name not in NUMBERS:
        names = ", ".join(sorted({*NUMBERS, *WORDS}))
        raise UserError(
            "unknown_search",
            _("“%(word)s” cannot be looked for.") % {"word": word},
            _("These can: %(names)s.") % {"names": names},
        )
    return Q(**{f"{NUMBERS[name]}{SIGNS[sign]}": _number(word, value, whole=NUMBERS[name] == "pk")})


def _number(word: str, value: str, *, whole: bool) -> float | int:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e15:
        raise UserError("not_a_number", _("“%(word)s”: write a number.") % {"word": word})
    return int(number) if whole or number.is_integer() else number


def _free(word: str) -> Q:
    """A run's number, or a part of family, optimiser, data, task or lab."""
    number = word.removeprefix("#")
    parts = [Q(**{f"{name}__icontains": word}) for name in FREE]
    labs = [slug for slug, lab in LABS.items() if word.lower() in str(lab.title).lower()]
    if labs:
        parts.append(Q(lab__in=labs))
    if number.isascii() and number.isdigit() and len(number) < 16:
        parts.append(Q(pk=int(number)))
    return reduce(or_, parts)
