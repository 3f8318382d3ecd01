"""The chapter "tokens": the trainer's own tokenisers compute every worked number; both languages state it."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import unicodedata
from functools import cache
from importlib.metadata import version
from itertools import pairwise

import pytest
import torch

from courses.tests.chapter_reading import LANGUAGES, block, missing, quiz_of, right_texts, text_of
from portal.tests.source import ROOT
from trainer.corpora import catalogues
from trainer.models.skipgram import negative_sampling_loss
from trainer.tokenizer import BPE, Characters, Words, fit

CHAPTER = "tokens"
COUNTED_DJANGO = "5.2.19"
NODE = shutil.which("node")
FOURTEEN = {"talk": 5, "talked": 3, "walk": 4, "walked": 2}
FOURTEEN_ZH = {"明天": 5, "今天": 4, "明年": 3, "今年": 2}

same_django = pytest.mark.skipif(
    version("django") != COUNTED_DJANGO, reason=f"the chapter counts the messages of Django {COUNTED_DJANGO}"
)


def lines(words: dict[str, int]) -> str:
    """Each word as often as it says, one a line."""
    return "\n".join(word for word, times in words.items() for _ in range(times))


@cache
def messages() -> tuple[str, str]:
    """Django's plain messages, English and Chinese, in the same order."""
    pairs = sorted(catalogues.messages(catalogues.source("chapter"), "zh_Hans").items())
    return "\n".join(english for english, _ in pairs), "\n".join(chinese for _, chinese in pairs)


@cache
def length(learned_from: int, counted: int, vocab_size: int) -> int:
    """Tokens of one half of the messages, with merges learned from one half."""
    return len(BPE.fit(messages()[learned_from], vocab_size).encode(messages()[counted]))


def pieces(bpe: BPE, text: str) -> list[str]:
    return [bpe.token_text(token) for token in bpe.encode(text).tolist()]


def test_the_opening_sentence_has_as_many_bytes_as_the_answer() -> None:
    chinese, english = "我明天去上海开会。", "Tomorrow I have a meeting in Shanghai."
    assert (len(chinese), len(english), len(english.encode())) == (9, 38, 38)
    for language in LANGUAGES:
        opening = block(CHAPTER, language, "opening")
        assert opening["answer"] == len(chinese.encode())
        assert chinese in opening["prompt"]
        assert english in opening["prompt"]


def test_utf8_is_spelled_out_as_python_spells_it() -> None:
    assert ord("A") == 65
    assert (f"{ord('中'):,}", f"{ord('中'):X}") == ("20,013", "4E2D")
    bits = [f"{byte:08b}" for byte in "中".encode()]
    assert bits == ["1110" + "0100", "10" + "111000", "10" + "101101"]
    assert int("0100" + "111000" + "101101", 2) == ord("中")
    firsts = {chr(point).encode()[0] for point in range(0x4000, 0x5000)}
    assert (firsts, len("\u4000".encode()), 0x5000 - 0x4000) == ({0xE4}, 3, 4096)
    assert not missing(CHAPTER, "20,013", "4,096", "0100 111000 101101", " ".join(bits), "E4 B8 AD")
    assert right_texts(block(CHAPTER, "en", "thumb")) == [str(len("OK 👍".encode()))]
    assert quiz_of(CHAPTER)["utf8-count"]["answer"] == len("价格 €5".encode())


def test_cleaning_does_what_the_table_says() -> None:
    assert "café".encode().decode("latin-1") == "cafÃ©"
    composed, decomposed = "é", unicodedata.normalize("NFD", "é")
    assert (len(composed.encode()), len(decomposed.encode())) == (2, 3)
    nfc, nfkc = (Characters.fit("", normalise=[name]).normalised for name in ("nfc", "nfkc"))
    assert nfc(decomposed) == composed
    assert [nfkc(text) for text in ("x²", "①", "，")] == ["x2", "1", ","]
    tidy = Characters.fit("", normalise=["nfkc", "lowercase"]).normalised
    assert tidy("礼堂有 10² 个座位") == "礼堂有 102 个座位"
    assert tidy("Ｐｒｉｃｅ： ５") == "price: 5"
    assert tidy("The café opens at nine") == "the café opens at nine"


@same_django
def test_the_table_of_units_counts_the_messages() -> None:
    english = messages()[0]
    assert english.count("\n") + 1 == 633
    cells: list[str] = []
    for kind in ("bytes", "characters", "bpe"):
        halves = [
            (tokenizer.vocab_size, len(tokenizer.encode(text)))
            for text in messages()
            for tokenizer in [fit(kind, text, vocab_size=1000)]
        ]
        cells.append("| " + " | ".join(f"{number:,}" for half in halves for number in half) + " |")
    words = Words.fit(english, vocab_size=10**6)
    split = words.split(english)
    cells.append(f"| {words.vocab_size} | {len(split):,} | – | – |")
    for language in LANGUAGES:
        assert [row for row in cells if row not in text_of(CHAPTER, language)] == []
    once = sum(split.count(word) == 1 for word in set(split))
    assert not missing(CHAPTER, str(len(set(split))), str(once), f"{(14178 / 5020) ** 2:.1f}")


def test_a_word_tokeniser_forgets_what_it_does_not_know() -> None:
    words = Words.fit(lines(FOURTEEN), vocab_size=100)
    for language in LANGUAGES:
        assert right_texts(block(CHAPTER, language, "unknown")) == [f"“{words.decode(words.encode('talks walked'))}”"]
    assert Characters.fit("abc").encode("a中b").tolist() == [0, 1]


def test_the_fourteen_words_merge_as_the_table_says() -> None:
    text = lines(FOURTEEN)
    letters = len(text.replace("\n", ""))
    assert not missing(CHAPTER, f"= {letters}", "5 + 3 + 4 + 2 = 14")
    rows, before = [], letters
    for number in range(1, 8):
        bpe = BPE.fit(text, 256 + number)
        (left, right), left_over = bpe.merges()[-1], len(bpe.encode(text)) - text.count("\n")
        pair, token = f"{left.decode()} + {right.decode()}", (left + right).decode()
        rows.append(f"| {number} | {pair} | {before - left_over} | {token} | {255 + number} | {left_over} |")
        before = left_over
    assert BPE.fit(text, 400).vocab_size == 263
    for language in LANGUAGES:
        assert [row for row in rows if row not in text_of(CHAPTER, language)] == []


def test_new_words_are_encoded_as_the_text_says() -> None:
    bpe = BPE.fit(lines(FOURTEEN), 263)
    for word, expected in {"chalked": "c · h · alk · ed", "talks": "talk · s", "Talk": "T · alk"}.items():
        assert " · ".join(pieces(bpe, word)) == expected
        assert not missing(CHAPTER, expected)
    assert bpe.encode("talks").tolist() == [258, 82]
    assert bpe.encode("talked").tolist() == [261]


def test_the_chinese_words_merge_as_the_table_says() -> None:
    text = lines(FOURTEEN_ZH)
    assert len(text.replace("\n", "")) == 28
    assert len(text.replace("\n", "").encode()) == 84
    merges = BPE.fit(text, 400).merges()
    assert len(merges) == 12
    firsts = [
        " ".join(f"{byte:02X}" for byte in left) + " + " + " ".join(f"{byte:02X}" for byte in right)
        for left, right in merges[:4]
    ]
    assert not missing(CHAPTER, *firsts, "BB + 8A", "B9 + B4")
    assert [(left.hex(), right.hex()) for left, right in merges[4:8]] == [
        ("bb", "8a"),
        ("e4", "bb8a"),
        ("b9", "b4"),
        ("e5", "b9b4"),
    ]
    assert [(left + right).decode() for left, right in merges[8:]] == ["明天", "今天", "明年", "今年"]
    counts = [9, 9, 8, 8, 6, 6, 5, 5, 5, 4, 3, 2]
    lengths = [len(BPE.fit(text, 256 + n).encode(text)) for n in range(13)]
    assert [before - after for before, after in pairwise(lengths)] == counts
    assert pieces(BPE.fit(text, 268), "昨天") == ["⟨E6⟩⟨98⟩", "⟨A8⟩", "天"]


@same_django
def test_curves_of_the_figure_are_what_the_text_reads_from_them() -> None:
    characters = len(messages()[1])
    own, foreign = length(1, 1, 1000), length(0, 1, 1000)
    assert (length(1, 1, 256), length(0, 0, 1000)) == (13638, 5020)
    assert not missing(
        CHAPTER, f"{own:,}", f"{foreign:,}", f"{characters:,}", f"{foreign / own:.2f}", f"{own / characters:.2f}"
    )
    assert length(1, 1, 700) > characters > length(1, 1, 750)
    assert length(1, 1, 430) > length(0, 0, 430)
    assert length(1, 1, 460) < length(0, 0, 460)
    assert (round(length(1, 1, 300), -2), round(length(1, 1, 450), -2)) == (10300, 7400)
    table = quiz_of(CHAPTER)["english-merges"]["prompt"]
    rows = [[length(*which, size) for size in (256, 500, 1000)] for which in ((0, 0), (1, 1), (0, 1))]
    for language in LANGUAGES:
        assert all(" | ".join(f"{number:,}" for number in row) in table[language] for row in rows)
    assert right_texts(quiz_of(CHAPTER)["english-merges"]) == [f"{foreign / own:.2f}"]


def test_in_any_django_the_tokeniser_decides_and_not_the_language() -> None:
    english, chinese = messages()
    assert 0.8 < len(chinese.encode()) / len(english.encode()) < 1.2
    assert length(1, 1, 1000) < length(0, 0, 1000)
    assert length(0, 1, 1000) > 2.5 * length(1, 1, 1000)


def test_the_curves_are_drawn_where_they_belong() -> None:
    drawing = (ROOT / "courses/content/llm-foundations/tokens/figures/lengths.svg").read_text(encoding="utf-8")
    ends = [float(path.split()[-1]) for path in re.findall(r'<path[^>]* d="M([^"]+)"', drawing)]
    levels = {
        int(number.replace(",", "")): float(y)
        for y, number in re.findall(r'y="([\d.]+)" text-anchor="end"[^>]*>([\d,]+)<', drawing)
    }
    scale = (levels[0] - levels[15000]) / 15000
    for end, tokens in zip(ends, (5020, 4373, 13360), strict=True):
        assert levels[0] - 4.5 - end == pytest.approx(tokens * scale, abs=0.2)


def test_tables_of_real_models_have_the_size_that_the_text_gives() -> None:
    vocabulary, width = 256 + 50_000 + 1, 768
    table = vocabulary * width
    block_weights = 12 * width**2 + 13 * width
    whole = table + 1024 * width + 12 * block_weights + 2 * width
    assert not missing(CHAPTER, f"{vocabulary:,}", f"{table:,}", f"{whole:,}")
    for language in LANGUAGES:
        assert block(CHAPTER, language, "gpt2-table")["answer"] == round(100 * table / whole)
    assert quiz_of(CHAPTER)["table-weights"]["answer"] == round(32_000 * 512 / 1e6, 1)


def test_cosines_are_those_of_the_text() -> None:
    tea, coffee, harbour = torch.tensor([3.0, 4.0]), torch.tensor([4.0, 3.0]), torch.tensor([4.0, -3.0])
    assert [float(row.norm()) for row in (tea, coffee, harbour)] == [5, 5, 5]
    for scale in (1, 2):
        assert float(torch.cosine_similarity(scale * tea, coffee, dim=0)) == pytest.approx(0.96)
        assert float(torch.cosine_similarity(scale * tea, harbour, dim=0)) == pytest.approx(0)
    assert not missing(CHAPTER, "24 / 25 = 0.96", "0 / 25 = 0")


def test_one_step_of_skip_gram_is_the_step_of_the_text() -> None:
    tea = torch.tensor([2.0, 1.0], requires_grad=True)
    around = torch.zeros(3, 2, requires_grad=True)  # cup, and two drawn words
    loss = negative_sampling_loss((around @ tea)[None])
    of_tea, of_around = torch.autograd.grad(loss, (tea, around))
    assert of_tea.tolist() == [0, 0]
    moved = around.detach() - 0.4 * of_around
    assert moved.tolist() == [pytest.approx([0.4, 0.2]), pytest.approx([-0.4, -0.2]), pytest.approx([-0.4, -0.2])]
    before, after = loss.item(), negative_sampling_loss((moved @ tea.detach())[None]).item()
    assert before == pytest.approx(3 * math.log(2))
    assert not missing(CHAPTER, f"{before:.3f}", f"{after:.3f}", "(0.4, 0.2)", "(−0.4, −0.2)")


def test_questions_about_merges_have_the_computed_answers() -> None:
    first = BPE.fit(lines({"new": 4, "news": 2, "wet": 5, "went": 3}), 257).merges()[0]
    assert right_texts(quiz_of(CHAPTER)["first-pair"]) == [f"{first[0].decode()} + {first[1].decode()}"]
    first = BPE.fit(lines({"low": 6, "lot": 3, "cow": 2}), 257).merges()[0]
    assert right_texts(block(CHAPTER, "en", "first-merge")) == [f"{first[0].decode()} + {first[1].decode()}"]
    assert quiz_of(CHAPTER)["after-merges"]["answer"] == 500 - 40 - 30 - 25
    bpe = BPE.fit(lines({"th": 9, "the": 5, "re": 4}), 259)
    assert [left + right for left, right in bpe.merges()] == [b"th", b"the", b"re"]
    assert right_texts(quiz_of(CHAPTER)["encode-there"]) == [" · ".join(pieces(bpe, "there"))]


STEPS = """
import { advance, begin, next } from "./static/js/widgets/bpe.js";
const found = JSON.parse(process.argv[1]).map((text) => {
  let state = begin(text);
  while (next(state)) state = advance(state);
  return state.merges.map(({ pair }) => pair);
});
console.log(JSON.stringify(found));
"""


@pytest.mark.skipif(NODE is None, reason="no Node on PATH; the widget's own tests hold its merges too")
def test_the_widget_merges_as_the_trainer_does() -> None:
    texts = [entry["text"] for language in LANGUAGES for entry in block(CHAPTER, language, "bpe")["data"]["texts"]]
    texts += [lines(FOURTEEN), lines(FOURTEEN_ZH), "it's 12 o'clock, isn't it?  It's 12!\n" * 3]
    command = [str(NODE), "--input-type=module", "-e", STEPS, json.dumps(texts)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for text, pairs in zip(texts, json.loads(done.stdout), strict=True):
        assert [(left.encode("latin-1"), right.encode("latin-1")) for left, right in pairs] == BPE.fit(
            text, 1000
        ).merges()


def test_the_first_eight_chinese_merges_of_the_widget_only_rebuild_characters() -> None:
    text = next(entry["text"] for entry in block(CHAPTER, "en", "bpe")["data"]["texts"] if entry["label"] == "中文")
    merges = BPE.fit(text, 1000).merges()
    assert all(len((left + right).decode(errors="ignore")) <= 1 for left, right in merges[:8])
    assert len((merges[8][0] + merges[8][1]).decode()) == 2
