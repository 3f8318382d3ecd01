from __future__ import annotations

from typing import Any

import pytest
import torch

from trainer.models.registry import build
from trainer.probe import induction as module
from trainer.probe.induction import induction
from trainer.probe.subject import ProbeError, Subject
from trainer.tests.factories import enliven, tiny_config
from trainer.tests.probe_factories import check_json, induction_circuit, subject
from trainer.tokenizer import fit


def test_the_heads_of_an_induction_circuit_are_named() -> None:
    found = induction(induction_circuit())
    finder, copier = found.best(), found.best("previous")
    assert (finder.layer, finder.head) == (1, 1)
    assert (copier.layer, copier.head) == (0, 0)
    assert finder.induction.value > 0.95
    assert copier.previous.value > 0.95
    assert found.is_clear()
    assert found.is_clear("previous")
    assert found.accuracy_repeated > 0.95
    assert found.loss_first is not None
    assert found.loss_repeated < 1 < 2 < found.loss_first
    assert check_json(found)["best"]["induction"] == {"layer": 1, "head": 1, "clear": True}


def test_one_layer_of_it_finds_nothing() -> None:
    found = induction(induction_circuit(layers=1))
    assert found.best("previous").previous.value > 0.95
    assert found.best().induction.value < 0.2
    assert found.accuracy_repeated < 0.5


def test_heads_that_look_everywhere_alike_score_what_uniform_attention_does() -> None:
    asked = subject(vocab_size=11, context=20)
    with torch.no_grad():
        for name, weights in asked.model.named_parameters():
            if name.endswith("qkv"):
                weights[:32] = 0  # queries and keys
    found = induction(asked)
    for head in found.heads:
        for kind in module.KINDS:
            assert getattr(head, kind).value == pytest.approx(found.uniform, rel=0.1)
    assert not found.is_clear()


@pytest.mark.parametrize("task", ["language", "sequence"])
def test_the_same_seed_has_the_same_answer_and_another_other_rows(task: str) -> None:
    asked = subject(task=task, context=20)
    assert induction(asked, seed=3) == induction(asked, seed=3)
    assert induction(asked, seed=3) != induction(asked, seed=4)


@pytest.mark.parametrize("task", ["language", "sequence"])
def test_a_row_repeats_itself_and_its_places_are_right(task: str) -> None:
    asked = subject(task=task, context=20)
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        row = module._row(asked, 8, generator)
        assert len(row.ids) <= 20
        assert len(row.queries) > 0
        ids = row.ids
        assert torch.equal(ids[row.queries], ids[row.same])
        assert torch.equal(row.after, row.same + 1)
        assert torch.equal(ids[row.after], row.wanted)
        assert torch.equal(ids[row.queries + 1], row.wanted)
        assert (row.after < row.queries - 1).all()
        assert len(set(ids[:8].tolist())) == 8


def test_a_pair_is_laid_out_as_the_induction_corpus_has_it() -> None:
    asked = subject(task="sequence", context=20)
    row = module._row(asked, 6, torch.Generator().manual_seed(1))
    names = [asked.token_name(token) for token in row.ids.tolist()]
    run, again, separator, target = names[:6], names[6], names[7], names[8:]
    assert separator == "⟨separator⟩"
    assert target == run[run.index(again) + 1 :]


def test_unknown_words_and_white_space_are_never_drawn() -> None:
    tokenizer = fit("words", "\n".join("abcdefgh"), vocab_size=20)
    model = build(tiny_config(vocab_size=tokenizer.vocab_size), torch.Generator().manual_seed(1))
    enliven(model)
    asked = Subject(model=model.eval(), tokenizer=tokenizer, task="language")
    drawn = {tokenizer.token_text(int(token)) for token in module._pool(asked)}
    assert drawn == set("abcdefgh")
    assert induction(asked).rows == 32


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("encoder", {}, "no_attention"),
    ("lstm", {}, "no_attention"),
    ("gpt", {"causal": False}, "not_causal"),
    ("gpt", {"task": "classify", "labels": ("good", "bad"), "pool": "last"}, "not_about_text"),
    ("gpt", {"context": 8}, "too_short"),
]


@pytest.mark.parametrize(("family", "changes", "code"), REFUSED)
def test_models_that_cannot_repeat_are_refused(family: str, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ProbeError, match=code):
        induction(subject(family, **changes))
