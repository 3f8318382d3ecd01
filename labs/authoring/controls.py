"""Which controls a lab shows, chosen by place instead of in the file. Called by services and selectors.

Only the two lines of lab.yaml that say so change; everything else of the file, comments too, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labs.catalogue import SPEC_FIELDS
from labs.faces import FACES
from labs.lab import Lab
from portal.lib.errors import UserError

SHOWN, MORE, HIDDEN = "shown", "more", "hidden"
PLACES: dict[str, Promise] = {
    SHOWN: gettext_lazy("in front"),
    MORE: gettext_lazy("behind “more”"),
    HIDDEN: gettext_lazy("hidden, part of the link"),
}
"""Where a control can be."""
APART = ("task", "seed")
"""What a lab's own page places."""
OPTIONS = "options"


@dataclass(frozen=True, kw_only=True)
class Control:
    """One field of a recipe, and where the lab has it."""

    name: str
    label: Promise | str
    place: str


def controls(lab: Lab) -> list[Control]:
    """Every control that a lab can place, those in front first."""
    names = [*lab.knobs, *lab.more, *(name for name in (*FACES, OPTIONS) if name not in (*lab.knobs, *lab.more))]
    place = dict.fromkeys(lab.more, MORE) | dict.fromkeys(lab.knobs, SHOWN)
    return [
        Control(name=name, label=label_of(name), place=place.get(name, HIDDEN))
        for name in names
        if name in SPEC_FIELDS and name not in APART
    ]


def label_of(name: str) -> Promise | str:
    """What a control is called on the page."""
    return FACES[name].label if name in FACES else gettext_lazy("Settings of the text")


def placed(text: str, lab: Lab, places: Mapping[str, str]) -> str:
    """lab.yaml with its controls where `places` says; what it does not name stays. Raises UserError
    `invalid_request`, `not_in_lines` for a file that lists its controls in another form.
    """
    wanted = {control.name: places.get(control.name, control.place) for control in controls(lab)}
    if strange := sorted(set(wanted.values()) - PLACES.keys()):
        raise UserError("invalid_request", _("There is no such place: %(place)s.") % {"place": strange[0]})
    for field in (SHOWN, MORE):
        text = _with_line(text, field, [name for name, place in wanted.items() if place == field])
    return text


def _with_line(text: str, field: str, names: Iterable[str]) -> str:
    """One list of the file anew."""
    line = f"{field}: [{', '.join(names)}]"
    found = re.findall(rf"^{field}:.*$", text, re.MULTILINE)
    if not found:
        return f"{text.rstrip()}\n{line}\n"
    if len(found) > 1 or not re.fullmatch(rf"{field}: *\[[^\]#]*\] *", found[0]):
        reason = _("The controls are not listed in one line of lab.yaml: change them there.")
        raise UserError("not_in_lines", reason)
    return text.replace(found[0], line, 1)
