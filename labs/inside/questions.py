"""What may be asked of a run, and how: reads a question's parameters from a request. Called by services and the page.

Parameters are those of `trainer.probe.asking`. What is left out takes the question's own default; what is not known is
refused, so that one question has one key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from labs import wording
from portal.lib.errors import UserError

TEXT = 1_000
"""Characters of a text that is read; models see at most their context of it."""
WORDS = 400
WORD = 40
GROUPS = 8
PARTS = 64
PART_FIELDS = {"branch", "layer", "head", "side"}
KINDS = ("self", "cross", "source")
ATTENTIVE = ("gpt", "encoder", "seq2seq")
LAYERED = ("gpt", "encoder", "seq2seq", "rnn", "lstm")

TEXTUAL = {"text": True, "target": False, "step": False}
PARAMS: dict[str, dict[str, bool]] = {
    "attention": TEXTUAL,
    "head": TEXTUAL | {"kind": False, "layer": False, "head": False},
    "alignment": TEXTUAL,
    "next": TEXTUAL | {"position": False},
    "surprise": TEXTUAL,
    "lens": TEXTUAL,
    "ablation": {"step": False, "groups": False, "units": False},
    "gradients": TEXTUAL | {"text": False, "position": False, "units": False},
    "map": {"step": False, "words": False},
    "neighbours": {"text": True, "step": False, "count": False},
    "purity": {"step": False},
    "induction": {"step": False, "seed": False},
}
"""Of each question, the parameters that it knows, and whether it cannot do without."""


def asks(spec: Mapping[str, Any]) -> frozenset[str]:
    """The questions that a run of this recipe has answers to."""
    family, task = spec.get("family", "gpt"), spec.get("task", "language")
    found = {"map", "neighbours"}
    if spec.get("corpus") == "word-classes":
        found.add("purity")
    if task == "embed" or family not in LAYERED:
        return frozenset(found)
    found |= {"next", "lens", "gradients"}
    if task not in ("classify", "tag"):
        found.add("surprise")
    if family in ATTENTIVE:
        found |= {"attention", "head", "ablation"}
    if family == "gpt" and task == "language":
        found.add("induction")
    if family == "seq2seq":
        found.add("alignment")
    return frozenset(found)


def read(question: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a question, each of its type and within its bounds. Raises UserError with every wrong field."""
    known = PARAMS[question]
    params: dict[str, Any] = {}
    fields: dict[str, str] = {name: _("This question does not know it.") for name in values if name not in known}
    for name, needed in known.items():
        value = values.get(name)
        if value is None or (needed and value == ""):
            if needed:
                fields[name] = _("Write something for the model to read.")
            continue
        try:
            params[name] = READERS[name](value)
        except ValueError as error:
            fields[name] = str(error)
    if fields:
        raise UserError("invalid_question", _("The question cannot be asked like this."), fields=fields)
    return params


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > TEXT:
        raise ValueError(_("Write a text of at most %(number)s characters.") % {"number": wording.number(TEXT)})
    return value


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read_number(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            limits = {"low": wording.number(low), "high": wording.number(high)}
            raise ValueError(_("Choose a whole number from %(low)s to %(high)s.") % limits)
        return value

    return read_number


def _kind(value: Any) -> str:
    if value not in KINDS:
        raise ValueError(_("Choose one of: %(choices)s.") % {"choices": ", ".join(KINDS)})
    return str(value)


def _words(value: Any) -> list[str]:
    sound = isinstance(value, list) and len(value) <= WORDS
    if not sound or not all(isinstance(word, str) and 0 < len(word) <= WORD for word in value):
        limits = {"number": WORDS, "length": WORD}
        raise ValueError(_("Send a list of at most %(number)s words of at most %(length)s characters.") % limits)
    return list(dict.fromkeys(value))


def _groups(value: Any) -> list[list[dict[str, Any]]]:
    """Lists of parts. The probe itself knows which parts the model has."""
    sound = isinstance(value, list) and 0 < len(value) <= GROUPS
    if not sound or not all(isinstance(group, list) and 0 < len(group) <= PARTS for group in value):
        raise ValueError(_("Send lists of the parts to switch off."))
    if not all(_sound_part(part) for group in value for part in group):
        raise ValueError(_("Name each part by its branch, layer, head and side."))
    return [sorted(group, key=lambda part: sorted(map(str, part.items()))) for group in value]


def _sound_part(part: Any) -> bool:
    if not isinstance(part, dict) or not {"branch", "layer"} <= set(part) <= PART_FIELDS:
        return False
    numbers = (part["layer"], part.get("head"))
    names = (part["branch"], part.get("side", "target"))
    whole = all(number is None or (isinstance(number, int) and not isinstance(number, bool)) for number in numbers)
    return whole and numbers[0] is not None and all(isinstance(name, str) for name in names)


READERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "target": _text,
    "step": _whole(0, 10_000_000),
    "kind": _kind,
    "layer": _whole(0, 63),
    "head": _whole(0, 63),
    "position": _whole(-1_024, 1_023),
    "words": _words,
    "count": _whole(1, 50),
    "units": _whole(1, 64),
    "seed": _whole(0, 2**31 - 1),
    "groups": _groups,
}
"""Raise ValueError, whose text says what is wrong."""
