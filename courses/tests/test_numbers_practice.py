"""The chapter "practice": every cost, bound and break-even is computed again; both languages say so."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from courses.tests.chapter_reading import LANGUAGES, block, missing, quiz_of, right_texts

CHAPTER = "practice"
USE = {"requests": 20_000, "read": 1_500, "write": 300, "check": 30, "wage": 40, "harm": 5}
SMALL, LARGE = {"read": 0.5, "write": 2, "error": 0.02}, {"read": 5, "write": 20, "error": 0.01}


def parts(use: Mapping[str, float], model: Mapping[str, float]) -> tuple[float, float, float]:
    """Model, checking and errors of one request."""
    tokens = (use["read"] * model["read"] + use["write"] * model["write"]) / 1e6
    return tokens, use["check"] / 3600 * use["wage"], model["error"] * use["harm"]


def bound(tests: int) -> float:
    """Largest share of errors, in percent, that tests without one leave possible at 95 %."""
    return float(100 * (1 - 0.05 ** (1 / tests)))


def test_the_month_of_the_support_team() -> None:
    small, large = parts(USE, SMALL), parts(USE, LARGE)
    assert not missing(CHAPTER, *(f"{part:.5f}" for part in small))
    totals = [round(USE["requests"] * sum(model)) for model in (small, large)]
    assert totals == [8_694, 7_937]
    assert not missing(CHAPTER, "8,694", "6,667", f"{totals[0] - totals[1]}", "0.01215", "1.215")
    assert f"{large[0] - small[0]:.5f}" == "0.01215"
    assert math.isclose((large[0] - small[0]) / (SMALL["error"] - LARGE["error"]), 1.215)
    assert math.isclose(block(CHAPTER, "en", "share")["answer"], 100 * small[0] / sum(small), abs_tol=0.02)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_widget_starts_with_the_team(language: str) -> None:
    data = block(CHAPTER, language, "cost-calculator")["data"]
    assert (data["start"], data["small"], data["large"]) == (USE, SMALL, LARGE)


def test_search_machine_filter_and_bounds() -> None:
    assert (20_000 * 20_000 * 0.5 / 1e6, 20_000 * 3 * 300 * 0.5 / 1e6) == (200, 9)
    month = 2 * 24 * 30
    requests = month / parts(USE, SMALL)[0]
    assert not missing(CHAPTER, f"{month:,}", f"{month * 3600 / 2 / requests:.1f}", f"{100 * (1 - 0.95**100):.1f}")
    assert round(requests) == 1_066_667
    assert not missing(CHAPTER, *(f"{bound(tests):.2f}" for tests in (100, 300)), f"{bound(10):.1f}")


def test_right_answers_are_right() -> None:
    questions = quiz_of(CHAPTER)
    answers = {
        "sixty": bound(60),
        "monthly": 10_000 * (3_000 * 1 + 1_000 * 6) / 1e6,
        "break-even": 1_200 / 0.004,
        "filter": 100 * (1 - 0.99**100),
    }
    for name, value in answers.items():
        assert math.isclose(questions[name]["answer"], value, abs_tol=questions[name]["tolerance"] / 2 + 1e-6), name
    assert right_texts(questions["error-cost"]) == [f"{(0.022 - 0.002) / (0.03 - 0.02):.0f} dollars"]
    assert right_texts(block(CHAPTER, "en", "dearer"))[0].startswith(f"It costs {5 * 0.002 + 0.5 / 2:.2f}")
