from __future__ import annotations

import json
import random

import pytest

from trainer.measures.intervals import Interval
from trainer.measures.samples import samples_report

NOTHING = Interval(0.0, 0.0, 1.0, 0)
TEXT = "the cat sat on the mat and the dog sat on the log all day long"


def test_distinct_n_worked_out_by_hand() -> None:
    figures = samples_report(["a b a b", "a b c"], "x", unit="words").figures
    # a b a b a b c: 3 of 7. Pairs ab ba ab ab bc: 3 of 5. Triples aba bab abc: 3 of 3.
    assert [figures[f"distinct_{n}"].value for n in (1, 2, 3)] == [3 / 7, 3 / 5, 1.0]
    assert figures["distinct_1"].n == 2


def test_the_distinct_interval_comes_from_leaving_samples_out() -> None:
    found = samples_report(["a b a b", "a b c"], "x", unit="words").figures["distinct_1"]
    # Without the first 3 of 3, without the second 2 of 4: sqrt(1 / 2 * (1/16 + 1/16)) = 1 / 4.
    assert found.high == pytest.approx(3 / 7 + 1.959964 / 4)
    assert found.low == 0.0


def test_novelty_counts_ngrams_that_the_text_lacks() -> None:
    report = samples_report(["the cat sat on a mat", "the dog sat on the log"], TEXT, unit="words")
    # Of three four-grams of the first only "the cat sat on" is known; all three of the second are.
    assert report.figures["novel_ngrams"].value == pytest.approx(2 / 6)
    assert report.figures["novel_samples"].value == 0.5
    assert report.detail["longest_copy"] == {"length": 6, "text": "the dog sat on the log"}


def test_a_word_is_not_found_inside_another() -> None:
    assert samples_report(["at on"], "cat one", unit="words").figures["novel_samples"].value == 1.0
    assert samples_report(["at on"], "cat one", unit="characters").figures["novel_samples"].value == 0.0


def test_repetition_is_the_mean_share_of_ngrams_written_before() -> None:
    looping, fresh = "a b c d a b c d a b", "one two three four five"
    figures = samples_report([looping, fresh], "x", unit="words").figures
    assert figures["repetition"].value == pytest.approx((3 / 7 + 0) / 2)
    assert figures["repetition"].n == 2


def test_words_and_lines_that_a_sample_cuts_do_not_count() -> None:
    text = "red cat\nblue dog\ngreen cow\n"
    figures = samples_report(["ed cat\nred dog\nblue dog\nblu", "w\ngreen cat\nbleu"], text, unit="characters").figures
    # Whole words: cat red dog blue dog; green cat. Whole lines: red dog (new), blue dog; green cat (new).
    assert figures["known_words"].value == 1.0
    assert figures["novel_lines"].value == pytest.approx(2 / 3)
    misspelt = samples_report(["x red blu cat y"], text, unit="characters").figures
    assert misspelt["known_words"].value == pytest.approx(2 / 3)
    assert misspelt["novel_lines"] == NOTHING


@pytest.mark.parametrize("seed", range(8))
def test_the_longest_copy_equals_a_search_of_every_run(seed: int) -> None:
    rng = random.Random(seed)
    text = "".join(rng.choices("ab", k=400))
    samples = ["".join(rng.choices("ab", k=rng.randint(1, 40))) for _ in range(5)]
    runs = [one[i:j] for one in samples for i in range(len(one)) for j in range(i + 1, len(one) + 1)]
    longest = max(len(run) for run in runs if run in text)
    found = samples_report(samples, text, unit="characters").detail["longest_copy"]
    assert found["length"] == len(found["text"]) == longest
    assert found["text"] in text
    assert any(found["text"] in sample for sample in samples)


def test_novel_ngrams_equal_a_search_of_every_ngram() -> None:
    rng = random.Random(3)
    text = "".join(rng.choices("天地玄黄a ", k=3000))
    samples = [text[i : i + 30] + "".join(rng.choices("天地玄黄a ", k=30)) for i in (0, 500, 2000)]
    grams = [sample[i : i + 16] for sample in samples for i in range(len(sample) - 15)]
    found = samples_report(samples, text, unit="characters").figures["novel_ngrams"]
    assert found.value == pytest.approx(sum(gram not in text for gram in grams) / len(grams))


def test_a_copied_sample_is_copied_as_a_whole() -> None:
    report = samples_report([TEXT], TEXT, unit="characters")
    assert report.figures["novel_ngrams"].value == report.figures["novel_samples"].value == 0.0
    assert report.detail["longest_copy"] == {"length": len(TEXT), "text": TEXT}


def test_short_empty_and_missing_samples() -> None:
    report = samples_report(["a b", "", "  "], TEXT, unit="words")
    assert (report.detail["samples"], report.detail["empty"]) == (1, 2)
    assert report.figures["distinct_2"] == Interval(1.0, 0.0, 1.0, 1)
    assert report.figures["distinct_3"] == report.figures["novel_ngrams"] == report.figures["repetition"] == NOTHING
    nothing = samples_report([], "", unit="characters")
    assert set(nothing.figures.values()) == {NOTHING}
    assert nothing.detail["longest_copy"] == {"length": 0, "text": ""}


def test_everything_is_new_beside_an_empty_text() -> None:
    report = samples_report(["one two three four five"], "", unit="words")
    assert report.figures["novel_ngrams"].value == report.figures["novel_samples"].value == 1.0


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(KeyError):
        samples_report(["a"], "a", unit="tokens")


def test_the_report_is_json() -> None:
    report = samples_report(["the cat sat on it", "a dog"], TEXT, unit="words")
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False)) == report.to_dict()
