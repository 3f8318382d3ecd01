"""Three splits of one text, one of which leaks: part of what is held out is in the training part too. For the lab on
evaluation, whose readers find out which. Called by the registry.

A text's last tenth is held out (`trainer.tasks.texts`), so a split is made by the order of the text.
"""

from __future__ import annotations

from collections.abc import Callable

from trainer.corpora.base import Corpus
from trainer.corpora.texts import PYTHON_DOCS, python_docs

CHARACTERS = 60_000
"""Short enough to be read several times in a run: what is seen twice is learnt."""
TENTH = CHARACTERS // 10


def whole() -> str:
    """The text that all three are about."""
    return python_docs()[:CHARACTERS]


def last_tenth() -> str:
    """Held out: the last tenth."""
    return whole()


def last_tenth_again() -> str:
    """Held out: the last tenth, which is also at the front, in the place of what stood there."""
    text = whole()
    return text[-TENTH:] + text[TENTH:]


def first_tenth() -> str:
    """Held out: the first tenth."""
    text = whole()
    return text[TENTH:] + text[:TENTH]


def _split(letter: str, build: Callable[[], str]) -> Corpus:
    return Corpus(
        name=f"docs-split-{letter.lower()}",
        title=f"Documentation, split {letter}",
        licence=PYTHON_DOCS.licence,
        origin=PYTHON_DOCS.origin,
        description="60,000 characters of English prose, one tenth held out. Of three such splits one leaks.",
        kind="text",
        tasks=("language", "masked"),
        languages=("en",),
        generated=False,
        default_tokenizer="characters",
        named_only=True,
        build=build,
    )


SPLITS = (_split("A", last_tenth), _split("B", last_tenth_again), _split("C", first_tenth))
