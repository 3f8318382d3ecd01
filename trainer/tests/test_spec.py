from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from trainer.spec import LIMITS, RunSpec, SpecError, identity


def errors(values: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    with pytest.raises(SpecError) as caught:
        RunSpec.parse(values)
    return caught.value.errors


def test_the_default_recipe_is_sound() -> None:
    assert RunSpec.parse({}) == RunSpec()
    assert RunSpec().problems() == {}


def test_every_wrong_field_is_named_at_once() -> None:
    wrong: dict[str, Any] = dict.fromkeys(LIMITS, -1)
    wrong |= {"tokenizer": "letters", "optimizer": "newton", "schedule": "stairs", "prompts": (), "colour": "red"}
    found = errors(wrong)
    assert found.keys() == wrong.keys()
    assert found["n_layers"] == ("out_of_range", {"low": 1, "high": 6})
    assert found["colour"] == ("unknown", {})


@pytest.mark.parametrize("value", ["", "many", "1.5", None, True, "nan", "inf", [1]])
def test_what_is_not_a_whole_number_is_refused(value: Any) -> None:
    assert errors({"batch": value}).keys() == {"batch"}


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "", True])
def test_a_rate_must_be_a_finite_number(value: Any) -> None:
    assert errors({"learning_rate": value}).keys() == {"learning_rate"}


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_both_ends_of_a_range_belong_to_it(name: str) -> None:
    low, high = LIMITS[name]
    small = RunSpec(n_heads=1, batch=1, context=8)  # so that width and tokens may take any value of their range
    for value in (low, high):
        problem = replace(small, **{name: type(getattr(RunSpec, name))(value)}).problems().get(name)
        assert problem is None or problem[0] != "out_of_range"
    for value in (low - 1, high * 2 + 1):
        assert errors({name: value})[name] == ("out_of_range", {"low": low, "high": high})


def test_width_must_suit_the_heads() -> None:
    assert errors({"d_model": 60, "n_heads": 8}) == {"d_model": ("not_a_multiple", {"factor": 16})}


def test_tokens_must_make_between_one_and_twenty_thousand_steps() -> None:
    assert errors({"tokens": 4095, "batch": 64, "context": 64})["tokens"][0] == "too_few_tokens"
    assert errors({"tokens": 4_000_000, "batch": 1, "context": 8})["tokens"][0] == "too_many_steps"


def test_text_from_forms_becomes_numbers() -> None:
    spec = RunSpec.parse({"batch": "8", "learning_rate": "0.01", "tokens": "1e5", "prompts": ["a"]})
    assert (spec.batch, spec.learning_rate, spec.tokens, spec.prompts) == (8, 0.01, 100_000, ("a",))


def test_a_spec_comes_back_from_its_dict() -> None:
    spec = RunSpec(batch=8, prompts=("注意", "b"))
    assert RunSpec.parse(spec.to_dict()) == spec


def test_identity_changes_with_all_that_decides_the_losses() -> None:
    base = identity(RunSpec(), data_hash="a", torch_version="2")
    assert base == identity(RunSpec(), data_hash="a", torch_version="2")
    others = [
        identity(RunSpec(seed=2), data_hash="a", torch_version="2"),
        identity(RunSpec(threads=2), data_hash="a", torch_version="2"),
        identity(RunSpec(), data_hash="b", torch_version="2"),
        identity(RunSpec(), data_hash="a", torch_version="3"),
    ]
    assert len({base, *others}) == 5


def test_as_many_examples_as_the_corpus_can_make() -> None:
    facts = {"task": "sequence", "corpus": "facts", "tokenizer": "words"}
    with pytest.raises(SpecError) as caught:
        RunSpec.parse(facts | {"examples": 513})
    assert caught.value.errors == {"examples": ("out_of_range", {"low": 16, "high": 512})}
    assert RunSpec.parse(facts | {"examples": 512}).examples == 512
    assert RunSpec.parse({"examples": 5}).examples == 5, "texts take no examples"
