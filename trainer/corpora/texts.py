"""Texts that come with Python: documentation topics, library source, names of characters. Called by the registry."""

from __future__ import annotations

import sysconfig
import unicodedata
from pathlib import Path
from pydoc_data import topics as python_topics

from trainer.corpora.base import Corpus

SOURCE_CAP = 2_000_000
"""Characters of library source, at most; whole files only."""

SOURCE_LEAST = 500_000
"""With fewer characters than this, the sources have been stripped."""

LAST_NAMED = 0x3000
"""Names below this: after it come the thousands that only count, as CJK UNIFIED IDEOGRAPH-4E00."""


def python_docs() -> str:
    """The topics behind help(). Differs a little between Python versions; its hash is part of a run's identity."""
    return "\n".join(text.strip("\n") + "\n" for _, text in sorted(python_topics.topics.items()))


def python_source() -> str:
    """Modules of the standard library that are one file, in the order of their names, up to SOURCE_CAP.

    Private modules are left out: some are written by the build and name the machine. Where an image has stripped the
    sources, the documentation topics stand in.
    """
    parts: list[str] = []
    size = 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("[!_]*.py")):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if size + len(text) > SOURCE_CAP:
            break
        parts.append(text.strip("\n") + "\n")
        size += len(text)
    return "\n\n".join(parts) if size >= SOURCE_LEAST else python_docs()


def unicode_names() -> str:
    """Names of characters, one a line, in the order of their code points."""
    names = (unicodedata.name(chr(point), "") for point in range(LAST_NAMED))
    return "\n".join(name for name in names if name) + "\n"


PYTHON_DOCS = Corpus(
    name="python-docs",
    title="Python documentation topics",
    licence="PSF-2.0",
    origin="The topics behind help() in CPython (pydoc_data.topics), from the Python that runs this",
    description="English prose about a programming language, with its grammar and examples.",
    kind="text",
    tasks=("language", "masked", "embed"),
    languages=("en",),
    generated=False,
    default_tokenizer="characters",
    build=python_docs,
)
PYTHON_SOURCE = Corpus(
    name="python-source",
    title="Python library source",
    licence="PSF-2.0",
    origin="Single-file modules of CPython's standard library, from the Python that runs this",
    description="Program code: indentation, names and brackets that must match.",
    kind="text",
    tasks=("language", "masked", "embed"),
    languages=("en",),
    generated=False,
    default_tokenizer="bpe",
    build=python_source,
)
UNICODE_NAMES = Corpus(
    name="unicode-names",
    title="Names of characters",
    licence="Unicode-3.0",
    origin="The Unicode Character Database in CPython (unicodedata), names below U+3000",
    description="Short lines in capitals: a model soon invents names that do not exist.",
    kind="text",
    tasks=("language", "masked", "embed"),
    languages=("en",),
    generated=False,
    default_tokenizer="characters",
    build=unicode_names,
)
