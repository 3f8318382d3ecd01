from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trainer.export.card import model_card
from trainer.export.weights import write_weights
from trainer.folder import load_model
from trainer.loop import train
from trainer.reports import report
from trainer.starting import base_hash
from trainer.tests.factories import random_ids, run
from trainer.tests.task_factories import task_data, task_spec


def test_a_model_leaves_with_its_card_and_is_the_same(tmp_path: Path) -> None:
    run(tmp_path)
    files = write_weights(tmp_path / "model", tmp_path / "out")
    assert [path.name for path in files] == [
        "README.md",
        "config.json",
        "tokenizer.json",
        "tokenizer_kind.json",
        "weights.safetensors",
    ]
    (ours, _), (theirs, _) = load_model(tmp_path / "model"), load_model(tmp_path / "out")
    assert torch.equal(ours(random_ids(1, 9)), theirs(random_ids(1, 9)))
    card = (tmp_path / "out" / "README.md").read_text()
    assert "Language model (gpt)" in card
    assert "Licence: PSF-2.0" in card
    assert "Held-out loss: " in card
    assert "| d_model | 16 | • |" in card
    assert "| dropout | 0.0 |  |" in card
    assert "transformers" not in card


def test_a_card_has_labels_measures_and_the_base(tmp_path: Path) -> None:
    run(tmp_path / "base", task_spec("language", "gpt"), data=task_data("language"))
    base = tmp_path / "base" / "model"
    spec = task_spec("classify", "gpt", tuning="full", base=base_hash(base), corpus="sha256:" + 64 * "0")
    for _ in train(spec, run_dir=tmp_path / "run", data=task_data("classify"), base=base, report=report):
        pass
    card = model_card(tmp_path / "run" / "model", opened_with="GPTNeoXForSequenceClassification")
    assert "Labels: +, -." in card
    assert "| held_out | accuracy |" in card
    assert f"the weights {base_hash(base)} (tuning: full)" in card
    assert "Ask them before you pass the model on" in card
    assert "library_name: transformers" in card
    # A model that was taken out of its run has no measures but the loss.
    (tmp_path / "run" / "model").rename(tmp_path / "alone")
    assert "| held_out |" not in model_card(tmp_path / "alone")


def test_a_folder_without_a_model_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_weights(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
