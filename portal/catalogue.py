"""The Chinese catalogue: what the code and templates say, and whether all of it is translated.

Used by `manage.py messages` and by the tests. Babel in place of GNU gettext, so that nothing has to be installed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract as babel_extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT: Path = settings.BASE_DIR
PO: Path = ROOT / "portal" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")
PACKAGES = ("portal", "courses", "labs")
LEFT_OUT = {"tests", "testing", "migrations", "content"}

KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*\}")


def extract() -> Catalog:
    """Every message of Python code and templates, in the order of files, without translations."""
    catalogue = _empty()
    for path in _sources():
        place = (path.relative_to(ROOT).as_posix(), 0)
        for _line, text, comments, context in babel_extract("python", _python(path), KEYWORDS, ["Translators:"]):
            catalogue.add(text, None, [place], auto_comments=comments, context=context)
    return catalogue


def _empty() -> Catalog:
    return Catalog(
        locale="zh_Hans",
        header_comment="# The Chinese catalogue. `manage.py messages` brings it in step with code and templates.",
        project="Gradus",
        version="1",
        msgid_bugs_address="-",
        last_translator="Gradus",
        language_team="Chinese (Simplified)",
        charset="utf-8",
        fuzzy=False,
    )


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not LEFT_OUT & set(path.relative_to(ROOT).parts):
                yield path
    yield from sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"})


def _python(path: Path) -> io.BytesIO:
    """The file as Python. Django turns a template into calls amid rubble, which parses only without its indentation."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        lines = templatize(source, origin=str(path)).splitlines()
        source = "\n".join(line.strip() for line in lines) + "\n"
    return io.BytesIO(source.encode())


def read() -> Catalog:
    """The catalogue as it lies in the repository; an empty one when there is none yet."""
    if not PO.exists():
        return _empty()
    with PO.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def update() -> Catalog:
    """Bring .po and .mo in step with the code. Translations of messages that are still said are kept."""
    catalogue = read()
    created, revised = catalogue.creation_date, catalogue.revision_date
    catalogue.update(extract(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.creation_date, catalogue.revision_date = created, revised  # dates only make noise in a diff
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, catalogue, width=120, include_lineno=False)
    catalogue = read()
    MO.write_bytes(compiled(catalogue))
    return catalogue


def compiled(catalogue: Catalog) -> bytes:
    """The .mo file of `catalogue`."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def problems(catalogue: Catalog) -> list[str]:
    """What is missing or wrong in `catalogue`, one line a message; nothing for a complete one."""
    translated = {_key(message): message for message in catalogue if message.id}
    wanted = {_key(message) for message in extract() if message.id}
    found = [f"not in the catalogue: {key[1]!r}" for key in sorted(wanted - set(translated), key=str)]
    found += [f"no longer said: {key[1]!r}" for key in sorted(set(translated) - wanted, key=str)]
    found += [problem for message in translated.values() for problem in _problems_of(message)]
    return found


def _key(message: Message) -> tuple[str | None, Any]:
    return message.context, message.id


def _problems_of(message: Message) -> Iterator[str]:
    originals = [message.id] if isinstance(message.id, str) else list(message.id)
    translations = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    if message.fuzzy:
        yield f"fuzzy: {originals[0]!r}"
    if not all(translations):
        yield f"not translated: {originals[0]!r}"
        return
    for text in translations:
        if set(_PLACEHOLDER.findall(text)) != set(_PLACEHOLDER.findall(originals[-1])):
            yield f"other placeholders than the original: {originals[0]!r} → {text!r}"
        if (text[0] == "\n", text[-1] == "\n") != (originals[-1][0] == "\n", originals[-1][-1] == "\n"):
            yield f"other line breaks at the ends than the original: {originals[0]!r}"
