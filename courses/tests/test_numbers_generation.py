"""Recomputes the worked numbers of the chapter "Generating text", with the sampling code of the trainer itself."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from django.conf import settings

from courses.tests.chapter_reading import COURSE, LANGUAGES, block, missing, quiz_of, right_texts, text_of
from labs.deploy.parsing import MOST_CHARACTERS, MOST_TOKENS
from labs.writing import LIMIT_S
from trainer.sample import next_probabilities
from trainer.spec import RunSpec

CHAPTER = "generation"
SCORES = Path(__file__).resolve().parents[2] / "static" / "js" / "widgets" / "sampling-logits.js"
FIVE = [math.log(share) for share in (1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16)]


def right(name: str) -> str:
    """The right choice of a check or question, in English."""
    body = quiz_of(CHAPTER).get(name) or block(CHAPTER, "en", name)
    return right_texts(body)[0]


def drawn_by(logits: list[float], *, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> list[float]:
    """Probabilities that the trainer draws by."""
    row = torch.tensor([logits], dtype=torch.double)
    shares: list[float] = next_probabilities(row, temperature=temperature, top_k=top_k, top_p=top_p)[0].tolist()
    return shares


def stored(name: str) -> Any:
    """A constant of the widget's data."""
    found = re.search(rf"export const {name} = (\[.*?\n\]);", SCORES.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return json.loads(re.sub(r"^\[ // .*$", "[", found[1], flags=re.MULTILINE))


def percent(value: float) -> str:
    return f"{math.floor(1000 * value + 0.5) / 10:.1f} %"


def kept(shares: list[float]) -> int:
    return sum(share > 0 for share in shares)


def lacks(part: str) -> list[str]:
    """Languages whose text does not hold this string."""
    return [language for language in LANGUAGES if part not in text_of(CHAPTER, language)]


def test_a_rare_misfit_is_likely_in_a_long_text() -> None:
    good = 0.98**100
    assert f"{good:.3f}" == "0.133"
    assert block(CHAPTER, "en", "tail")["answer"] == pytest.approx(100 * (1 - good), abs=0.05)
    assert not missing(CHAPTER, "0.133", percent(1 - good))


def test_greedy_misses_the_likeliest_text() -> None:
    assert [f"{0.6 * 0.3:.2f}", f"{0.4 * 0.9:.2f}"] == ["0.18", "0.36"]
    assert not missing(CHAPTER, "0.18", "0.36")
    texts = {"a": (0.5, 0.2), "the": (0.3, 0.6), "no": (0.2, 0.95)}
    beams = sorted(texts, key=lambda name: -texts[name][0])[:2]
    best = max(beams, key=lambda name: math.prod(texts[name]))
    assert f"“{best}”" in right("greedy-text")
    assert max(texts, key=lambda name: math.prod(texts[name])) == "no"
    assert [f"{math.prod(pair):.2f}" for pair in texts.values()] == ["0.10", "0.18", "0.19"]


@pytest.mark.parametrize("temperature", ["0.5", "1", "2"])
def test_the_table_of_temperatures(temperature: str) -> None:
    powers = [math.exp(score) ** (1 / float(temperature)) for score in FIVE]
    shares = drawn_by(FIVE, temperature=float(temperature))
    assert shares == pytest.approx([power / sum(powers) for power in powers])
    assert not lacks(f"| {temperature} | {' | '.join(map(percent, shares))} |")


def test_squares_by_hand() -> None:
    assert sum(share**2 for share in (1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16)) == 86 / 256
    assert percent(64 / 86) == "74.4 %"


def test_cuts_by_hand() -> None:
    assert drawn_by(FIVE, top_k=2) == pytest.approx([2 / 3, 1 / 3, 0, 0, 0])
    assert drawn_by(FIVE, top_p=0.8) == pytest.approx([4 / 7, 2 / 7, 1 / 7, 0, 0])
    assert (kept(drawn_by(FIVE, temperature=2, top_p=0.8)), kept(drawn_by(FIVE, top_p=0.8))) == (4, 3)


def test_the_nucleus_of_the_check() -> None:
    shares = drawn_by([math.log(p) for p in (0.35, 0.30, 0.20, 0.10, 0.05)], top_p=0.6)
    assert right("nucleus") == f"{kept(shares)}, and it becomes {shares[0]:.2f}"
    assert f"{shares[0]:.3f}" == "0.538"


def test_the_stored_scores_say_what_the_table_says() -> None:
    tokens, logits = stored("tokens"), stored("logits")
    for beginning, scores in zip(stored("beginnings"), logits, strict=True):
        shares = drawn_by(scores)
        order = sorted(range(len(shares)), key=lambda place: -shares[place])
        likeliest = [f"`{tokens[place].replace(' ', '␣')}` {percent(shares[place])}" for place in order[:3]]
        cells = [percent(sum(shares[place] for place in order[:10])), str(kept(drawn_by(scores, top_p=0.9)))]
        for language, gap in zip(LANGUAGES, (", ", "、"), strict=True):
            row = [beginning["text"], gap.join(likeliest), *cells]
            assert f"| {' | '.join(row)} |" in text_of(CHAPTER, language)


def test_the_goal_of_the_widget_needs_a_share_and_no_count() -> None:
    goal = block(CHAPTER, "en", "sampling")["data"]["goal"]
    logits = stored("logits")

    def reached(**settings: Any) -> bool:
        counts = [kept(drawn_by(scores, **settings)) for scores in logits]
        return bool(counts[goal["sure"]] <= goal["most"] and counts[goal["open"]] >= goal["least"])

    assert reached(top_p=0.9)
    assert not any(reached(top_k=k) for k in range(1, 512))


def test_the_size_of_the_model_of_the_widget() -> None:
    assert RunSpec(tokenizer="bpe", vocab_size=512).parameter_count(512) == 163_840
    assert not missing(CHAPTER, "163,840")


def test_measured_samples_stand_in_both_languages() -> None:
    for row in (
        "90.9 % | 12.9 % | 12.1 % |",
        "| $\\tau = 0.3$ | 92.2 % | 56.1 % | 0.7 % |",
        "| $\\tau = 0.7$ | 82.5 % | 88.3 % | 0.0 % |",
        "| $\\tau = 1$, $p = 0.9$ | 77.3 % | 93.7 % | 0.0 % |",
        "| $\\tau = 1$ | 70.8 % | 94.2 % | 0.0 % |",
        "| $\\tau = 1.5$ | 51.2 % | 98.5 % | 0.0 % |",
    ):
        assert not lacks(row)


def test_positions_with_and_without_a_cache() -> None:
    without, cached = sum(range(100, 200)), 100 + 99
    assert (f"{without:,}".replace(",", "{,}"), cached, without // cached) == ("14{,}950", 199, 75)
    assert not lacks("14{,}950")
    assert f"{563 / 92:.1f}" == "6.1"
    assert quiz_of(CHAPTER)["positions"]["answer"] == sum(range(50, 100))


def test_memory_of_the_cache() -> None:
    of_a_token = 2 * 32 * 4096 * 2
    assert (of_a_token, of_a_token * 4096) == (2**19, 2 * 2**30)
    assert 10 * of_a_token * 4096 > 7e9 * 2
    assert not lacks("524{,}288")
    other = 2 * 24 * 1024 * 2
    assert (f"{other:,}", right("kv-size")) == ("98,304", f"{other * 2000 / 1e6:.0f} MB")
    assert (f"{other / 2 * 2000 / 1e6:.0f}", f"{other * 2000**2 / 1e9:.0f}") == ("98", "393")


def test_times_of_a_request() -> None:
    assert f"{0.4 + 299 * 0.025:.1f}" == "7.9"
    assert [f"{size / 2000e9 * 1000:g}" for size in (7e9 * 2, 7e9 / 2)] == ["7", "1.75"]
    assert round(2000 / 14) == 143
    assert round(1510 / 64) == 24
    assert not missing(CHAPTER, "7.9", "143", "1.75", "1,510", "453", "24")
    assert quiz_of(CHAPTER)["total-time"]["answer"] == pytest.approx(0.6 + 200 * 0.02)


def test_the_queue() -> None:
    waits = {rho: rho / (1 - rho) for rho in (0.5, 0.8, 0.9, 0.95)}
    assert list(waits.values()) == pytest.approx([1, 4, 9, 19])
    assert 0.95 / 0.8 - 1 < 1 / 5
    assert right("wait") == f"{3 * 0.75 / 0.25:.0f} s"
    assert right("queue-wait") == f"from {2 * waits[0.8]:.0f} to {2 * waits[0.9]:.0f} s"
    drawing = (COURSE / CHAPTER / "figures" / "waiting.svg").read_text(encoding="utf-8")
    marks = re.findall(r'<circle [^>]*cx="([\d.]+)" cy="([\d.]+)"', drawing)
    drawn = [((float(x) - 40) / 400, (222 - float(y)) / 210 * 20) for x, y in marks]
    assert drawn == [pytest.approx(point, abs=0.01) for point in waits.items()]


def let_through(holds: int, every_s: float, bursts: list[tuple[float, int]]) -> list[int]:
    """How many of each burst (time, requests) pass a token bucket that is full at 0."""
    permits, before, passed = float(holds), 0.0, []
    for at, requests in bursts:
        permits = min(holds, permits + (at - before) / every_s)
        before = at
        passed.append(min(requests, int(permits)))
        permits -= passed[-1]
    return passed


def test_the_token_bucket() -> None:
    assert let_through(5, 12, [(0, 8), (30, 8)]) == [5, 2]
    passed = let_through(10, 6, [(0, 14), (20, 14)])
    assert (passed, right("bucket")) == ([10, 3], str(2 * 14 - sum(passed)))


def test_limits_are_those_of_the_portal() -> None:
    daily = settings.LAB_DEPLOY_REQUESTS, settings.LAB_DEPLOY_TOKENS
    limits = [f"{limit:,}" for limit in (MOST_CHARACTERS, MOST_TOKENS, round(LIMIT_S), *daily)]
    assert limits == ["8,000", "512", "20", "1,000", "200,000"]
    assert not missing(CHAPTER, *limits)


def test_other_numbers_of_the_quiz() -> None:
    sharp = drawn_by([math.log(0.8), math.log(0.2)], temperature=0.5)
    assert quiz_of(CHAPTER)["sharpen"]["answer"] == round(100 * sharp[0], 1)
    shares = drawn_by([math.log(p) for p in (0.4, 0.25, 0.15, 0.1, 0.1)], top_p=0.75)
    assert (kept(shares), right("nucleus-first")) == (3, f"{shares[2]:.4f}")
    products = {"A": 0.5 * 0.3, "B": 0.4 * 0.5, "C": 0.1 * 0.9}
    assert right("greedy-miss") == f"A and {max(products, key=lambda name: products[name])}"
