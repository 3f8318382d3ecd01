"""What a run measures, on its page and against its lab's goal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from labs import goals, results
from labs.catalogue import LABS
from labs.curves import MAX_ERRORS, MAX_TEXT, Ledger, bounded
from labs.endings import KINDS, REFUSALS, ending_of
from labs.models import LabRecord, Run
from labs.states import State
from labs.tests.factories import make_finished, make_run
from portal.accounts.models import User
from trainer.corpora import KINDS as DATA_KINDS

ClientFor = Callable[..., Client]
pytestmark = pytest.mark.django_db


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": max(0.0, value - 0.02), "high": min(1.0, value + 0.02), "n": 500}


def evaluation(**measures: float) -> dict[str, Any]:
    return {"step": 40, "measures": {name: interval(value) for name, value in measures.items()}, "detail": {}}


def make_reverse(owner: Any, exact: float, **fields: Any) -> Run:
    """A finished run of the lab "Inside a block"."""
    info = {
        "baseline": {
            "name": "commonest_target",
            "order": 0,
            "loss": None,
            "bits_per_byte": None,
            "measures": {"exact": 0.01},
        },
        "evaluations": {
            "held_out": evaluation(exact_match=exact, token_accuracy=0.99),
            "longest": evaluation(exact_match=0.5),
        },
    }
    samples = [
        {"step": 40, "prompt": "a b", "text": "b a", "expected": "b a"},
        {"step": 40, "prompt": "c d e", "text": "e d", "expected": "e d c"},
    ]
    spec = LABS["block"].preset.to_dict()
    return make_finished(owner, lab="block", spec=spec, info=info, samples=samples, **fields)


def make_reviews(owner: Any) -> Run:
    """A finished run of the lab "Few labels"."""
    held = evaluation(accuracy=0.8, macro_f1=0.79)
    held["detail"] = {
        "labels": ["negative", "positive"],
        "confusion": [[90, 10], [30, 70]],
        "errors": [{"text": "not <b>bad</b>", "label": "positive", "predicted": "negative"}],
    }
    info = {
        "baseline": {
            "name": "naive_bayes",
            "order": 1,
            "loss": 0.9,
            "bits_per_byte": None,
            "measures": {"accuracy": 0.6},
        },
        "evaluations": {"held_out": held},
    }
    return make_finished(owner, lab="sentiment", spec=LABS["sentiment"].preset.to_dict(), info=info)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_run_of_pairs_shows_headline_slices_and_answers(client_for: ClientFor, learner: User, language: str) -> None:
    run = make_reverse(learner, 0.985, prediction=90)
    response = client_for(learner, language=language).get(reverse("run", args=[run.pk]))
    text = response.content.decode()
    assert response.status_code == 200
    assert response.context["outcome"]["headline"].value == "98.5 %"
    assert response.context["outcome"]["headline"].beats
    assert "96.5 % – 100.0 %" in text
    assert "e d c" in text
    assert 'id="s-bpb"' not in text
    assert 'id="writes-rows"' not in text
    if language == "en":
        assert "You said 90.0 %, which is 8.5 % too low." in text
        assert "longest rows" in text
        assert "the commonest target 1.0 %" in text
        assert "Finished: Exact match 98.5 %" in text


def test_a_classifier_shows_its_confusion_and_errors_and_nothing_to_write(client_for: ClientFor, learner: User) -> None:
    run = make_reviews(learner)
    text = client_for(learner, language="en").get(reverse("run", args=[run.pk])).content.decode()
    assert 'data-h="4">90</td>' in text
    assert "Confusion" in text
    assert "not &lt;b&gt;bad&lt;/b&gt;" in text
    assert "Let it write" not in text
    assert "80.0 %" in text


def test_a_text_run_keeps_bits_per_byte_and_its_writing(client_for: ClientFor, learner: User) -> None:
    text = client_for(learner).get(reverse("run", args=[make_finished(learner).pk])).content.decode()
    assert 'id="s-bpb"' in text
    assert 'id="writes-rows"' in text
    assert 'id="answers"' not in text


def test_measures_come_with_the_fragment_of_an_ended_run(client_for: ClientFor, learner: User) -> None:
    text = client_for(learner).get(reverse("run-status", args=[make_reverse(learner, 0.9).pk])).content.decode()
    assert 'id="measures" hx-swap-oob="true"' in text


# Goals


def test_the_goal_of_a_lab_is_held_against_its_measure_and_the_best_is_kept(learner: User) -> None:
    goals.check_training(make_reverse(learner, 0.6))
    record = LabRecord.objects.get()
    assert (record.best["measure"], record.best["value"], record.reached_at) == ("exact_match", 0.6, None)
    best = make_reverse(learner, 0.99)
    goals.check_training(best)
    goals.check_training(make_reverse(learner, 0.7))
    record.refresh_from_db()
    assert (record.best["value"], record.run_id) == (0.99, best.pk)
    assert record.reached_at is not None


def test_an_easier_recipe_does_not_count(learner: User) -> None:
    run = make_reverse(learner, 1.0)
    run.spec["options"] = {"length": 2}
    goals.check_training(run)
    assert not LabRecord.objects.exists()


def test_a_goal_beside_the_baseline_takes_the_difference(learner: User) -> None:
    goals.check_training(make_reviews(learner))
    record = LabRecord.objects.get()
    assert record.best["value"] == pytest.approx(0.2)
    assert record.best["figure"] == pytest.approx(0.8)
    assert record.reached_at is not None


def make_scaling(owner: Any, prediction: float | None) -> Run:
    spec = LABS["scaling"].preset_named("width-96").spec.to_dict()
    return make_finished(owner, lab="scaling", spec=spec, params=240_000, held_out=2.1, prediction=prediction)


def test_a_forecast_counts_only_before_the_first_run_of_that_size(learner: User) -> None:
    goals.check_training(make_scaling(learner, None))
    assert not LabRecord.objects.exists(), "nothing was said"
    goals.check_training(make_scaling(learner, 2.1))
    assert not LabRecord.objects.exists(), "it was known"


@pytest.mark.parametrize(("said", "reached"), [(2.15, True), (2.5, False)])
def test_a_forecast_must_come_close(learner: User, said: float, reached: bool) -> None:
    goals.check_training(make_scaling(learner, said))
    record = LabRecord.objects.get()
    assert record.best["value"] == pytest.approx(abs(said - 2.1) / 2.1)
    assert (record.reached_at is not None) is reached


@pytest.mark.parametrize("make", [make_reverse, make_reviews])
def test_the_list_of_labs_shows_the_best(client_for: ClientFor, learner: User, make: Any) -> None:
    run = make(learner) if make is make_reviews else make(learner, 0.99)
    goals.check_training(run)
    text = client_for(learner, language="en").get(reverse("lab-list")).content.decode()
    assert "Your best:" in text
    assert text.count('class="tag good"') == 1


# Events


def test_a_row_keeps_measures_layers_expected_answers_and_evaluations() -> None:
    ledger = Ledger()
    held = {
        "kind": "held_out",
        "step": 10,
        "tokens": 1,
        "seconds": 1,
        "loss": 1,
        "perplexity": 2,
        "bits_per_byte": None,
    }
    ledger.add(
        [
            held | {"measures": {"exact": 0.25}},
            {"kind": "layers", "step": 10, "grad_norms": {"head": 1.0}, "update_ratios": {"head": 0.1}},
            {"kind": "sample", "step": 10, "prompt": "a", "text": "b", "expected": "c"},
            {"kind": "evaluation", "slice": "held_out", **evaluation(accuracy=0.5)},
        ]
    )
    assert ledger.curve["shares"] == {"step": [10], "measures": [{"exact": 0.25}]}
    assert ledger.curve["layers"][0]["grad_norms"] == {"head": 1.0}
    assert ledger.samples[0]["expected"] == "c"
    assert ledger.info["evaluations"]["held_out"]["measures"]["accuracy"]["value"] == 0.5
    ledger.rewind(5)
    assert ledger.curve["shares"]["step"] == ledger.curve["layers"] == ledger.samples == []
    assert "evaluations" not in ledger.info


def test_an_evaluation_is_cut_to_what_a_page_can_show() -> None:
    labels = [str(n) for n in range(100)]
    event = {
        "kind": "evaluation",
        "detail": {
            "labels": labels,
            "confusion": [[0] * 100] * 100,
            "errors": [{"text": "\0x" * 1000, "label": "a", "predicted": "b"}] * 50,
            "lengths": list(range(5000)),
            "tokenisation": "zh",
        },
    }
    detail = bounded(event)["detail"]
    assert set(detail) == {"errors", "tokenisation"}
    assert len(detail["errors"]) == MAX_ERRORS
    assert len(detail["errors"][0]["text"]) == MAX_TEXT
    assert "\0" not in detail["errors"][0]["text"]


# Endings


REASONS: dict[str, dict[str, Any]] = {
    "text_too_short": {"needed": 1290, "found": 900},
    "vocabulary_too_large": {"limit": 10_000, "found": 12_000},
    "one_class": {"label": "good"},
    "too_few_examples": {"needed": 1, "found": 0, "part": "train"},
    "examples_too_long": {"context": 24, "shortest": 40},
    "wrong_kind": {"needed": "labelled", "found": "text"},
    "changed_data": {},
    "recipe": {"fields": {"d_model": ["not_as_in_base", {"base": 64}]}},
}


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_to_refuse_has_words_and_its_numbers(learner: User, reason: str) -> None:
    detail = {"reason": reason} | REASONS[reason]
    run = make_run(learner, state=State.REFUSED, lab="sentiment", result={"detail": detail, "step": 0})
    ending = ending_of(run)
    assert ending is not None
    assert "%(" not in ending.happened
    assert ending.happened != "This recipe cannot use this text."


def test_the_reasons_are_those_of_the_trainer() -> None:
    assert set(REASONS) - {"recipe"} == set(REFUSALS)
    assert set(KINDS) == set(DATA_KINDS)


def test_answers_are_those_of_the_last_checkpoint(learner: User) -> None:
    run = make_reverse(learner, 0.5)
    run.samples = [{"step": 10, "prompt": "a b", "text": "x", "expected": "b a"}, *run.samples]
    found = results.answers(run)
    assert found["step"] == 40
    assert [row["right"] for row in found["rows"]] == [True, False]
