"""The band: for a preset's recipe with any seed, after a prediction, and for nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from labs.branches import bands, panel
from labs.catalogue import LABS
from labs.models import Run
from labs.tests.factories import make_finished
from portal.accounts.models import User
from trainer.spec import ENGINE

pytestmark = pytest.mark.django_db

PRESET = LABS["training"].preset.to_dict()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A catalogue in which the first preset of "training" has a band."""
    (tmp_path / "training").mkdir()
    columns = {"step": [25, 50], "low": [2.5, 2.0], "mean": [2.6, 2.1], "high": [2.7, 2.2]}
    band = {"recipe": bands.fingerprint(PRESET), "seeds": [1, 2, 3, 4, 5]} | columns
    (tmp_path / "training" / bands.FILE).write_text(json.dumps({"presets": {"plain": band}}))
    monkeypatch.setattr(bands, "FOLDER", tmp_path)
    bands.bands.cache_clear()
    yield tmp_path
    bands.bands.cache_clear()


def run_of(owner: User, *, prediction: float | None = 2.0, **changes: Any) -> Run:
    return make_finished(owner, spec=PRESET | changes, prediction=prediction)


def test_the_preset_with_any_seed_has_its_band(learner: User, measured: Path) -> None:
    found = panel.beside(run_of(learner, seed=77))["band"]
    assert (found["runs"], found["low"], found["tokens"]) == (5, [2.5, 2.0], [25 * 1024, 50 * 1024])
    assert panel.band_words(run_of(learner, seed=77)) == ""


def test_another_recipe_has_none_and_says_so(learner: User, measured: Path) -> None:
    run = run_of(learner, learning_rate=0.01)
    assert panel.beside(run)["band"] is None
    assert "not one of the lab's presets" in panel.band_words(run)


def test_without_a_prediction_it_is_kept_back_and_says_so(learner: User, measured: Path) -> None:
    run = run_of(learner, prediction=None)
    assert panel.beside(run)["band"] is None
    assert "nothing was predicted" in panel.band_words(run)


def test_a_lab_without_bands_says_nothing(learner: User, measured: Path) -> None:
    run = make_finished(learner, lab="tokens")
    assert panel.band_words(run) == ""


def test_another_engine_is_another_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    before = bands.fingerprint(PRESET)
    monkeypatch.setattr(bands, "ENGINE", ENGINE + 1)
    assert bands.fingerprint(PRESET) != before


@pytest.mark.parametrize("slug", LABS)
def test_the_bands_in_the_catalogue_are_whole(slug: str) -> None:
    for band in bands.bands(slug).values():
        assert band["preset"] in {preset.name for preset in LABS[slug].presets}
        assert len({len(band[name]) for name in ("step", "low", "mean", "high")}) == 1
        assert len(band["seeds"]) == 5
        rows = zip(band["low"], band["mean"], band["high"], strict=True)
        assert all(low <= mean <= high for low, mean, high in rows)
        assert band["step"] == sorted(band["step"])
