"""The tasks that learn from examples: labels, tags, targets; and all that data can be refused for."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from trainer.corpora import Data, Examples, Labelled, Pair, Tagged
from trainer.events import Failed
from trainer.loop import never
from trainer.models.registry import build
from trainer.tasks.base import IGNORED, DataError, Task
from trainer.tasks.classify import ClassifyTask
from trainer.tasks.prepare import prepare
from trainer.tasks.sequence import SequenceTask
from trainer.tasks.tag import TagTask
from trainer.tests.factories import enliven, run, tiny_text
from trainer.tests.task_factories import task_data, task_spec

LABELLED = Examples(
    "labelled",
    (Labelled("good tea", "+"), Labelled("good good", "+"), Labelled("bad tea", "-")),
    (Labelled("good bad", "+"), Labelled("bad bad", "-"), Labelled("new", "+")),
)
TAGGED = Examples(
    "tagged",
    (Tagged(("Ada", "saw", "Bo"), ("B", "O", "B")), Tagged(("Ada", "ran"), ("B", "O")), Tagged(("Bo",), ("O",))),
    (Tagged(("Bo", "saw", "Ada"), ("B", "O", "O")), Tagged(("Cy",), ("O",))),
)
PAIRS = Examples(
    "pairs",
    (Pair("ab", "x"), Pair("ba", "x"), Pair("aa", "yy")),
    (Pair("ab", "x"), Pair("bb", "yy"), Pair("a", "x"), Pair("b", "z")),
)


def words(task: str, family: str = "gpt", **changes: Any) -> Any:
    return task_spec(task, family, tokenizer="words", vocab_size=64, **changes)


def baseline(task: Task) -> tuple[float | None, dict[str, float]]:
    found = task.baseline(Path("nowhere"), "key")
    assert found is not None
    return found.loss, found.measures


def test_naive_bayes_is_the_one_that_a_hand_computes() -> None:
    task = ClassifyTask(words("classify", "bag"), LABELLED)
    V = task.specials.vocab_size - 1  # padding is no word

    def surety(text: str, label: str) -> float:
        counts, total = {"+": ({"good": 3, "tea": 1}, 4), "-": ({"bad": 1, "tea": 1}, 2)}[label]
        prior = {"+": 2 / 3, "-": 1 / 3}[label]
        return math.log(prior) + sum(math.log((counts.get(word, 0) + 1) / (total + V)) for word in text.split())

    nats, right = 0.0, 0
    for text, label in (("good bad", "+"), ("bad bad", "-"), ("new", "+")):
        plus, minus = surety(text, "+"), surety(text, "-")
        nats += math.log(math.exp(plus) + math.exp(minus)) - (plus if label == "+" else minus)
        right += (plus > minus) == (label == "+")
    loss, measures = baseline(task)
    assert loss == pytest.approx(nats / 3)
    assert measures == {"accuracy": pytest.approx(right / 3)}


def test_the_commonest_tag_of_each_word_and_of_all_for_a_new_one() -> None:
    # Bo was B once and O once (the lower of equals counts), saw O, Ada B; Cy is new: B occurred most.
    task = TagTask(words("tag"), TAGGED)
    assert task.labels == ("B", "O")
    loss, measures = baseline(task)
    assert loss is None
    assert measures == {"accuracy": pytest.approx(2 / 4)}


def test_the_commonest_target_whatever_the_source() -> None:
    assert baseline(SequenceTask(task_spec("sequence", "gpt"), PAIRS)) == (None, {"exact": 0.5})


def test_a_text_longer_than_the_context_is_cut_and_one_of_unknown_words_is_still_a_row() -> None:
    task = ClassifyTask(words("classify", context=8), LABELLED)
    rows = task.rows([Labelled("tea " * 20, "+"), Labelled("", "+")])
    assert rows.shape == (2, 8)
    assert rows[1].tolist() == [task.specials.separator] + [task.specials.pad] * 7


def test_probabilities_do_not_depend_on_the_company() -> None:
    task = ClassifyTask(words("classify"), LABELLED)
    model = build(task.config, torch.Generator().manual_seed(1))
    enliven(model)
    examples = [Labelled("good", "+"), Labelled("bad tea good bad", "-")]
    both = task.probabilities(model, examples)
    alone = torch.cat([task.probabilities(model, [example]) for example in examples])
    assert torch.allclose(both, alone, atol=1e-6)
    assert both.sum(1).tolist() == pytest.approx([1, 1])


def test_a_word_of_several_tokens_has_its_tag_at_the_first() -> None:
    task = TagTask(task_spec("tag", "gpt", tokenizer="characters", context=8), TAGGED)
    ids, firsts = task.row(("Ada", "saw", "Bo", "ran"))
    assert (len(ids), firsts) == (8, [0, 3, 6])  # the fourth word is beyond the context
    tags = task.tags([Tagged(("Ada", "saw", "Bo", "ran"), ("B", "O", "B", "O"))])
    assert tags.tolist() == [[0, IGNORED, IGNORED, 1, IGNORED, IGNORED, 0, IGNORED]]
    model = build(task.config, torch.Generator().manual_seed(1))
    (found,) = task.predicted(model, [Tagged(("Ada", "saw", "Bo", "ran"), ("B", "O", "B", "O"))])
    assert len(found) == 4
    assert found[3] == "O"


def test_a_tag_that_training_never_showed_is_not_scored() -> None:
    held_out = (Tagged(("Ada", "saw"), ("B-NEW", "O")),)
    task = TagTask(words("tag"), Examples("tagged", TAGGED.train, held_out))
    assert task.held_out(torch.tensor([0])).targets.tolist() == [[IGNORED, 1]]


def test_a_decoder_is_scored_on_the_target_alone() -> None:
    task = SequenceTask(task_spec("sequence", "gpt"), PAIRS)
    batch = task.held_out(torch.tensor([1]))
    source, target = task.tokenizer.encode("bb").tolist(), task.tokenizer.encode("yy").tolist()
    separator, end = task.specials.separator, task.specials.end
    assert batch.inputs[0].tolist() == [[*source, separator, *target]]
    assert batch.targets.tolist() == [[IGNORED, IGNORED, *target, end]]


def test_an_encoder_decoder_has_the_source_beside_the_target() -> None:
    task = SequenceTask(task_spec("sequence", "seq2seq"), PAIRS)
    batch = task.held_out(torch.tensor([1]))
    source, target = task.tokenizer.encode("bb").tolist(), task.tokenizer.encode("yy").tolist()
    assert [part.tolist() for part in batch.inputs] == [[source], [[task.specials.separator, *target]]]
    assert batch.targets.tolist() == [[*target, task.specials.end]]


@pytest.mark.parametrize("family", ["gpt", "seq2seq"])
@pytest.mark.parametrize(("source", "target"), [(9, 1), (1, 9), (8, 8), (4, 4), (4, 5), (8, 7), (3, 5)])
def test_a_pair_is_left_out_exactly_where_it_does_not_fit(family: str, source: int, target: int) -> None:
    pair = Pair("a" * source, "b" * target)
    examples = Examples("pairs", (Pair("a", "b"), pair), (Pair("a", "b"), pair))
    task = SequenceTask(task_spec("sequence", family, context=8), examples)
    # Source and separator, target and end; the last token is never read.
    fits = source + 1 + target <= 8 if family == "gpt" else max(source, target + 1) <= 8
    assert task.left_out == (0 if fits else 2)
    model = build(task.config, torch.Generator().manual_seed(1))
    assert task.score(model, torch.arange(task.units), stop=never).units == (2 if fits else 1)


def test_shares_tell_tokens_from_whole_targets() -> None:
    task = SequenceTask(task_spec("sequence", "gpt"), PAIRS)
    model = build(task.config, torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert model.head is not None
        model.head.zero_()  # every logit is equal: id 0 is the guess everywhere
    score = task.score(model, torch.arange(task.units), stop=never)
    assert score.measures == {"accuracy": 0.0, "exact": 0.0}
    assert score.loss == pytest.approx(math.log(task.config.n_outputs))


def reason(task: str, data: Data) -> dict[str, Any]:
    family = "encoder" if task == "masked" else "gpt"
    with pytest.raises(DataError) as caught:
        prepare(task_spec(task, family), data)
    return caught.value.detail


ONE_CLASS = Examples("labelled", (Labelled("a", "+"), Labelled("b", "+")), (Labelled("a", "+"),))
LETTERS = "".join(map(chr, range(0x4E00, 0x4E00 + 12_000)))


@pytest.mark.parametrize(
    ("task", "data", "detail"),
    [
        ("language", "", {"reason": "text_too_short", "needed": 491, "found": 0}),
        ("masked", "short", {"reason": "text_too_short", "needed": 491, "found": 5}),
        ("language", LETTERS, {"reason": "vocabulary_too_large", "limit": 10_000, "found": 12_000}),
        ("classify", ONE_CLASS, {"reason": "one_class", "label": "+"}),
        (
            "tag",
            Examples("tagged", (Tagged(("a",), ("O",)),), TAGGED.held_out),
            {"reason": "one_class", "label": "O"},
        ),
        ("classify", Examples("labelled", (), ()), {"reason": "one_class", "label": ""}),
        (
            "classify",
            Examples("labelled", LABELLED.train, ()),
            {"reason": "too_few_examples", "needed": 1, "found": 0},
        ),
        ("tag", Examples("tagged", TAGGED.train, ()), {"reason": "too_few_examples", "needed": 1, "found": 0}),
        ("language", LABELLED, {"reason": "wrong_kind", "needed": "text", "found": "labelled"}),
        ("classify", tiny_text(), {"reason": "wrong_kind", "needed": "labelled", "found": "text"}),
        ("sequence", TAGGED, {"reason": "wrong_kind", "needed": "pairs", "found": "tagged"}),
    ],
    ids=str,
)
def test_data_that_cannot_be_used_are_refused_with_what_it_would_take(
    task: str, data: Data, detail: dict[str, Any]
) -> None:
    assert reason(task, data) == detail


def test_pairs_that_cannot_be_used_are_refused() -> None:
    none = reason("sequence", Examples("pairs", (), PAIRS.held_out))
    assert (none["reason"], none["found"]) == ("too_few_examples", 0)
    long = Examples("pairs", (Pair("a" * 30, "b"),), PAIRS.held_out)
    assert reason("sequence", long) == {"reason": "examples_too_long", "context": 24, "shortest": 32}
    many = Examples("pairs", (Pair(LETTERS, "b"),), PAIRS.held_out)
    assert reason("sequence", many)["reason"] == "vocabulary_too_large"


def test_refused_data_end_a_run_before_it_writes_anything(tmp_path: Path) -> None:
    (failed,) = run(tmp_path / "run", task_spec("classify", "bag"), data=ONE_CLASS)
    assert isinstance(failed, Failed)
    assert (failed.ending, failed.detail["reason"]) == ("refused", "one_class")
    assert not (tmp_path / "run").exists()


def test_samples_show_what_is_right_beside_what_was_said() -> None:
    for name in ("classify", "tag", "sequence"):
        task = prepare(task_spec(name, "lstm"), task_data(name))
        for said in task.samples(build(task.config, torch.Generator().manual_seed(1)), max_tokens=5):
            assert said.prompt
            assert said.expected
