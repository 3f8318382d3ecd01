"""Recomputes every worked number of the chapter "Training" and checks that both languages state it."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist, fmean, pstdev
from typing import Any

import pytest
import yaml

CHAPTER = Path(__file__).resolve().parents[1] / "content" / "llm-foundations" / "training"
LANGUAGES = ("en", "zh-hans")
BLOCK = re.compile(r"^```(guess|check|widget|figure|lab)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HAN = re.compile(r"[\u4e00-\u9fff]")


def chapter_text(language: str) -> str:
    return (CHAPTER / f"{language}.md").read_text(encoding="utf-8")


def load_quiz() -> dict[str, Any]:
    quiz: dict[str, Any] = yaml.safe_load((CHAPTER / "quiz.yaml").read_text(encoding="utf-8"))
    return quiz


def blocks_of(language: str) -> list[tuple[str, dict[str, Any]]]:
    return [(kind, yaml.safe_load(body)) for kind, body in BLOCK.findall(chapter_text(language))]


def name_of(kind: str, block: dict[str, Any]) -> str:
    key = {"guess": "id", "check": "id", "widget": "name", "figure": "src", "lab": "slug"}[kind]
    return f"{kind}:{block[key]}"


def block_by_id(language: str, block_id: str) -> dict[str, Any]:
    return next(block for _, block in blocks_of(language) if block.get("id") == block_id)


def question_by_id(question_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(q for q in load_quiz()["questions"] if q["id"] == question_id)
    return found


def right_texts(options: list[dict[str, Any]]) -> list[str]:
    texts = [option["text"] for option in options if option.get("right")]
    return [text["en"] if isinstance(text, dict) else text for text in texts]


def assert_stated(*numbers: str) -> None:
    """Each string stands in both languages, not as part of a longer number."""
    for language in LANGUAGES:
        text = chapter_text(language)
        for number in numbers:
            pattern = rf"(?<![\d.]){re.escape(number)}(?!\d|\.\d|,\d\d\d)"
            assert re.search(pattern, text), f"{number} is missing in {language}.md"


def walk_down(rate: float, momentum: float, *, steepness: float = 20, most: int = 200) -> list[float]:
    """Losses of (x² + steepness·y²)/2 from (−8, 2) until one is below 0.01 or `most` steps are done."""
    x, y, speed_x, speed_y = -8.0, 2.0, 0.0, 0.0
    losses = [0.5 * (x * x + steepness * y * y)]
    while losses[-1] >= 0.01 and len(losses) <= most:
        speed_x, speed_y = momentum * speed_x + x, momentum * speed_y + steepness * y
        x, y = x - rate * speed_x, y - rate * speed_y
        losses.append(0.5 * (x * x + steepness * y * y))
    return losses


def adam_ratios(gradients: list[float], *, beta1: float = 0.9, beta2: float = 0.999) -> list[float]:
    """m̂/√v̂ after each gradient; times the learning rate this is the step."""
    mean, square, ratios = 0.0, 0.0, []
    for step, gradient in enumerate(gradients, start=1):
        mean = beta1 * mean + (1 - beta1) * gradient
        square = beta2 * square + (1 - beta2) * gradient**2
        ratios.append(mean / (1 - beta1**step) / math.sqrt(square / (1 - beta2**step)))
    return ratios


def softmax(scores: list[float], temperature: float) -> list[float]:
    weights = [math.exp(score / temperature) for score in scores]
    return [weight / sum(weights) for weight in weights]


def expected_best(runs: int, *, cells: int = 20_000) -> float:
    """Expected maximum of `runs` standard normal draws, by the midpoint rule over x·n·φ(x)·Φ(x)^(n−1)."""
    normal, width = NormalDist(), 16 / cells
    middles = (-8 + (cell + 0.5) * width for cell in range(cells))
    return sum(x * runs * normal.pdf(x) * normal.cdf(x) ** (runs - 1) * width for x in middles)


def test_the_loss_of_an_untrained_model_is_the_logarithm_of_the_vocabulary() -> None:
    assert f"{math.log(95):.2f}" == "4.55"
    assert f"{math.log(103):.3f}" == "4.635"
    assert_stated("4.55", "4.635", "95", "103")
    assert block_by_id("en", "untrained")["answer"] == pytest.approx(math.log(95), abs=0.005)


def test_four_characters_by_hand() -> None:
    shares = [0.5, 0.8, 0.9, 0.25]
    losses = [-math.log(share) for share in shares]
    assert [f"{loss:.4f}" for loss in losses] == ["0.6931", "0.2231", "0.1054", "1.3863"]
    assert (f"{sum(losses):.4f}", f"{fmean(losses):.4f}", f"{math.exp(fmean(losses)):.3f}") == (
        "2.4079",
        "0.6020",
        "1.826",
    )
    assert math.prod(shares) == pytest.approx(0.09)
    assert f"{0.09**-0.25:.3f}" == "1.826"
    assert losses[3] > sum(losses) / 2
    assert f"{sum(losses) / (math.log(2) * 4):.4f}" == "0.8685"
    assert_stated("0.6931", "0.2231", "0.1054", "1.3863", "2.4079", "0.6020", "1.826", "0.09", "0.8685")


def test_bits_per_byte_compare_models_with_different_tokens() -> None:
    assert f"{1.5 / math.log(2):.3f}" == "2.164"
    assert f"{3.2 / (4 * math.log(2)):.3f}" == "1.154"
    assert f"{3.5 / (3 * math.log(2)):.3f}" == "1.683"
    assert len("词".encode()) == 3
    assert_stated("2.164", "1.154", "1.683")


def test_the_goal_of_the_loss_widget_needs_the_space_near_a_half() -> None:
    needed = 1.2**-4 / 0.99**3
    assert 0.45 < needed < 0.55


def test_one_confident_miss() -> None:
    shares = [0.9, 0.9, 0.9, 0.01]
    total = -sum(math.log(share) for share in shares)
    assert (f"{total:.4f}", f"{total / 4:.3f}", f"{-math.log(fmean(shares)):.3f}") == ("4.9213", "1.230", "0.389")
    assert f"{-math.log(0.01):.4f}" == "4.6052"
    assert f"{fmean(shares):.4f}" == "0.6775"
    assert right_texts(block_by_id("en", "one-miss")["options"]) == ["1.230 nats"]
    assert_stated("4.9213", "1.230", "0.389", "4.6052", "0.6775")


@pytest.mark.parametrize(
    ("rate", "factor", "walk", "tenth"),
    [
        ("0.1", "0.8", "1, 0.8, 0.64, 0.512", "0.107"),
        ("0.5", "0", "1, 0, 0, 0", "0"),
        ("0.9", "−0.8", "1, −0.8, 0.64, −0.512", "0.107"),
        ("1.1", "−1.2", "1, −1.2, 1.44, −1.728", "6.19"),
    ],
)
def test_the_table_of_learning_rates(rate: str, factor: str, walk: str, tenth: str) -> None:
    number = 1 - 2 * float(rate)
    assert number == pytest.approx(float(factor.replace("−", "-")))
    assert [float(x.replace("−", "-")) for x in walk.split(", ")] == pytest.approx([number**n for n in range(4)])
    assert float(tenth) == pytest.approx(number**10, abs=0.005)
    for language in LANGUAGES:
        assert f"| {rate} | {factor} | {walk} | {tenth} |" in chapter_text(language)


def test_the_valley() -> None:
    steps = {rate: len(walk_down(rate / 1000, 0)) - 1 for rate in range(1, 100)}
    assert walk_down(0.01, 0)[0] == 72
    assert min(steps.values()) == 42
    assert pytest.approx((-0.8, 0.91)) == (1 - 0.09 * 20, 1 - 0.09)
    assert len(walk_down(0.09, 0.7)) - 1 < len(walk_down(0.09, 0)) - 1
    assert pytest.approx(10) == 1 / (1 - 0.9)
    assert walk_down(0.1001, 0, most=2000)[-1] > 72 > walk_down(0.0999, 0, most=2000)[-1]
    assert_stated("72", "42", "0.91", "−0.8", "0.01", "0.1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_widget_has_the_valley_of_the_text(language: str) -> None:
    data = next(block["data"] for kind, block in blocks_of(language) if block.get("name") == "descent")
    assert (data["steepness"], data["start"], data["target"], data["budget"]) == (20, [-8, 2], 0.01, 25)
    reached = [m for m in range(0, 100, 5) if len(walk_down(0.1, m / 100)) - 1 <= data["budget"]]
    assert reached
    assert min(reached) > 0


def test_noise_of_a_batch() -> None:
    slopes = [-1, 3, 1, 5]
    spread = pstdev(slopes)
    assert (fmean(slopes), f"{spread:.3f}") == (2, "2.236")
    assert (f"{spread / math.sqrt(2):.3f}", f"{spread / math.sqrt(4):.3f}") == ("1.581", "1.118")
    assert_stated("2.236", "1.581", "1.118")


def test_counting_tokens() -> None:
    assert (16 * 64, 512_000 / (16 * 64), 512_000 / 64, 512_000 / 16) == (1_024, 500, 8_000, 32_000)
    assert (250 * 8 * 64, 2_000 * 12 * 64) == (128_000, 1_536_000)
    assert right_texts(block_by_id("en", "budget")["options"]) == ["500"]
    assert_stated("512,000", "8,000", "32,000", "128,000", "1,536,000")


def test_two_steps_of_adam_by_hand() -> None:
    mean, square = 0.1 * 0.02, 0.001 * 0.02**2
    assert (mean, square) == pytest.approx((0.002, 4e-7))
    assert (mean / 0.1, square / 0.001) == pytest.approx((0.02, 0.0004))
    assert f"{mean / math.sqrt(square):.2f}" == "3.16"
    second = 0.9 * mean + 0.1 * -0.02
    assert (0.9 * mean, second, second / (1 - 0.9**2)) == pytest.approx((0.0018, -0.0002, -0.00105), abs=5e-6)
    assert adam_ratios([0.02, -0.02]) == pytest.approx([1, -1 / 19])
    assert f"{1 / 19:.3f}" == "0.053"
    assert_stated("0.002", "0.02", "0.0004", "3.16", "0.0018", "0.0002", "0.19", "0.00105", "0.053")


def test_adam_hardly_moves_a_weight_whose_gradient_alternates() -> None:
    ratios = adam_ratios([0.3 if step % 2 == 0 else -0.3 for step in range(600)])
    assert abs(ratios[-1]) == pytest.approx(0.0526, abs=1e-3)
    assert f"{0.3 * 0.1 / 1.9:.3f}" == "0.016"
    assert_stated("0.016")


def test_the_first_adam_step_is_the_learning_rate_whatever_the_gradient() -> None:
    assert adam_ratios([50]) == pytest.approx([1])
    assert adam_ratios([0.00005]) == pytest.approx([1])
    assert block_by_id("en", "adam-step")["answer"] == 0.001
    assert 0.001 * 50 == 0.05
    assert_stated("0.05", "0.00005")


def test_decoupled_decay_depends_on_its_strength_and_l2_in_adam_does_not() -> None:
    eta, theta = 0.001, 2
    for strength in (0.1, 0.01):
        assert eta * adam_ratios([strength * theta])[0] == pytest.approx(0.001)
    assert (eta * 0.1 * theta, eta * 0.01 * theta) == pytest.approx((0.0002, 0.00002))
    assert_stated("0.00002")


def test_the_schedule_and_clipping() -> None:
    def rate(step: int) -> float:
        return 0.003 * step / 100 if step <= 100 else 0.003 * (1000 - step) / (1000 - 100)

    assert (rate(50), rate(550)) == pytest.approx((0.0015, 0.0015))
    assert (math.hypot(3, 4), 3 / 5, 4 / 5) == (5, 0.6, 0.8)
    assert_stated("0.0015", "550", "(0.6, 0.8)")


def test_measured_tables_stand_in_both_languages() -> None:
    for row in (
        "| A | 0.00003 | 4.635 | 4.590 | 4.513 | 4.371 | 4.260 |",
        "| B | 0.003 | 4.635 | 3.007 | 2.462 | 2.266 | 2.185 |",
        "| C | 0.05 | 4.635 | 2.774 | 2.638 | 2.516 | 2.266 |",
        "| D | 3.0 | 4.635 | 63.507 | 34.278 | 20.293 | 3.048 |",
        "| 2.952 | 2.316 | 1.761 | 0.999 | 0.539 | 0.411 |",
        "| 2.999 | 2.572 | 2.448 | 2.655 | 3.285 | 3.463 |",
        "| 2.00 | 1.91 | 1.89 | 1.87 |",
    ):
        assert all(row in chapter_text(language) for language in LANGUAGES), row
    assert_stated("8.347", "1.29", "7.74", "170", "3.250", "1.872", "1.886", "429,056")


def test_passes_over_the_small_text_until_the_best_checkpoint() -> None:
    assert round(350 * 1024 / 20_000) == 18
    assert_stated("18", "350")


def test_the_best_of_twenty_equal_runs_looks_better_than_it_is() -> None:
    assert expected_best(2) == pytest.approx(1 / math.sqrt(math.pi), abs=1e-6)
    assert f"{0.01 * expected_best(20):.3f}" == "0.019"
    assert_stated("0.019")


@pytest.mark.parametrize("temperature", ["0.5", "1", "2"])
def test_the_table_of_temperatures(temperature: str) -> None:
    cells = " | ".join(f"{share * 100:.1f} %" for share in softmax([2, 1, 0], float(temperature)))
    for language in LANGUAGES:
        assert f"| {temperature} | {cells} |" in chapter_text(language)


def test_numbers_of_the_quiz() -> None:
    shares = [0.5, 0.25, 0.125]
    assert question_by_id("perplexity-by-hand")["answer"] == pytest.approx(math.prod(shares) ** (-1 / 3))
    assert f"{1 / fmean(shares):.2f}" == "3.43"
    assert (f"{3.6 / 4.5 / math.log(2):.3f}", f"{1.2 / math.log(2):.3f}") == ("1.154", "1.731")
    rates = [0.015, 0.035, 0.075, 1.9]
    assert [max(rate for rate in rates if rate < 2 / 50)] == [0.035]
    assert [1 - 50 * rate for rate in rates[1:]] == pytest.approx([-0.75, -2.75, -94])
    assert right_texts(question_by_id("valley-limit")["options"]) == ["0.035"]
    assert right_texts(question_by_id("batch-noise")["options"]) == [str(0.8 / math.sqrt(64 / 16))]
    assert [-0.01 * ratio for ratio in (*adam_ratios([10]), *adam_ratios([-0.001]))] == pytest.approx([-0.01, 0.01])
    assert question_by_id("clip")["answer"] == pytest.approx(12 * 2.6 / math.hypot(-5, 12))


def test_the_quiz_keeps_the_checkpoint_with_the_lowest_held_out_loss() -> None:
    question = question_by_id("which-checkpoint")
    for language in LANGUAGES:
        rows = [
            line.strip("| ").split(" | ") for line in question["prompt"][language].splitlines() if line.startswith("|")
        ]
        steps, held_out = rows[0][1:], [float(cell) for cell in rows[3][1:]]
        assert f"Step {steps[held_out.index(min(held_out))]}" in right_texts(question["options"])


def test_both_languages_have_the_same_sections_and_blocks_in_the_same_order() -> None:
    def headings(language: str) -> list[tuple[str, str]]:
        return re.findall(r"^(#{2,3}) .+ \{#([a-z0-9-]+)\}$", chapter_text(language), re.MULTILINE)

    def names(language: str) -> list[str]:
        return [name_of(kind, block) for kind, block in blocks_of(language)]

    assert headings("en") == headings("zh-hans")
    assert names("en") == names("zh-hans")
    assert len(names("en")) == len(set(names("en"))) == chapter_text("en").count("\n```") / 2
    assert 5 <= sum(mark == "##" for mark, _ in headings("en")) <= 7


def test_blocks_ask_the_same_thing_in_both_languages() -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(item) for key, item in value.items()}
        if isinstance(value, list):
            return [shape(item) for item in value]
        return str if isinstance(value, str) else value

    for (_, english), (_, chinese) in zip(blocks_of("en"), blocks_of("zh-hans"), strict=True):
        assert shape(english) == shape(chinese)
        for templates in (english, chinese):
            assert "" not in (templates.get("goal"), templates.get("done"), templates.get("prompt"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_checks_have_one_right_answer_and_a_reason_for_each(language: str) -> None:
    checks = [block for kind, block in blocks_of(language) if kind == "check"]
    assert len(checks) >= 3
    for check in checks:
        assert 3 <= len(check["options"]) <= 4
        assert len(right_texts(check["options"])) == 1
        assert all(option["why"] for option in check["options"])


def test_the_quiz_is_complete_in_both_languages() -> None:
    def each_text(value: Any, visit: Callable[[dict[str, str]], None]) -> None:
        if isinstance(value, dict) and "en" in value:
            visit(value)
        elif isinstance(value, dict):
            for item in value.values():
                each_text(item, visit)
        elif isinstance(value, list):
            for item in value:
                each_text(item, visit)

    def complete(text: dict[str, str]) -> None:
        assert set(text) == set(LANGUAGES)
        assert bool(text["en"]) == bool(text["zh-hans"])
        assert not HAN.search(text["en"])

    quiz = load_quiz()
    each_text(quiz["questions"], complete)
    assert 8 <= len(quiz["questions"]) <= 12
    assert sum(bool(question.get("review")) for question in quiz["questions"]) == 3


def test_quiz_questions_point_to_sections_and_mark_their_answers() -> None:
    sections = set(re.findall(r"^## .+ \{#([a-z0-9-]+)\}$", chapter_text("en"), re.MULTILINE))
    for question in load_quiz()["questions"]:
        assert question["section"] in sections
        if question["kind"] == "number":
            assert question["tolerance"] > 0
            assert question["why"]
            continue
        right = right_texts(question["options"])
        assert len(right) == 1 if question["kind"] == "single" else 1 <= len(right) < len(question["options"])
        assert all(option["why"] for option in question["options"])


def test_the_longest_option_is_not_the_key_to_the_quiz() -> None:
    chosen = [q for q in load_quiz()["questions"] if q["kind"] != "number"]
    longest = [max(q["options"], key=lambda option: len(option["text"]["en"])) for q in chosen]
    assert sum(bool(option.get("right")) for option in longest) <= len(chosen) / 3


def test_the_completion_rule_names_what_the_chapter_has() -> None:
    chapter = yaml.safe_load((CHAPTER / "chapter.yaml").read_text(encoding="utf-8"))
    names = {name_of(kind, block) for kind, block in blocks_of("en")}
    assert {f"lab:{slug}" for slug in chapter["labs"]} <= names
    assert set(chapter["rule"]["labs"]) <= set(chapter["labs"])
    assert {f"widget:{name}" for name in chapter["rule"]["widgets"]} <= names
    assert all(
        (CHAPTER / "figures" / name.removeprefix("figure:")).is_file() for name in names if name[:7] == "figure:"
    )
