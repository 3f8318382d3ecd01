"""Every switch of a recipe changes what the run does, or is known to be ignored by the family."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch

from trainer.corpora import CORPORA, OPTIONS, data_hash
from trainer.events import Point, Sample
from trainer.loop import corpus_data, train
from trainer.models.config import FAMILIES
from trainer.models.registry import build
from trainer.spec import RunSpec
from trainer.starting import base_hash
from trainer.tests.factories import run
from trainer.tests.task_factories import task_data, task_spec

STEPS = 4
"""Heads start at zero, so switches of the inside show from the second or third loss on."""

TASK_OF = {
    "gpt": "language",
    "rnn": "language",
    "lstm": "language",
    "encoder": "masked",
    "seq2seq": "sequence",
    "skipgram": "embed",
    "bag": "classify",
}

TRANSFORMERS = {"gpt", "encoder", "seq2seq"}
LAYERED = TRANSFORMERS | {"rnn", "lstm"}
WIDE = LAYERED | {"skipgram"}
ALL = set(FAMILIES)

SWITCHES: list[tuple[str, Any, set[str]]] = [
    ("n_layers", 2, LAYERED),
    ("d_model", 32, WIDE),
    ("n_heads", 4, TRANSFORMERS),
    ("d_ff", 32, TRANSFORMERS),
    ("context", 12, ALL),
    ("positions", "learned", TRANSFORMERS),
    ("positions", "sinusoidal", TRANSFORMERS),
    ("positions", "none", TRANSFORMERS),
    ("causal", False, {"gpt"}),
    ("norm", "rms", LAYERED),
    ("norm_place", "after", TRANSFORMERS),
    ("residual", False, TRANSFORMERS),
    ("activation", "gelu", TRANSFORMERS),
    ("activation", "relu", TRANSFORMERS),
    ("tied", True, LAYERED),
    ("lookback", 1, {"gpt"}),
    ("dropout", 0.5, LAYERED),
    ("window", 1, {"skipgram"}),
    ("negatives", 1, {"skipgram"}),
    ("optimizer", "adamw", ALL),
    ("optimizer", "momentum", ALL),
    ("optimizer", "sgd", ALL),
    ("learning_rate", 0.01, ALL),
    ("embedding_rate", 0.01, ALL),
    ("momentum", 0.5, LAYERED),
    ("schedule", "cosine", ALL),
    ("schedule", "constant", ALL),
    ("warmup", 5, ALL),
    ("clip", 0.01, ALL),
    ("weight_decay", 0.5, ALL),
    ("batch", 3, ALL),
    ("tokens", 96 * 20, ALL),
    ("seed", 2, ALL),
    ("precision", "bfloat16", WIDE),
    ("normalise", ("lowercase",), LAYERED | {"bag"}),
    ("tokenizer", "bytes", LAYERED),
    ("tokenizer", "words", LAYERED | {"bag"}),
]
"""Field, another value than usual, and the families to which it makes a difference."""

REFUSED = {("bag", "tied"), ("skipgram", "tied"), ("skipgram", "tokenizer"), ("skipgram", "normalise")}
"""Embeddings are of words; their normalisation is looked at below."""

ELSEWHERE = {
    "task": "other batches and losses: test_tasks",
    "corpus": "other data, which these tests hand over themselves",
    "family": "test_families_differ",
    "options": "test_what_is_drawn_follows_the_recipe",
    "examples": "test_what_is_drawn_follows_the_recipe",
    "data_seed": "test_what_is_drawn_follows_the_recipe",
    "tuning": "test_ways_of_tuning_differ",
    "base": "test_ways_of_tuning_differ",
    "lora_rank": "test_ways_of_tuning_differ",
    "vocab_size": "test_fewer_words_and_merged_words_change_embeddings",
    "threads": "changes the last digits at most: test_spec holds that it is another run",
    "device": "there is not always another",
    "prompts": "test_prompts_change_samples_and_no_loss",
}


def first_losses(run_dir: Path, spec: RunSpec, **more: Any) -> list[float]:
    """Losses of the first few steps."""
    found: list[float] = []
    for event in train(spec, run_dir=run_dir, **{"data": task_data(spec.task)} | more):
        if isinstance(event, Point):
            found.append(event.loss)
        if len(found) == STEPS:
            break
    return found


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[float]]:
    """Losses of each family's plain recipe."""
    folder = tmp_path_factory.mktemp("usual")
    return {family: first_losses(folder / family, plain(family)) for family in FAMILIES}


def plain(family: str, **changes: Any) -> RunSpec:
    return task_spec(TASK_OF[family], family, **changes)


def test_every_field_is_looked_at() -> None:
    assert {name for name, _, _ in SWITCHES} | ELSEWHERE.keys() == {field.name for field in fields(RunSpec)}


@pytest.mark.parametrize(
    ("family", "field", "value", "differs"),
    [
        pytest.param(family, field, value, family in families, id=f"{family}-{field}-{value}")
        for field, value, families in SWITCHES
        for family in FAMILIES
        if (family, field) not in REFUSED
    ],
)
def test_a_switch_changes_the_losses_where_a_family_has_it(
    tmp_path: Path, usual: dict[str, list[float]], family: str, field: str, value: Any, differs: bool
) -> None:
    spec = plain(family, **{field: value})
    assert spec != plain(family)
    assert (first_losses(tmp_path, spec) != usual[family]) == differs


def test_families_differ(usual: dict[str, list[float]]) -> None:
    assert len({tuple(usual[family]) for family in ("gpt", "rnn", "lstm")}) == 3


@pytest.mark.parametrize(
    ("corpus", "task", "changes"),
    [
        ("copy", "sequence", {"data_seed": 2}),
        ("copy", "sequence", {"examples": 120}),
        ("copy", "sequence", {"options": {"length": 5}}),
        ("reviews", "classify", {"options": {"negation": 0}}),
        ("entities", "tag", {"data_seed": 2, "examples": 120}),
    ],
)
def test_what_is_drawn_follows_the_recipe(corpus: str, task: str, changes: dict[str, Any]) -> None:
    spec = {"corpus": corpus, "examples": 100, "context": 64, "tokens": 4096}
    one, other = (corpus_data(task_spec(task, "gpt", **spec | more)) for more in ({}, changes))
    assert data_hash(one) != data_hash(other)
    assert data_hash(one) == data_hash(corpus_data(task_spec(task, "gpt", **spec)))
    assert set(dict(changes.get("options", {}))) <= set(OPTIONS[corpus])
    assert CORPORA[corpus].generated


@pytest.mark.parametrize("changes", [{"vocab_size": 20}, {"normalise": ("lowercase",)}])
def test_fewer_words_and_merged_words_change_embeddings(tmp_path: Path, changes: dict[str, Any]) -> None:
    words = [first + second for first in "aAbB" for second in "cdefghijk"]
    text = " ".join(words[(7 * i + i // 36) % 36] for i in range(3_000))
    one, other = (
        first_losses(tmp_path / str(len(more)), plain("skipgram", **more), data=text) for more in ({}, changes)
    )
    assert one != other


def test_ways_of_tuning_differ(tmp_path: Path) -> None:
    bases = []
    for seed in (1, 2):
        run(tmp_path / f"base{seed}", task_spec("masked", "encoder", seed=seed), data=task_data("masked"))
        bases.append(tmp_path / f"base{seed}" / "model")
    found = []
    ways: list[dict[str, Any]] = [{"tuning": tuning} for tuning in ("frozen", "full", "lora")]
    for i, changes in enumerate([*ways, {"tuning": "lora", "lora_rank": 2}]):
        for j, base in enumerate(bases):
            spec = task_spec("classify", "encoder", base=base_hash(base), **changes)
            found.append(tuple(first_losses(tmp_path / f"{i}{j}", spec, base=base)))
    scratch = tuple(first_losses(tmp_path / "scratch", task_spec("classify", "encoder")))
    assert len({*found, scratch}) == 9


def test_prompts_change_samples_and_no_loss(tmp_path: Path) -> None:
    one, other = (run(tmp_path / prompt, plain("gpt", prompts=(prompt,))) for prompt in ("The", "cat"))
    losses = [[event.loss for event in events if isinstance(event, Point)] for events in (one, other)]
    assert losses[0] == losses[1]
    assert {event.prompt for event in other if isinstance(event, Sample)} == {"cat"}


@pytest.mark.parametrize("family", sorted(TRANSFORMERS))
def test_switches_change_the_model_itself_not_only_its_start(family: str) -> None:
    """The same weights under another switch say something else."""

    outputs = []
    for changes in ({}, {"norm_place": "after"}, {"residual": False}, {"activation": "gelu"}, {"positions": "none"}):
        config = plain(family, **changes).model_config(23)
        model = build(config, torch.Generator().manual_seed(1)).eval()
        with torch.no_grad():
            for i, param in enumerate(model.parameters()):
                param.copy_(torch.randn(param.shape, generator=torch.Generator().manual_seed(i)))
        ids = torch.arange(12)[None] % 7
        outputs.append(model(ids, ids) if family == "seq2seq" else model(ids))
    assert all(not torch.allclose(a, b, atol=1e-3) for i, a in enumerate(outputs) for b in outputs[:i])
