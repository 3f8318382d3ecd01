"""Django's translation catalogues as real text in many languages. Called by `languages` and `translation`.

Django is found, never imported: `trainer` works without it, and then says that these corpora are not there.
"""

from __future__ import annotations

import re
import struct
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from trainer.corpora.base import CorpusError

MAGIC = 0x950412DE
"""First word of a compiled catalogue (GNU gettext manual, "The Format of GNU MO Files")."""

MARKED = re.compile(r"%[(\w]|[{}<>\\]|\n")
"""Placeholders, markup and line breaks: what is not plain text in one language."""


def source(corpus: str) -> Path:
    """Where Django is installed. Raises CorpusError not_installed, naming the corpus that asked."""
    spec = find_spec("django")
    if spec is None or not spec.submodule_search_locations:
        raise CorpusError("not_installed", {"corpus": corpus, "package": "django"})
    return Path(spec.submodule_search_locations[0])


@cache
def locales(root: Path) -> tuple[str, ...]:
    """Names of the languages that Django is translated into, as its folders write them: de, pt_BR, zh_Hans."""
    return tuple(sorted(path.parts[-3] for path in root.glob("conf/locale/*/LC_MESSAGES/django.mo")))


@cache
def messages(root: Path, locale: str) -> dict[str, str]:
    """English messages and their translations, without those that hold placeholders or markup; the first of equals."""
    found: dict[str, str] = {}
    paths = sorted(root.glob(f"conf/locale/{locale}/LC_MESSAGES/*.mo"))
    paths += sorted(root.glob(f"contrib/*/locale/{locale}/LC_MESSAGES/*.mo"))
    for path in paths:
        for message, translation in read_mo(path.read_bytes()).items():
            if translation and not MARKED.search(message) and not MARKED.search(translation):
                found.setdefault(message, translation)
    return found


def read_mo(data: bytes) -> dict[str, str]:
    """Messages and translations of a compiled catalogue in UTF-8: singular forms, contexts left out.

    Raises ValueError for what is no catalogue.
    """
    if len(data) < 28:
        raise ValueError("no catalogue")
    order = "<" if struct.unpack_from("<I", data)[0] == MAGIC else ">"
    magic, _version, count, keys, values = struct.unpack_from(f"{order}5I", data)
    if magic != MAGIC:
        raise ValueError("no catalogue")
    found: dict[str, str] = {}
    for i in range(count):
        message, translation = (_entry(data, order, table + 8 * i) for table in (keys, values))
        message = message.rpartition("\x04")[2]
        if message:  # the empty one is the catalogue's own header
            found.setdefault(message, translation)
    return found


def _entry(data: bytes, order: str, at: int) -> str:
    length, start = struct.unpack_from(f"{order}2I", data, at)
    return data[start : start + length].decode("utf-8").partition("\0")[0]
