"""What the sections on gradients and on the map show of a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from labs.inside import questions
from labs.inside.layers import in_order, pushes, title
from labs.inside.token_words import token_words
from labs.runner import run_dir
from labs.tests.factories import make_curve, make_finished
from portal.accounts.models import User


@pytest.fixture(autouse=True)
def _english(own_language: None) -> None:
    translation.activate("en")


MEASURED = [
    {"step": 10, "grad_norms": {"head": 0.5, "blocks.0": 0.2}, "update_ratios": {"head": 0.01, "blocks.0": 0.02}},
    {"step": 20, "grad_norms": {"embedding": 0.1, "head": 0.4}, "update_ratios": {"head": 0.005}},
]


def test_layers_are_columns_from_the_input_on_with_gaps_where_nothing_was_measured(
    learner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    run = make_finished(learner, curve=make_curve(40) | {"layers": MEASURED})
    with django_assert_num_queries(1):
        found = pushes(run)
    assert found["steps"] == [10, 20]
    assert [layer["title"] for layer in found["layers"]] == ["Embedding", "Layer 1", "Output layer"]
    assert found["layers"][1]["grad_norms"] == [0.2, None]
    assert found["layers"][0]["update_ratios"] == [None, None]


def test_a_run_that_measured_no_layers_has_none(learner: User) -> None:
    assert pushes(make_finished(learner)) == {"steps": [], "layers": []}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("blocks.3", "Layer 4"),
        ("layers.0", "Layer 1"),
        ("encoder.1", "Encoder layer 2"),
        ("decoder.0", "Decoder layer 1"),
        ("neighbours", "Neighbours' vectors"),
        ("lookback", "lookback"),
    ],
)
def test_layers_have_names_for_people(name: str, words: str) -> None:
    assert title(name) == words


def test_the_input_comes_first_and_the_output_last() -> None:
    found = in_order(["head", "decoder.0", "encoder.0", "embedding", "encoder.1"])
    assert found == ["embedding", "decoder.0", "encoder.0", "encoder.1", "head"]


def test_the_page_has_the_table_without_script(learner: User, client_for: Callable[..., Client]) -> None:
    run = make_finished(learner, curve=make_curve(40) | {"layers": MEASURED})
    snapshot = run_dir(run) / "snapshots" / "000020.safetensors"
    snapshot.parent.mkdir(parents=True)
    snapshot.touch()
    page = client_for(learner, language="en").get(f"/runs/{run.pk}/inside/").content.decode()
    assert "Output layer" in page
    assert "0.4000" in page


def test_every_section_has_its_sentences() -> None:
    assert set(token_words()) == {"next", "surprise", "map", "layers", "gradients"}
    assert all(text for section in token_words().values() for text in section.values())


def test_vectors_of_a_corpus_with_classes_are_measured_by_them_whatever_learnt_them() -> None:
    assert "purity" in questions.asks({"task": "embed", "family": "skipgram", "corpus": "word-classes"})
    assert "purity" in questions.asks({"corpus": "word-classes"})
    assert "purity" not in questions.asks({"task": "embed", "family": "skipgram", "corpus": "stories"})
