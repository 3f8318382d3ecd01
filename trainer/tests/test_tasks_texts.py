"""The tasks that learn from texts: next tokens, hidden tokens, neighbours."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest
import torch

from trainer.loop import never
from trainer.models.registry import build
from trainer.tasks.base import IGNORED
from trainer.tasks.embed import EmbedTask
from trainer.tasks.language import LanguageTask
from trainer.tasks.masked import MaskedTask
from trainer.tests.factories import enliven, tiny_text
from trainer.tests.task_factories import task_spec


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def masked_task(**changes: object) -> MaskedTask:
    return MaskedTask(task_spec("masked", "encoder", **changes), tiny_text())


def embed_task(text: str, **changes: object) -> EmbedTask:
    return EmbedTask(task_spec("embed", "skipgram", **changes), text)


def test_each_token_of_a_window_predicts_the_one_after_it() -> None:
    task = LanguageTask(task_spec("language", "gpt"), tiny_text())
    batch = task.draw(0, generator())
    assert batch.inputs[0].shape == batch.targets.shape == (4, 24)
    assert torch.equal(batch.inputs[0][:, 1:], batch.targets[:, :-1])
    for row in batch.inputs[0]:
        assert task.tokenizer.decode(row.tolist()) in tiny_text()[:2700]


def test_held_out_windows_cover_the_rest_of_the_text_once() -> None:
    task = LanguageTask(task_spec("language", "gpt"), tiny_text())
    windows = task.held_out(torch.arange(task.units)).inputs[0]
    assert task.tokenizer.decode(windows.flatten().tolist()) == tiny_text()[2700 : 2700 + task.units * 24]
    assert task.bytes_per_token == 1.0
    assert task.bytes_of(windows[0]) == 24


def test_a_share_of_the_tokens_is_hidden_as_in_bert() -> None:
    task = masked_task(batch=64)
    windows = torch.stack([task.data.train[i * 24 : (i + 1) * 24] for i in range(100)]).repeat(40, 1)
    batch = task.hide(windows, generator())
    ids, chosen = batch.inputs[0], batch.targets != IGNORED
    assert torch.equal(batch.targets[chosen], windows[chosen])
    assert torch.equal(ids[~chosen], windows[~chosen])
    assert chosen.float().mean().item() == pytest.approx(0.15, abs=0.005)
    masked = (ids == task.specials.mask)[chosen].float().mean().item()
    kept = (ids == windows)[chosen].float().mean().item()
    assert masked == pytest.approx(0.8, abs=0.01)
    # A tenth stays, and of the swapped tenth some tokens happen to be the same.
    assert kept == pytest.approx(0.1 + 0.1 / task.tokenizer.vocab_size, abs=0.02)
    assert ids.max() == task.specials.mask


def test_the_same_tokens_are_hidden_in_every_evaluation_others_in_every_batch() -> None:
    task, again = masked_task(), masked_task(seed=7)
    everything = torch.arange(task.units)
    assert torch.equal(task.held_out(everything).inputs[0], again.held_out(everything).inputs[0])
    draws = generator()
    first, second = (task.hide(task.data.train[:48].view(2, 24), draws).inputs[0] for _ in range(2))
    assert not torch.equal(first, second)


def test_samples_of_a_masked_model_show_gaps_guesses_and_the_truth() -> None:
    task = masked_task()
    model = build(task.config, generator())
    for said in task.samples(model, max_tokens=24):
        assert "▢" in said.prompt
        truth = said.expected.replace("[", "").replace("]", "")
        assert truth in tiny_text()
        assert len(said.prompt) == len(truth)
        assert said.text.count("[") == said.expected.count("[") == said.prompt.count("▢")


def test_neighbours_stand_within_the_window_and_near_ones_come_oftener() -> None:
    words = [f"w{i}" for i in range(40)]
    task = embed_task(" ".join(words * 60), window=3, context=64, batch=32, tokens=40_960)
    place = {
        task.tokenizer.token_text(token): int(task.tokenizer.token_text(token)[1:])
        for token in task.train[:40].tolist()
    }
    batch = task.draw(0, generator())
    assert batch.inputs[0].shape == (2048,)
    assert batch.inputs[1].shape == (2048, 6)
    found: Counter[int] = Counter()
    for centre, neighbour in zip(batch.inputs[0].tolist(), batch.inputs[1][:, 0].tolist(), strict=True):
        apart = (place[task.tokenizer.token_text(neighbour)] - place[task.tokenizer.token_text(centre)]) % 40
        found[min(apart, 40 - apart)] += 1
    assert found.keys() == {1, 2, 3}
    assert found[1] > found[2] > found[3] > 50


def test_wrong_words_are_drawn_by_their_frequency_to_the_three_quarters() -> None:
    text = " ".join((["often"] * 16 + ["rare"]) * 200)
    task = embed_task(text, batch=64, context=64, tokens=40_960)
    wrong = task.draw(0, generator()).inputs[1][:, 1:]
    rare = int(task.tokenizer.encode("rare")[0])
    assert (wrong == rare).float().mean().item() == pytest.approx(1 / (1 + 16**0.75), abs=0.01)


def test_a_pair_of_a_guessing_model_is_right_half_the_time_at_most() -> None:
    task = embed_task(tiny_text())
    model = build(task.config, generator())
    assert task.score(model, torch.arange(task.units), stop=never).measures == {"accuracy": 0.0}  # ties are not won
    enliven(model)
    score = task.score(model, torch.arange(task.units), stop=never)
    assert 0.3 < score.measures["accuracy"] < 0.7


def test_samples_of_embeddings_are_other_words() -> None:
    task = embed_task(tiny_text())
    for said in task.samples(build(task.config, generator()), max_tokens=1):
        assert said.prompt not in said.text.split(", ")
        assert 1 <= len(said.text.split(", ")) <= 5


def test_the_baseline_of_a_text_scores_the_very_targets_of_the_model(tmp_path: Path) -> None:
    """A text of one repeated word is known after its first letters, to a trigram too."""
    task = LanguageTask(task_spec("language", "gpt"), "abcdefgh" * 200)
    baseline = task.baseline(tmp_path, "key")
    assert baseline is not None
    assert baseline.loss is not None
    assert baseline.loss < 0.1
    assert baseline.bits_per_byte == pytest.approx(baseline.loss / math.log(2))
