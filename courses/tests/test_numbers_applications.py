"""Recomputes every worked number of the chapter "Applications", with the trainer's own code where it has it."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from courses.tests.chapter_reading import COURSE, LANGUAGES, block, missing, quiz_of, right_texts, text_of
from trainer.goals import Figures, figures
from trainer.loop import train
from trainer.measures.answers import answer_report, answer_tokens, token_f1
from trainer.measures.spans import spans, tagging_report
from trainer.measures.translation import translation_report
from trainer.models.registry import build
from trainer.models.sizes import parameter_count
from trainer.models.tuning import add_lora, freeze
from trainer.recipes import RECIPES
from trainer.reports import report
from trainer.starting import base_hash

CHAPTER = "applications"
WORDS = 148
"""Different words in the plain reviews of every seed."""


def percent(value: float) -> str:
    return f"{math.floor(1000 * value + 0.5) / 10:.1f} %"


def lacks(part: str, *languages: str) -> list[str]:
    """Languages whose text does not hold this string."""
    return [language for language in languages or LANGUAGES if part not in text_of(CHAPTER, language)]


def right(name: str) -> str:
    """The right choice of a check or question, in English."""
    return right_texts(quiz_of(CHAPTER).get(name) or block(CHAPTER, "en", name))[0]


def f1_of(reference: str, answer: str, language: str) -> float:
    return token_f1(answer_tokens(reference, language), answer_tokens(answer, language))


def test_no_weights_of_a_grid_get_more_than_three_reviews_right() -> None:
    grid = range(-4, 5)
    most = max(
        sum((c + g > 0, c + b < 0, c + n + g < 0, c + n + b > 0)) for g, b, n, c in product(grid, grid, grid, grid)
    )
    assert block(CHAPTER, "en", "four")["answer"] == 100 * most / 4 == 75


def test_two_hidden_units_turn_what_is_negated() -> None:
    for s, m in product((1, -1), (0, 1)):
        units = max(0, s + m - 1), max(0, m - s - 1)
        f = s - 2 * units[0] + 2 * units[1]
        assert f == (-s if m else s)
        row = " | ".join(str(number).replace("-", "−") for number in (s, m, *units, f))
        assert not lacks(f"| {row} |")
    assert quiz_of(CHAPTER)["two-units"]["answer"] == -1 - 2 * max(0, -1 + 1 - 1)


def test_weights_that_each_way_of_tuning_trains() -> None:
    run = RECIPES["sentiment"].run("lora")
    config = run.spec(1, base="sha256:" + "0" * 64).model_config(WORDS)
    model = build(config, torch.Generator().manual_seed(1))
    model.head = torch.nn.Parameter(torch.zeros(2, config.d_model))
    full = sum(weight.numel() for weight in model.parameters())
    freeze(model)
    head = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    add_lora(model, 8, torch.Generator())
    lora = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    assert (full, head, lora) == (107_904, 128, 16_512)
    assert full == parameter_count(config) - (config.n_outputs - 2) * config.d_model
    assert percent(lora / full) == "15.3 %"
    assert not missing(CHAPTER, "107,904", "16,512", "15.3 %", "16,777,216")


def test_lora_by_hand() -> None:
    assert 8 * (4096 + 4096) == 65_536
    assert f"{100 * 65_536 / 4096**2:.2f}" == "0.39"
    assert right("lora-count") == f"{4 * (1000 + 500):,}"
    assert quiz_of(CHAPTER)["lora-square"]["answer"] == 16 * (1024 + 1024)
    assert f"{100 * 32_768 / 1024**2:.1f}" == "3.1"


def table_of_seeds() -> list[list[list[float]]]:
    """Macro F1 and negations right, three seeds each, of the five ways in the English text."""
    rows = re.findall(r"^\| (?:Bag|From|Frozen|Full|LoRA)[^\n]*$", text_of(CHAPTER, "en"), re.MULTILINE)
    return [[[*map(float, re.findall(r"\d+\.\d", cell))] for cell in row.split("|")[3:5]] for row in rows]


def test_the_table_of_seeds_is_the_same_in_both_languages_and_drawn() -> None:
    table = table_of_seeds()
    assert len(table) == 5
    for row in table:
        for cell in row:
            assert not lacks("、".join(f"{value:.1f}" for value in cell) + " %", "zh-hans")
    groups = ElementTree.parse(COURSE / CHAPTER / "figures" / "seeds.svg").findall(".//{*}g")
    drawn = [[50 + (float(dot.attrib["cx"]) - 64) / 372 * 25 for dot in group.findall("{*}circle")] for group in groups]
    assert drawn == [pytest.approx(row[0], abs=0.01) for row in table]
    means = [sum(row[0]) for row in table]
    assert sorted(range(5), key=means.__getitem__)[-2:] == [2, 4]  # frozen is the second best, LoRA the best


@pytest.mark.slow
def test_a_frozen_model_beats_counting_and_fails_on_negation(tmp_path: Path) -> None:
    found: dict[str, Figures] = {}
    for name in ("plain", "bag", "frozen"):
        run = RECIPES["sentiment"].run(name)
        base = tmp_path / run.base / "model" if run.base else None
        spec = run.spec(1, base=base_hash(base) if base else "")
        found[name] = figures(spec, train(spec, run_dir=tmp_path / name, base=base, report=report))
    assert found["frozen"]["held_out"]["macro_f1"] > found["bag"]["held_out"]["macro_f1"] + 0.05
    assert found["frozen"]["negation"]["accuracy"] < 0.25
    assert found["frozen"]["held_out"]["macro_f1"] == pytest.approx(table_of_seeds()[2][0][0] / 100, abs=0.03)


@pytest.mark.parametrize(("language", "tags"), [("en", "84.6 %"), ("zh-Hans", "75.0 %")])
def test_spans_of_the_two_sentences(language: str, tags: str) -> None:
    for text in LANGUAGES:
        sentences = {one["lang"]: one for one in block(CHAPTER, text, "tagging")["data"]["sentences"]}
        gold, start, words = (sentences[language][name] for name in ("gold", "start", "words"))
        assert len(gold) == len(start) == len(words)
        found = tagging_report([gold], [start]).figures
        assert [percent(found[name].value) for name in ("precision", "recall", "f1")] == ["50.0 %", "66.7 %", "57.1 %"]
        assert percent(found["token_accuracy"].value) == tags
        assert (len(spans(gold)), len(spans(start))) == (3, 4)
    own = "en" if language == "en" else "zh-hans"
    assert not lacks(percent(gold.count("O") / len(gold)), own)
    rows = re.findall(r"^\| ([^|]+) \| ((?:[BI]-[A-Z]+ |O )+)\|.*\|$", text_of(CHAPTER, own), re.MULTILINE)
    assert " ".join(row[0] for row in rows).split() == words
    assert " ".join(row[1] for row in rows).split() == gold
    assert not missing(CHAPTER, "50.0 %", "66.7 %", "57.1 %", "84.6 %")


@pytest.mark.parametrize(
    ("language", "reference", "answers"),
    [
        ("en", "Friday at noon", ["Friday at noon.", "on Friday at noon", "Friday at ten", "Friday"]),
        ("zh-hans", "星期五中午", ["星期五中午。", "在星期五中午", "星期五上午", "星期五"]),
    ],
)
def test_token_f1_of_four_answers(language: str, reference: str, answers: list[str]) -> None:
    for answer in answers:
        exact = int(answer_tokens(answer, language) == answer_tokens(reference, language))
        assert not lacks(f"| {answer} | {exact} | {percent(f1_of(reference, answer, language))} |", language)


@pytest.mark.parametrize(
    ("language", "unknown", "f1", "room"),
    [("en", "unknown", "56.0 %", "0.8"), ("zh-hans", "不知道", "57.8 %", "0.889")],
)
def test_five_questions_two_without_an_answer(language: str, unknown: str, f1: str, room: str) -> None:
    text = text_of(CHAPTER, language).split("{#unanswerable}")[1]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([01]) \| ([\d.]+) \|$", text, re.MULTILINE)
    truth, predicted = [row[0] for row in rows], [row[1] for row in rows]
    assert len(rows) == 5
    found = answer_report(truth, predicted, language, unknown=unknown)
    assert percent(found.figures["exact_match"].value) == "40.0 %"
    assert percent(found.figures["token_f1"].value) == f1
    assert (found.detail["invented"], found.detail["withheld"]) == (1, 1)
    assert f"{f1_of(truth[1], predicted[1], language):.3g}" == room == rows[1][3]
    assert not lacks(f"40.0 %{'，' if language == 'zh-hans' else ', '}F1 {f1}", language)


def test_the_best_pair_of_start_and_end() -> None:
    def best(starts: list[int], ends: list[int]) -> tuple[int, int, int]:
        return max((starts[i] + ends[j], i, j) for i in range(3) for j in range(i, 3))

    assert best([4, 1, 2], [3, 0, 4]) == (8, 0, 2)
    assert best([2, 0, 3], [4, 1, 1]) == (6, 0, 0)
    assert right("span-pair") == "“Friday”, 6"


def test_rouge_prefers_the_wrong_floor() -> None:
    for language, split in (("en", str.split), ("zh-hans", list)):
        text = text_of(CHAPTER, language).split("{#summaries}")[1]
        reference = re.findall(r"“(the broken [^”]+|二楼[^”]+)”", text)[0]
        rows = re.findall(r"^\| ([^|]+) \| (\d+) \| ([\d.]+ %) \|$", text.split("{#translation}")[0], re.MULTILINE)
        assert len(rows) == 3
        for summary, shared, score in rows:
            assert percent(token_f1(split(reference), split(summary))) == score
            assert (Counter(split(reference)) & Counter(split(summary))).total() == int(shared)
        assert len(split(reference)) == (11 if language == "en" else 15)


def test_a_soft_alignment() -> None:
    powers = [math.exp(score) for score in (0, 3, 0, 1)]
    assert (f"{sum(powers):.2f}", f"{powers[1]:.2f}") == ("24.80", "20.09")
    assert [percent(power / sum(powers)) for power in powers] == ["4.0 %", "81.0 %", "4.0 %", "11.0 %"]
    assert not missing(CHAPTER, "24.80", "81.0", "11.0 %", "4.0 %")


def test_bleu_pools_the_counts_of_all_sentences() -> None:
    references = ["the meeting is on friday at noon", "please restart the printer"]
    outputs = ["the meeting is on friday at ten", "please restart printer"]
    found = translation_report(references, outputs, "en")
    pooled = [9 / 10, 6 / 8, 4 / 6, 3 / 4]
    assert found.detail["precisions"] == pytest.approx([100 * share for share in pooled])
    assert f"{math.prod(pooled):.4f}" == "0.3375"
    assert f"{math.prod(pooled) ** 0.25:.3f}" == "0.762"
    assert f"{found.detail['brevity_penalty']:.3f}" == f"{math.exp(1 - 11 / 10):.3f}" == "0.905"
    assert [f"{found.figures[name].value:.1f}" for name in ("bleu", "chrf")] == ["69.0", "79.8"]
    alone = [translation_report([a], [b], "en").figures["bleu"].value for a, b in zip(references, outputs, strict=True)]
    assert [f"{score:.1f}" for score in alone] == ["80.9", "0.0"]
    assert f"{sum(alone) / 2:.1f}" == "40.5"
    assert not missing(CHAPTER, "0.3375", "0.762", "0.905", "69.0", "79.8", "80.9", "40.5")


@pytest.mark.slow
def test_a_translator_knows_its_phrases_and_no_real_message(tmp_path: Path) -> None:
    spec = RECIPES["translation"].runs[0].spec(1)
    found = figures(spec, train(spec, run_dir=tmp_path / "run", report=report))
    assert found["run"]["params"] == 206_720
    assert found["recombined"]["bleu"] == pytest.approx(97.0, abs=2)
    assert found["real"]["bleu"] < 1
    assert not missing(CHAPTER, "206,720", "97.0", "0.2")


@pytest.mark.slow
def test_a_reader_of_stories_answers_and_abstains(tmp_path: Path) -> None:
    spec = RECIPES["question-answering"].runs[0].spec(1)
    found = figures(spec, train(spec, run_dir=tmp_path / "run", report=report))
    assert found["run"]["params"] == 172_992
    assert found["held_out"]["exact_match"] == pytest.approx(0.968, abs=0.03)
    assert found["held_out"]["unanswerable_accuracy"] == pytest.approx(0.966, abs=0.05)
    assert not missing(CHAPTER, "172,992", "96.8 %", "96.6 %")


def test_numbers_of_the_quiz() -> None:
    quiz = quiz_of(CHAPTER)
    assert quiz["span-f1"]["answer"] == round(100 * 2 * 6 / (8 + 10), 1)
    assert right("slice-table") == f"A {100 * (400 - 30) / 400:g} %, B {100 * (390 - 70) / 400:g} %"
    assert right("reading-tags") == str(len(spans(["B-PER", "B-PER", "I-PER", "O", "B-LOC", "I-LOC"])))
    for language, pair in {
        "en": ("north gate near platform four", "north gate four"),
        "zh": ("四号站台北", "四号北"),
    }.items():
        assert quiz["answer-f1"]["answer"] == 100 * f1_of(*pair, language)
    assert right("always-answers") == f"{100 * 0.9 * 120 / 200:g} %"
