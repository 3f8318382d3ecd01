from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn.functional import cosine_similarity

from trainer import snapshots
from trainer.corpora import word_classes
from trainer.models.skipgram import SkipGram
from trainer.probe.embeddings import Axes, moving_map, neighbours, one_map, purity, table_of
from trainer.probe.subject import ProbeError, Subject
from trainer.tests.factories import tiny_config
from trainer.tests.probe_factories import ALPHABET, check_json, subject
from trainer.tokenizer import fit

WORDS = word_classes()


def words_subject(*, apart: bool) -> Subject:
    """Every word of the known classes; where `apart`, each class at a place of its own."""
    tokenizer = fit("words", " ".join(WORDS), vocab_size=500)
    model = SkipGram(tiny_config(family="skipgram", vocab_size=tokenizer.vocab_size), torch.Generator().manual_seed(1))
    if apart:
        classes = sorted(set(WORDS.values()))
        with torch.no_grad():
            model.embedding.mul_(0.5)
            for word, name in WORDS.items():
                model.embedding[int(tokenizer.encode(word)[0]), classes.index(name)] += 1
    return Subject(model=model.eval(), tokenizer=tokenizer, task="embed")


def test_neighbours_are_the_nearest_by_cosine_without_the_word_itself() -> None:
    asked = subject("skipgram")
    found = neighbours(asked, "猫", count=4)
    token = int(asked.tokenizer.encode("猫")[0])
    likeness = cosine_similarity(asked.model.embedding, asked.model.embedding[token : token + 1])
    order = [i for i in likeness.argsort(descending=True).tolist() if i != token][:4]
    assert [name for name, _ in found.near] == [asked.token_name(i) for i in order]
    assert [cosine for _, cosine in found.near] == pytest.approx([float(likeness[i].detach()) for i in order], abs=1e-5)
    assert found.tokens == ("猫",)
    check_json(found)


def test_special_tokens_are_nobodys_neighbours() -> None:
    found = neighbours(subject("encoder"), "a", count=50)
    assert len(found.near) == len(ALPHABET) - 1
    assert not any(name.startswith("⟨") for name, _ in found.near)


def test_a_word_of_several_tokens_stands_in_their_middle_and_what_is_unknown_is_named() -> None:
    asked = subject("skipgram")
    found = neighbours(asked, "abx", count=3)
    assert (found.tokens, found.unknown) == (("a", "b"), ("x",))
    with pytest.raises(ProbeError, match="nothing_known"):
        neighbours(asked, "xyz")
    with pytest.raises(ProbeError) as error:
        neighbours(words_subject(apart=True), "locomotive")
    assert error.value.params == {"unknown": ["locomotive"]}


def test_the_axes_are_the_principal_components() -> None:
    rows = torch.randn(40, 6, generator=torch.Generator().manual_seed(1)) * torch.tensor([5.0, 3.0, 1.0, 0.5, 0.1, 0.1])
    axes = Axes.fit(rows)
    centred = (rows - rows.mean(0)).double()
    _, values, vectors = torch.linalg.svd(centred, full_matrices=False)
    torch.testing.assert_close(axes.directions.abs(), vectors[:2].abs())
    shares = values.square() / values.square().sum()
    assert axes.explained == pytest.approx(shares[:2].tolist())
    torch.testing.assert_close(axes.project(rows).var(0, correction=0), (values.square() / 40)[:2])


def test_the_projection_is_the_same_at_every_call_and_its_signs_are_fixed() -> None:
    rows = torch.randn(30, 8, generator=torch.Generator().manual_seed(1))
    first, again = Axes.fit(rows), Axes.fit(rows.clone())
    assert torch.equal(first.project(rows), again.project(rows))
    largest = first.directions.gather(1, first.directions.abs().argmax(1, keepdim=True))
    assert (largest > 0).all()
    nearby = Axes.fit(rows + 1e-4)
    torch.testing.assert_close(nearby.directions, first.directions, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("rows", [torch.zeros(5, 4), torch.ones(1, 4), torch.eye(4)[:2]])
def test_rows_that_differ_in_less_than_two_ways_are_shown_without_noise(rows: torch.Tensor) -> None:
    axes = Axes.fit(rows)
    points = axes.project(rows)
    assert points.isfinite().all()
    assert not points[:, 1].any()
    assert axes.explained[1] == 0


def test_a_map_moves_on_the_axes_of_the_last_snapshot(tmp_path: Path) -> None:
    asked = subject("skipgram")
    with torch.no_grad():
        for step in (10, 20, 30):
            snapshots.save_snapshot(tmp_path, step, asked.model)
            asked.model.embedding.mul_(-1.5)
        asked.model.embedding.div_(-1.5)
    found = moving_map(asked, tmp_path)
    assert (found.steps, len(found.frames)) == ((10, 20, 30), 3)
    axes = Axes.fit(snapshots.load_tensor(tmp_path, 30, "embedding"))
    for step, frame in zip(found.steps, found.frames, strict=True):
        assert torch.equal(frame, axes.project(snapshots.load_tensor(tmp_path, step, "embedding")))
    # Snapshots are in half precision; the model itself is not.
    torch.testing.assert_close(one_map(asked, step=30).frames[0], found.frames[-1], rtol=1e-2, atol=1e-2)
    values = check_json(found)
    assert [frame["step"] for frame in values["frames"]] == [10, 20, 30]
    with pytest.raises(ProbeError, match="no_snapshot"):
        moving_map(asked, tmp_path / "other")


def test_chosen_words_alone_are_mapped_and_those_that_are_no_token_are_named() -> None:
    found = one_map(words_subject(apart=True), ["cat", "dog", "locomotive", "big cat", "cat"])
    assert (found.tokens, found.unknown) == (("cat", "dog"), ("locomotive", "big cat"))
    check_json(found)
    with pytest.raises(ProbeError, match="nothing_known"):
        one_map(words_subject(apart=True), ["locomotive"])


def test_classes_at_places_of_their_own_are_pure() -> None:
    found = purity(words_subject(apart=True), WORDS)
    assert (found.purity.value, found.purity.low, found.words) == (1.0, 1.0, len(WORDS))
    assert set(found.by_class.values()) == {1.0}
    assert found.confused == ()
    check_json(found)


def test_random_vectors_are_as_pure_as_chance() -> None:
    found = purity(words_subject(apart=False), WORDS)
    assert found.chance == pytest.approx(11 / 167)
    assert found.purity.low <= found.chance <= found.purity.high
    assert len(found.confused) == 10


def test_purity_counts_the_words_by_hand() -> None:
    asked = subject("skipgram")
    with torch.no_grad():
        asked.model.embedding[:5] = torch.tensor(
            [[1.0, 0.0], [1.0, 0.1], [1.0, 0.3], [0.0, 1.0], [0.1, 1.0]]
        ) @ torch.eye(2, 16)
    named = [asked.token_name(token) for token in range(5)]
    classes = dict(zip(named, ["one", "one", "two", "two", "two"], strict=True))
    found = purity(asked, classes, nearest=1)
    # Of one the nearest is one; of the third, which is two, it is the second; the last two have each other.
    assert found.purity.value == pytest.approx(4 / 5)
    assert found.by_class == {"one": 1.0, "two": pytest.approx(2 / 3)}
    assert [(own, other) for own, other, _ in found.confused] == [("two", "one")]
    assert found.confused[0][2] == pytest.approx(1 / 3)
    assert found.chance == pytest.approx((2 * 1 + 3 * 2) / 20)


def test_purity_of_too_few_words_is_refused() -> None:
    with pytest.raises(ProbeError) as error:
        purity(subject("skipgram"), {"a": "one", "b": "two", "locomotive": "two"})
    assert error.value.params == {"needed": 6, "found": 2}


def test_the_table_has_the_texts_tokens_alone() -> None:
    assert table_of(subject("encoder")).shape == (len(ALPHABET), 16)
