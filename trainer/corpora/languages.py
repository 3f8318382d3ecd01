"""Language identification on real text: Django's messages in its many languages. Called by the registry."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

from trainer.corpora import catalogues
from trainer.corpora.base import Corpus, Examples, Labelled, Limits, part_of, words
from trainer.corpora.draws import HELD_OUT, SLICE, Draws, Share

FIRST = words(
    """en zh_Hans de fr es ru ja ar pt ko it nl pl tr sv el he hi vi uk cs fi hu th fa id ro bg da ta ka hy sr
    mn lt lv et sk sl hr ca eu gl ga cy is mk sq az kk"""
)
"""Languages by their turn to be taken; then come all others, by name."""

LEAST_LETTERS = 6
"""Shorter messages belong to no language in particular."""

SHORT, LONG = 20, 60
"""Characters up to which a message is in the slice `short`, and from which in `long`."""

NAME = "languages"


def build(*, seed: int, size: int, languages: int) -> Examples:
    """Messages of the first `languages` languages, as many of each as there are; training takes `size` of them, or
    all that there are.
    """
    held_out = _drawn(seed, languages, Share.HELD_OUT)
    return Examples(
        kind="labelled",
        train=_drawn(seed, languages, Share.TRAIN)[:size],
        held_out=held_out[:HELD_OUT],
        slices={
            "short": tuple(example for example in held_out if len(example.text) <= SHORT)[:SLICE],
            "long": tuple(example for example in held_out if len(example.text) >= LONG)[:SLICE],
        },
    )


def hide(*, seed: str, size: int, languages: int) -> tuple[Labelled, ...]:
    """Messages that neither train nor are held out. They are public all the same: whoever has Django has them."""
    return _drawn(seed, languages, Share.HIDDEN)[:size]


def _drawn(seed: int | str, languages: int, share: tuple[float, float]) -> tuple[Labelled, ...]:
    """All messages of a share in random order, a round of all languages after the other."""
    low, high = share
    rows: list[list[Labelled]] = []
    for i, examples in enumerate(_examples(catalogues.source(NAME), languages)):
        inside = [example for example in examples if low <= part_of(example) < high]
        rows.append(Draws(NAME, seed, i).shuffled(inside))
    longest = max(map(len, rows))
    return tuple(row[i] for i in range(longest) for row in rows if i < len(row))


@cache
def _examples(root: Path, languages: int) -> tuple[tuple[Labelled, ...], ...]:
    """Messages of each language; one that is the same in two of them is left out."""
    known = ("en", *catalogues.locales(root))
    order = dict.fromkeys([name for name in FIRST if name in known] + list(known))
    texts = [(locale, _texts(root, locale)) for locale in list(order)[:languages]]
    shared = Counter(text for _, found in texts for text in found)
    return tuple(
        tuple(Labelled(text, locale.replace("_", "-")) for text in found if shared[text] == 1)
        for locale, found in texts
    )


def _texts(root: Path, locale: str) -> list[str]:
    """Different messages of a language; those of English are what German ones translate."""
    found = catalogues.messages(root, "de" if locale == "en" else locale)
    texts = dict.fromkeys(found if locale == "en" else found.values())
    least = LEAST_LETTERS // 2 if locale in ("zh_Hans", "zh_Hant", "ja", "ko") else LEAST_LETTERS
    return [text for text in texts if sum(map(str.isalpha, text)) >= least]


LANGUAGES = Corpus(
    name=NAME,
    title="Languages",
    licence="BSD-3-Clause",
    origin="Translation catalogues of the installed Django: the work of its translators",
    description="Real interface messages in twenty and more languages: which one is this?",
    kind="labelled",
    tasks=("classify",),
    languages=tuple(name.replace("_", "-") for name in FIRST),
    generated=True,
    default_tokenizer="characters",
    options={"size": Limits(100, 60_000, 4_000), "languages": Limits(2, 100, 20)},
    build=build,
    hide=hide,
)
