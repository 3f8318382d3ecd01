"""The chapter "why": the trainer's own n-gram fills the widget, two formulas give every cost; both languages say so."""

from __future__ import annotations

import math
import re
from functools import cache

import numpy as np
import pytest

from courses.tests.chapter_reading import COURSE, LANGUAGES, block, missing, quiz_of, right_texts, text_of
from trainer.corpora import corpus_text
from trainer.ngram import Floats, Ids, KneserNey
from trainer.spec import RunSpec
from trainer.tokenizer import Words

CHAPTER = "why"
CORPORA = {"en": "stories", "zh-hans": "stories-zh"}
GLUE = "￭"
RATE, WATTS, DOLLARS = 4e14, 700, 2
YEAR, HOUR = 365.25 * 86400, 3600
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
LARGEST = 6 * 405e9 * 15.6e12


class Counted:
    """A trigram of nine tenths of a corpus, in whole stories, and the rest."""

    def __init__(self, name: str) -> None:
        """Count."""
        text = corpus_text(name)
        cut = text.rindex("\n\n", 0, len(text) * 9 // 10) + 2
        self.stories = text[cut:].split("\n\n")
        self.words = Words.fit(text[:cut], vocab_size=10**6)
        self.model = KneserNey(self.words.encode(text[:cut]), vocab_size=self.words.vocab_size, order=3)
        self.held_out: Ids = self.words.encode(text[cut:])

    def shares(self, *before: int) -> Floats:
        """What it gives to every word after these two."""
        size = self.words.vocab_size
        return self.model.probabilities(np.tile(np.array(before), (size, 1)), np.arange(size))

    def after(self, text: str, word: str) -> float:
        """P(word | the two words of the text)."""
        before, asked = self.words.encode(text), self.words.encode(word)
        return float(self.shares(*before.tolist())[asked[0]])

    def right(self) -> float:
        """Share of the words of the rest that it names."""
        size, ids = self.words.vocab_size, self.held_out
        pairs, places = np.unique(ids[:-2] * size + ids[1:-1], return_inverse=True)
        best = np.array([self.shares(int(pair) // size, int(pair) % size).argmax() for pair in pairs])
        return float((best[places] == ids[2:]).mean())


@cache
def counted(language: str) -> Counted:
    """The model of a language's widget."""
    return Counted(CORPORA[language])


def power(value: float, decimals: int = 1) -> str:
    """As "3.8 · 10²⁵"."""
    digits, exponent = f"{value:.{decimals}e}".split("e")
    return f"{digits} · 10{str(int(exponent)).translate(SUPERSCRIPTS)}"


def test_the_opening_guess_is_how_often_the_trigram_is_right() -> None:
    for language in LANGUAGES:
        opening = block(CHAPTER, language, "opening")
        assert opening["answer"] == round(100 * counted("en").right())
        assert f"{round(100 * counted('zh-hans').right())} %" in opening["reveal"]


def test_the_shares_of_the_text_are_the_trigrams() -> None:
    english = counted("en")
    sea, kitchen = english.after("by the", "sea"), english.after("by the", "kitchen")
    window = english.after("the kitchen", "window")
    assert not missing(CHAPTER, f"{sea:.3f}", f"{kitchen:.3f}", f"{1 - sea - kitchen:.3f}", f"{window:.3f}")
    assert not missing(CHAPTER, f"{0.319 * 0.996:.3f}")
    found = [f"{english.after('found the', word):.3f}" for word in ("wooden", "green", "copper")]
    assert found == ["0.089", "0.089", "0.068"]
    assert not missing(CHAPTER, *found)


def test_what_the_check_says_of_two_characters_is_the_trigrams() -> None:
    shares = [f"{counted('zh-hans').after('上去', word):.3f}" for word in "还过"]
    assert all(share in block(CHAPTER, "zh-hans", "sea")["prompt"] for share in shares)
    text = corpus_text("stories-zh")
    assert text.count("看上去还是不对") == text.count("上去还")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_widget_plays_the_second_story_with_the_trigrams_shares(language: str) -> None:
    """What the widget holds is exactly what this computes; a failure here shows the numbers to put in."""
    model, data = counted(language), block(CHAPTER, language, "next-word")["data"]
    places, past = data["places"], ""
    for place in places:
        past += place["before"]
        history = model.words.encode(f"{model.stories[0]}\n\n{past}".rstrip(" "))[-2:]
        shares = model.shares(*history.tolist())
        names = [model.words.token_text(token).replace(GLUE, "") for token in range(model.words.vocab_size)]
        order = np.argsort(-shares, kind="stable")
        asked = place["options"][place["right"]]
        likeliest = [names[token] for token in order if names[token] != asked][:3]
        assert sorted(likeliest) == sorted(set(place["options"]) - {asked})
        for name, share in zip(place["options"], place["shares"], strict=True):
            assert share == pytest.approx(max(shares[i] for i, each in enumerate(names) if each == name), abs=6e-4)
        past += asked
    assert past + data["after"] == model.stories[1]
    said = [place["shares"].index(max(place["shares"])) == place["right"] for place in places]
    assert (len(places), sum(said)) == (8, 3)


@pytest.mark.parametrize(
    ("weights", "tokens", "row"),
    [
        (175e9, 300e9, "3.15 · 10²³"),
        (70e9, 2.0e12, "8.4 · 10²³"),
        (37e9, 14.8e12, "3.3 · 10²⁴"),
        (405e9, 15.6e12, "3.8 · 10²⁵"),
    ],
)
def test_training_takes_six_operations_a_weight_and_token(weights: float, tokens: float, row: str) -> None:
    assert power(6 * weights * tokens, 2 if "3.15" in row else 1) == row
    assert not missing(CHAPTER, row)


def test_the_labs_preset_stands_in_the_table() -> None:
    spec = RunSpec()
    operations = 6 * spec.parameter_count(103) * spec.tokens
    row = f"| {spec.parameter_count(103):,} | {spec.tokens:,} | {power(operations)} |"
    assert all(row in text_of(CHAPTER, language) for language in LANGUAGES)
    assert spec.flops(103) == pytest.approx(operations, rel=0.1)  # the trainer counts attention too
    assert round(math.log10(LARGEST / operations)) == 14


def test_years_money_and_energy_follow_from_the_assumptions() -> None:
    seconds = LARGEST / RATE
    assert f"{seconds:.1e}" == "9.5e+10"
    assert round(seconds / YEAR, -2) == 3000
    assert round(seconds / 16_384 / 86_400) == 67
    assert round(seconds / HOUR / 1e6) == 26
    assert round(seconds / HOUR * DOLLARS / 1e6) == 53
    energy = seconds * WATTS / 3.6e6
    assert round(energy / 1e6) == 18
    assert round(energy / 3500, -2) == 5300
    assert round(100 * (1 - seconds / HOUR / 30.84e6)) == 15
    assert f"{2.788 * DOLLARS:.3f}" == "5.576"
    assert not missing(CHAPTER, "3,000", "67", "5,300", "15 %")


def test_use_takes_two_operations_a_weight_and_token() -> None:
    operations = 2 * 70e9 * 2000
    seconds = operations / RATE
    assert not missing(CHAPTER, power(operations), f"{seconds:.1f}", f"{seconds * WATTS:.0f} J")
    assert not missing(CHAPTER, f"{seconds * WATTS / HOUR:.2f} Wh", f"{10 * seconds * WATTS / HOUR:.1f} Wh")
    million = 1e6 * 2 * 70e9 / (RATE / 10) / HOUR * DOLLARS
    tokens = 1000 * 20 * 2000 * 20
    assert (f"{million:.2f}", tokens, tokens / 1e6 * DOLLARS) == ("1.94", 800e6, 1600)
    assert not missing(CHAPTER, "1.94", "1,600")
    assert round(3 * 15.6) == 47


def test_the_figure_draws_the_table() -> None:
    drawing = (COURSE / CHAPTER / "figures" / "flops.svg").read_text(encoding="utf-8")
    lines = [float(x) for x in re.findall(r'<line[^>]* x1="([\d.]+)"', drawing)]
    rects = re.findall(r'<rect[^>]* x="([\d.]+)"[^>]* width="([\d.]+)"', drawing)
    bars = [(float(x), float(width)) for x, width in rects]
    step = (lines[-1] - lines[0]) / 16
    expected = [6 * 111_488 * 512_000, 3.15e23, 6 * 70e9 * 2e12, 6 * 37e9 * 14.8e12, LARGEST]
    assert [10 + width / step for _, width in bars] == pytest.approx([math.log10(each) for each in expected], abs=0.02)
    assert all(x == lines[0] for x, _ in bars)


def test_guessing_pays_by_the_rule_of_the_text() -> None:
    assert right_texts(block(CHAPTER, "en", "penalty")) == [f"−{abs(0.25 - 0.75):.2f}"]
    assert quiz_of(CHAPTER)["threshold"]["answer"] == 100 * 4 / (1 + 4)


def test_the_numbers_of_the_quiz() -> None:
    quiz = quiz_of(CHAPTER)
    assert quiz["chain"]["answer"] == pytest.approx(0.3 * 0.5 * 0.8)
    assert quiz["six-nd"]["answer"] == pytest.approx(6 * 8e9 * 15e12 / 1e23)
    assert quiz["gpu-hours"]["answer"] == pytest.approx(7.2e23 / RATE / HOUR / 1000)
    small, large = 2 * 8e9 * 4000, 2 * 70e9 * 500
    assert 0.9 * large < small < large
