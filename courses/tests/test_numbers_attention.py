"""The chapter "attention": every worked number is computed here and must stand in both languages.

Standard library and PyYAML only: the numbers must not come from the code that the chapter teaches about.
"""

import math
import re
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

Matrix: TypeAlias = list[list[float]]

CHAPTER = Path(__file__).parents[1] / "content" / "llm-foundations" / "attention"
LANGUAGES = ("en", "zh-hans")
BLOCK = re.compile(r"^```(guess|check|widget|figure|lab)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLE_X: Matrix = [[1, 1], [1, 0], [-1, 1]]
EXAMPLE_W_Q: Matrix = [[-1, 2], [0, 2]]
EXAMPLE_W_K: Matrix = [[1, 0], [1, 1]]
EXAMPLE_W_V: Matrix = [[0, 1], [2, 0]]


def softmax(scores: list[float], temperature: float = 1.0) -> list[float]:
    powers = [math.exp(score / temperature) for score in scores]
    return [power / sum(powers) for power in powers]


def product(left: Matrix, right: Matrix) -> Matrix:
    return [
        [sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*right, strict=True)] for row in left
    ]


def transposed(matrix: Matrix) -> Matrix:
    return [list(column) for column in zip(*matrix, strict=True)]


def scaled_scores(x: Matrix) -> Matrix:
    raw = product(product(x, EXAMPLE_W_Q), transposed(product(x, EXAMPLE_W_K)))
    return [[score / math.sqrt(2) for score in row] for row in raw]


def last_output(x: Matrix) -> list[float]:
    """Output of the last position, which no mask touches."""
    return product([softmax(scaled_scores(x)[-1])], product(x, EXAMPLE_W_V))[0]


def text_of(language: str) -> str:
    return (CHAPTER / f"{language}.md").read_text(encoding="utf-8")


def blocks_of(language: str) -> list[tuple[str, dict[str, Any]]]:
    return [(kind, yaml.safe_load(body)) for kind, body in BLOCK.findall(text_of(language))]


def block(language: str, key: str, value: str) -> dict[str, Any]:
    return next(body for _, body in blocks_of(language) if body.get(key) == value)


def quiz() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHAPTER / "quiz.yaml").read_text(encoding="utf-8"))
    return loaded


def stands_in(number: str, text: str) -> bool:
    return re.search(rf"(?<![\d.,]){re.escape(number)}(?!\d|[.,]\d)", text) is not None


def decimals(values: list[float], digits: int = 3) -> list[str]:
    return [f"{value:.{digits}f}".replace("-", "−") for value in values]


def numbers_of_softmax() -> list[str]:
    powers = [math.exp(score) for score in (2, 1, 0)]
    shares = [share for temperature in (0.5, 1, 2) for share in softmax([2, 1, 0], temperature)]
    return [*decimals(powers, 2), f"{sum(powers):.2f}", *decimals(shares), f"{100 * softmax([2, 1, 0])[0]:.1f} %"]


def numbers_of_scaling() -> list[str]:
    raw, scaled = softmax([8, 0])[0], softmax([1, 0])[0]
    slopes = raw * (1 - raw), scaled * (1 - scaled)
    ratio = f"{slopes[1] / slopes[0]:.0f}"
    return [f"{100 * raw:.2f} %", f"{100 * scaled:.1f} %", f"{slopes[0]:.5f}", f"{slopes[1]:.3f}", ratio]


def numbers_of_example() -> list[str]:
    scaled = scaled_scores(EXAMPLE_X)
    powers = [math.exp(score) for score in scaled[2]]
    masked, peeking, forgotten = softmax(scaled[1][:2]), softmax(scaled[1]), softmax(scaled[0])
    return [
        *decimals([math.sqrt(2), *scaled[2][:2], *scaled[0], *powers[:2], sum(powers)]),
        *decimals([*softmax(scaled[2]), *last_output(EXAMPLE_X), *masked, *peeking, *forgotten]),
    ]


def numbers_of_block() -> list[str]:
    row, width, length = [2, 4, 6, 8], 128, 64
    deviation = math.sqrt(sum((value - 5) ** 2 for value in row) / 4)
    weights = [3 * width**2, width**2, 4 * width**2, 12 * width**2, 4 * 12 * width**2, 2 * 65 * width]
    weights.append(weights[-2] + weights[-1])
    costs = [cost for t in (64, 768, 3072) for cost in (12 * width**2 * t, 2 * t**2 * width)]
    return [
        *decimals([deviation, *[(value - 5) / deviation for value in row]]),
        *[f"{number:,}" for number in [*weights, *costs, length**2]],
        *[str(6 * width), f"{100 * 4 / 12:.1f} %"],
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("numbers", [numbers_of_softmax, numbers_of_scaling, numbers_of_example, numbers_of_block])
def test_every_worked_number_stands_in_the_text(language: str, numbers: Any) -> None:
    text = text_of(language)
    assert [number for number in numbers() if not stands_in(number, text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_table_of_queries_keys_and_values_follows_from_the_matrices(language: str) -> None:
    maps = [product(EXAMPLE_X, weights) for weights in (EXAMPLE_W_Q, EXAMPLE_W_K, EXAMPLE_W_V)]
    for rows in zip(*maps, strict=True):
        cells = [f"({a:g}, {b:g})".replace("-", "−") for a, b in rows]
        assert f"| {' | '.join(cells)} |" in text_of(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_matrices_of_the_example_stand_in_the_text(language: str) -> None:
    text = text_of(language)
    raw = product(product(EXAMPLE_X, EXAMPLE_W_Q), transposed(product(EXAMPLE_X, EXAMPLE_W_K)))
    for matrix in (EXAMPLE_X, EXAMPLE_W_Q, EXAMPLE_W_K, EXAMPLE_W_V, raw):
        body = r" \\ ".join(" & ".join(f"{value:g}" for value in row) for row in matrix)
        assert rf"\begin{{bmatrix}} {body} \end{{bmatrix}}" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_calculator_starts_with_the_numbers_of_the_text(language: str) -> None:
    data = block(language, "name", "attention")["data"]
    assert data["Q"] == product(EXAMPLE_X, EXAMPLE_W_Q)
    assert data["K"] == product(EXAMPLE_X, EXAMPLE_W_K)
    assert data["V"] == product(EXAMPLE_X, EXAMPLE_W_V)
    assert all(f"| {token} | (" in text_of(language) for token in data["tokens"])


def test_one_query_number_reaches_the_goal_and_the_other_does_not() -> None:
    def share_of_first(query: list[float]) -> float:
        scores = product([query], transposed(product(EXAMPLE_X, EXAMPLE_W_K)))[0]
        return softmax([score / math.sqrt(2) for score in scores])[0]

    enough, not_enough = share_of_first([2.5, 0]), share_of_first([1, 5])
    assert share_of_first([2, 0]) < not_enough < 0.8 < enough
    for language in LANGUAGES:
        assert f"{100 * enough:.1f} %" in text_of(language)
        assert f"{100 * not_enough:.1f} %" in text_of(language)


def test_bars_have_the_same_scores_in_both_languages_and_their_goal_is_within_reach() -> None:
    english, chinese = (block(language, "name", "softmax")["data"]["sets"] for language in LANGUAGES)
    assert [sorted(s["scores"]) for s in english] == [sorted(s["scores"]) for s in chinese]
    for scores in english:
        assert len(scores["words"]) == len(scores["scores"])
        assert max(softmax(scores["scores"], 1.0)) < 0.9 < max(softmax(scores["scores"], 0.1))


def test_swapping_earlier_tokens_leaves_the_last_output_alone() -> None:
    swapped = [EXAMPLE_X[1], EXAMPLE_X[0], EXAMPLE_X[2]]
    assert last_output(swapped) == pytest.approx(last_output(EXAMPLE_X))


def test_rotation_depends_on_the_distance_only() -> None:
    def score(query_at: int, key_at: int) -> float:
        m, n = math.radians(30 * query_at), math.radians(30 * key_at)
        return math.cos(m) * math.cos(n) + math.sin(m) * math.sin(n)

    assert score(3, 1) == pytest.approx(0.5)
    assert score(12, 10) == pytest.approx(0.5)
    assert score(7, 4) == pytest.approx(0, abs=1e-12)


def test_guesses_have_the_computed_answers() -> None:
    for language in LANGUAGES:
        assert block(language, "id", "opening")["answer"] == round(100 * softmax([2, 1, 0])[0], 1)
        assert block(language, "id", "attention-share")["answer"] == round(100 * 4 / 12, 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_symbols_are_separated_by_blank_lines(language: str) -> None:
    """Without one, Markdown reads the next symbol as the rest of the definition before it."""
    assert re.findall(r"^: .*\n(?!:::|\n|: ).*$", text_of(language), re.MULTILINE) == []


def test_both_languages_have_the_same_sections_and_blocks_in_the_same_order() -> None:
    def outline(language: str) -> list[tuple[str, str]]:
        found = re.findall(
            r"^(#{2,3}) .*\{#([a-z0-9-]+)\}$|^```(\w+)\n(?:id|name): (.*)$", text_of(language), re.MULTILINE
        )
        return [(mark or kind, section or name) for mark, section, kind, name in found]

    english, chinese = (outline(language) for language in LANGUAGES)
    assert english == chinese
    assert len(set(english)) == len(english)
    assert 5 <= sum(mark == "##" for mark, _ in english) <= 7
    assert [kind for kind, _ in blocks_of("en")] == [kind for kind, _ in blocks_of("zh-hans")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_check_has_one_right_choice_and_explains_each(language: str) -> None:
    checks = [body for kind, body in blocks_of(language) if kind == "check"]
    assert len(checks) >= 3
    for check in checks:
        assert 3 <= len(check["options"]) <= 4
        assert sum(option.get("right", False) for option in check["options"]) == 1
        assert all(option["text"] and option["why"] for option in check["options"])


def test_both_languages_have_the_same_right_choices_in_the_checks() -> None:
    rights = [
        [
            [option.get("right", False) for option in body["options"]]
            for kind, body in blocks_of(language)
            if kind == "check"
        ]
        for language in LANGUAGES
    ]
    assert rights[0] == rights[1]


def test_quiz_is_complete_in_both_languages() -> None:
    questions = quiz()["questions"]
    assert len({question["id"] for question in questions}) == len(questions) == 12
    assert sum(question["review"] for question in questions) == 3
    assert {question["kind"] for question in questions} == {"single", "multiple", "number", "cloze", "shape"}
    for question in questions:
        texts = [question["prompt"], question.get("why"), question.get("unit")]
        for option in question.get("options", []):
            texts += [option["text"], option["why"]]
        assert all(set(text) == set(LANGUAGES) for text in texts if text is not None), question["id"]
        assert f"{{#{question['section']}}}" in text_of("en")


def test_right_choice_of_a_quiz_question_is_never_the_longest() -> None:
    for question in quiz()["questions"]:
        if question["kind"] != "single":
            continue
        for language in LANGUAGES:
            lengths = {o["id"]: len(o["text"][language].replace("$", "")) for o in question["options"]}
            (right,) = (o["id"] for o in question["options"] if o["right"])
            assert lengths[right] < max(lengths.values()), (question["id"], language)


def test_quiz_numbers_are_the_computed_ones() -> None:
    answers = {question["id"]: question.get("answer") for question in quiz()["questions"]}
    assert answers["two-keys"] == round(100 * softmax([3, 1])[0], 1)
    assert answers["sqrt-dk"] == math.sqrt(100)
    assert answers["block-weights"] == 12 * 64**2


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_exist_and_carry_no_style_or_script(language: str) -> None:
    for kind, body in blocks_of(language):
        if kind == "figure":
            drawing = (CHAPTER / "figures" / body["src"]).read_text(encoding="utf-8")
            assert re.search(r"\sstyle=|<style|<script|#[0-9a-fA-F]{3,6}\b", drawing) is None
