from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest
from sacrebleu import corpus_bleu, corpus_chrf
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from trainer.measures.answers import answer_report, answer_tokens, sequence_report, token_f1
from trainer.measures.intervals import Interval
from trainer.measures.report import Report
from trainer.measures.translation import translation_report

NOTHING = Interval(0.0, 0.0, 1.0, 0)


@pytest.mark.parametrize(
    ("text", "language", "tokens"),
    [
        ("The  Kitchen.", "en", ["kitchen"]),
        ("a cat, an ant & the theatre", "en", ["cat", "ant", "theatre"]),
        ("it's", "en-GB", ["its"]),
        ("", "en", []),
        ("厨房。", "zh", ["厨", "房"]),
        ("“Kitchen” 里 ３", "zh-Hans", ["kitchen", "里", "3"]),
        ("2024年5月", "zh", ["2024", "年", "5", "月"]),
        ("、！", "zh", []),
    ],
)
def test_answers_are_normalised_as_their_language_needs(text: str, language: str, tokens: list[str]) -> None:
    assert list(answer_tokens(text, language)) == tokens


def test_token_f1_worked_out_by_hand() -> None:
    assert token_f1(["red", "box"], ["big", "red", "box"]) == pytest.approx(2 * 2 / 5)
    assert token_f1(["b", "b", "a"], ["b", "b", "b"]) == pytest.approx(2 / 3)
    assert token_f1(["a"], ["b"]) == token_f1([], ["b"]) == token_f1(["b"], []) == 0.0
    assert token_f1([], []) == 1.0


def test_questions_with_and_without_an_answer_are_reported_apart() -> None:
    truth = ["the red box", "garden", "garden", "unknown", "unknown", "Unknown"]
    predicted = ["red ball", "Garden.", "unknown", "unknown", "garden", ""]
    report = answer_report(truth, predicted, "en")
    values = {name: figure.value for name, figure in report.figures.items()}
    assert values["exact_match"] == pytest.approx(2 / 6)
    assert values["token_f1"] == pytest.approx((0.5 + 1 + 0 + 1 + 0 + 0) / 6)
    assert values["answerable_accuracy"] == pytest.approx(1 / 3)
    assert values["answerable_token_f1"] == pytest.approx(1.5 / 3)
    assert values["unanswerable_accuracy"] == pytest.approx(1 / 3)
    assert report.detail == {"answerable": 3, "unanswerable": 3, "withheld": 1, "invented": 2, "tokens": "words"}


def test_part_of_the_word_for_unknown_earns_nothing() -> None:
    report = answer_report(["不知道", "道路"], ["知道", "不知道"], "zh", unknown="不知道")
    assert report.figures["token_f1"].value == 0.0
    assert report.detail["tokens"] == "characters"


def test_chinese_answers_earn_by_the_character() -> None:
    report = answer_report(["北京大学"], ["北京"], "zh-Hans")
    assert report.figures["token_f1"].value == pytest.approx(2 * 2 / 6)
    assert report.figures["exact_match"].value == 0.0


def test_a_kind_of_question_that_is_missing_is_said_to_be() -> None:
    assert answer_report(["garden"], ["garden"], "en").figures["unanswerable_accuracy"] == NOTHING
    assert set(answer_report([], [], "en").figures.values()) == {NOTHING}


def test_sequences_are_compared_place_by_place() -> None:
    truth = [["a", "b", "c"], ["a", "b"], ["a"]]
    predicted = [["a", "x", "c"], ["a", "b"], ["b", "a", "a"]]
    report = sequence_report(truth, predicted)
    assert report.figures["exact_match"].value == pytest.approx(1 / 3)
    assert report.figures["token_accuracy"].value == pytest.approx((2 + 2 + 0) / (3 + 2 + 3))
    lengths = [(length, share["value"], share["n"]) for length, share in report.detail["by_length"]]
    assert lengths == [(1, 0.0, 1), (2, 1.0, 1), (3, 0.0, 1)]


def test_characters_of_a_string_are_a_sequence_too() -> None:
    assert sequence_report(["abc"], ("abd",)).figures["token_accuracy"].value == pytest.approx(2 / 3)


def test_missing_tokens_are_wrong_and_two_empty_sequences_are_equal() -> None:
    assert sequence_report([["a", "b"]], [["a"]]).figures["token_accuracy"].value == 0.5
    assert sequence_report([[]], [[]]).figures["exact_match"].value == 1.0
    assert set(sequence_report([], []).figures.values()) == {NOTHING}


def random_translations(count: int, *, chinese: bool, seed: int = 1) -> tuple[list[str], list[str]]:
    rng = random.Random(seed)
    words = [chr(0x4E00 + i) for i in range(200)] if chinese else [f"word{i}" for i in range(200)]
    gap = "" if chinese else " "
    references = [rng.choices(words, k=rng.randint(5, 20)) for _ in range(count)]
    hypotheses = [[word if rng.random() < 0.8 else rng.choice(words) for word in one] for one in references]
    return [gap.join(one) for one in references], [gap.join(one[: rng.randint(4, 20)]) for one in hypotheses]


@pytest.mark.parametrize(("language", "tokenisation"), [("en", "13a"), ("zh", "zh"), ("zh-Hans", "zh")])
def test_translation_scores_equal_sacrebleu(language: str, tokenisation: str) -> None:
    references, hypotheses = random_translations(60, chinese=language != "en")
    report = translation_report(references, hypotheses, language)
    bleu = corpus_bleu(hypotheses, [references], tokenize=tokenisation)
    assert report.figures["bleu"].value == pytest.approx(bleu.score)
    assert report.figures["chrf"].value == pytest.approx(corpus_chrf(hypotheses, [references]).score)
    assert report.detail["precisions"] == pytest.approx(bleu.precisions)
    assert report.detail["brevity_penalty"] == pytest.approx(bleu.bp)
    assert report.detail["lengths"] == [bleu.sys_len, bleu.ref_len]
    assert report.detail["tokenisation"] == tokenisation
    assert f"|tok:{tokenisation}|" in report.detail["bleu_signature"]


def test_translation_intervals_are_those_of_sacrebleu() -> None:
    references, hypotheses = random_translations(300, chinese=False)
    report = translation_report(references, hypotheses, "en")
    metrics: dict[str, BLEU | CHRF] = {"bleu": BLEU(), "chrf": CHRF()}
    for name, metric in metrics.items():
        theirs = metric.corpus_score(hypotheses, [references], n_bootstrap=1000)
        ours = report.figures[name]
        assert (ours.high - ours.low) / 2 == pytest.approx(theirs._ci, rel=0.15)
        assert ours.low < theirs._mean < ours.high


def test_chinese_is_split_by_character_and_english_is_not() -> None:
    assert translation_report(["打开文件夹吧"], ["打开文件夹呀"], "zh").figures["bleu"].value > 50
    assert translation_report(["打开文件夹吧"], ["打开文件夹呀"], "en").figures["bleu"].value == 0


def test_perfect_wrong_short_and_no_translations() -> None:
    sentences = ["open the file now please", "close the other window first"]
    perfect = translation_report(sentences, sentences, "en").figures
    assert (perfect["bleu"].value, perfect["chrf"].value) == pytest.approx((100.0, 100.0))
    for hypotheses in (["", ""], ["xyz", "qqq"]):
        wrong = translation_report(sentences, hypotheses, "en").figures
        assert wrong["bleu"].value == wrong["chrf"].value == 0.0
    assert translation_report(["open it"], ["open it"], "en").figures["bleu"].value == 0.0
    nothing = translation_report([], [], "en")
    assert set(nothing.figures.values()) == {Interval(0.0, 0.0, 100.0, 0)}


def test_predictions_that_are_missing_are_refused() -> None:
    calls: list[Callable[[], Report]] = [
        lambda: answer_report(["a"], [], "en"),
        lambda: sequence_report([["a"]], []),
        lambda: translation_report(["a"], [], "en"),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="1 examples, but 0 predictions"):
            call()


def test_the_reports_are_json() -> None:
    for report in (
        answer_report(["garden", "unknown"], ["garden", "box"], "en"),
        sequence_report([["a", "b"]], [["a"]]),
        translation_report(["open the file"], ["open a file"], "en"),
        translation_report([], [], "zh"),
    ):
        assert json.loads(json.dumps(report.to_dict(), allow_nan=False)) == report.to_dict()
