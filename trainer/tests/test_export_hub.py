from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from transformers import AutoTokenizer

from trainer.decode import greedy
from trainer.export.architectures import NotExportableError, translated
from trainer.export.hub import write_hub
from trainer.folder import load_model
from trainer.models.base import Model
from trainer.models.config import ModelConfig
from trainer.models.registry import build
from trainer.sample import generate
from trainer.tasks.specials import Specials
from trainer.tests.factories import random_ids, run, tiny_text
from trainer.tests.task_factories import task_data, task_spec

pytestmark = pytest.mark.slow  # `transformers` alone takes seconds to import

SWITCHES: dict[str, tuple[str, dict[str, Any]]] = {
    "default": ("GPTNeoXForCausalLM", {"n_layers": 2}),
    "gelu": ("GPTNeoXForCausalLM", {"activation": "gelu", "d_ff": 48}),
    "learned": ("GPT2LMHeadModel", {"positions": "learned", "n_layers": 2}),
    "learned-gelu": ("GPT2LMHeadModel", {"positions": "learned", "activation": "gelu"}),
    "learned-relu": ("GPT2LMHeadModel", {"positions": "learned", "activation": "relu"}),
    "sinusoidal": ("GPT2LMHeadModel", {"positions": "sinusoidal"}),
    "none-tied": ("GPT2LMHeadModel", {"positions": "none", "tied": True}),
    "tied": ("GPTNeoXForCausalLM", {"tied": True}),
    "rms": ("LlamaForCausalLM", {"norm": "rms", "n_layers": 2}),
    "rms-gelu": ("LlamaForCausalLM", {"norm": "rms", "activation": "gelu"}),
    "classify": ("GPTNeoXForSequenceClassification", {"task": "classify"}),
    "classify-learned": ("GPT2ForSequenceClassification", {"task": "classify", "positions": "learned"}),
    "classify-rms": ("LlamaForSequenceClassification", {"task": "classify", "norm": "rms"}),
    "sequence": ("GPTNeoXForCausalLM", {"task": "sequence"}),
    "masked": ("ModernBertForMaskedLM", {"task": "masked", "family": "encoder", "n_layers": 2}),
    "masked-gelu": ("ModernBertForMaskedLM", {"task": "masked", "family": "encoder", "activation": "gelu"}),
    "tag": ("ModernBertForTokenClassification", {"task": "tag", "family": "encoder"}),
}


def left(tmp_path: Path, **switches: Any) -> tuple[Model, Path]:
    """A trained model, and the folder of it that `transformers` loads."""
    switches = {"task": "language", "family": "gpt", "prompts": ("The ",)} | switches
    run(tmp_path / "run", task_spec(**switches), data=task_data(switches["task"]))
    model, _ = load_model(tmp_path / "run" / "model")
    write_hub(tmp_path / "run" / "model", tmp_path / "hub")
    return model, tmp_path / "hub"


def opened(folder: Path, architecture: str) -> Any:
    """Load it as anybody would; every weight must be there, and none be left over."""
    model, info = getattr(transformers, architecture).from_pretrained(folder, output_loading_info=True)
    assert not any(info.values()), info
    return model.eval()


@pytest.mark.parametrize("name", SWITCHES)
def test_transformers_computes_the_same_logits(name: str, tmp_path: Path) -> None:
    architecture, switches = SWITCHES[name]
    ours, folder = left(tmp_path, **switches)
    theirs = opened(folder, architecture)
    ids = random_ids(3, 20, vocab_size=ours.config.vocab_size - 4)
    mask = torch.ones_like(ids)
    if ours.config.pad is not None:
        for row, length in enumerate((20, 7, 12)):
            ids[row, length:], mask[row, length:] = ours.config.pad, 0
    with torch.inference_mode():
        expected, found = ours(ids), theirs(input_ids=ids, attention_mask=mask).logits
    if ours.config.pool == "none":
        expected, found = expected[mask == 1], found[mask == 1]
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["characters", "bytes", "words", "bpe"])
def test_ids_and_greedy_texts_are_the_same(kind: str, tmp_path: Path) -> None:
    _, folder = left(tmp_path, tokenizer=kind, vocab_size=300)
    model, tokenizer = load_model(tmp_path / "run" / "model")
    theirs, their_tokenizer = opened(folder, "GPTNeoXForCausalLM"), AutoTokenizer.from_pretrained(folder)
    prompt = "The cat saw a dog."
    ids = tokenizer.encode(prompt).tolist()
    assert their_tokenizer(prompt)["input_ids"] == ids
    assert their_tokenizer(tiny_text(500))["input_ids"] == tokenizer.encode(tiny_text(500)).tolist()
    room = model.config.context - len(ids)
    written = theirs.generate(torch.tensor([ids]), do_sample=False, max_new_tokens=room)[0, len(ids) :].tolist()
    ours = "".join(generate(model, tokenizer, prompt, max_tokens=room, temperature=0, seed=1))
    assert tokenizer.decode(ids + written) == prompt + ours


def test_a_sequence_model_ends_its_targets(tmp_path: Path) -> None:
    _, folder = left(tmp_path, task="sequence", tokens=96 * 60)
    model, tokenizer = load_model(tmp_path / "run" / "model")
    theirs, their_tokenizer = opened(folder, "GPTNeoXForCausalLM"), AutoTokenizer.from_pretrained(folder)
    ids = Specials.after(tokenizer)
    names = ("<|pad|>", "<|mask|>", "<|sep|>", "<|end|>")
    assert their_tokenizer.convert_tokens_to_ids(list(names)) == list(ids)
    source = [*tokenizer.encode("abc").tolist(), ids.separator]
    assert their_tokenizer("abc<|sep|>")["input_ids"] == source
    (ours,) = greedy(model, [source], end=ids.end, max_tokens=8)
    written = theirs.generate(torch.tensor([source]), do_sample=False, max_new_tokens=8)[0, len(source) :].tolist()
    assert [token for token in written if token != ids.end] == ours


@pytest.mark.parametrize(
    ("field", "switches"),
    [
        ("family", {"family": "lstm"}),
        ("family", {"family": "seq2seq"}),
        ("norm_place", {"norm_place": "after"}),
        ("residual", {"residual": False}),
        ("lookback", {"lookback": 2}),
        ("causal", {"causal": False}),
        ("norm", {"norm": "rms", "positions": "learned"}),
        ("norm", {"norm": "rms", "family": "encoder"}),
        ("positions", {"positions": "learned", "family": "encoder"}),
        ("tied", {"tied": True, "family": "encoder"}),
        ("pool", {"family": "encoder", "pool": "mean", "n_outputs": 3}),
        ("n_outputs", {"n_outputs": 3}),
    ],
)
def test_what_has_no_class_is_refused_by_name(field: str, switches: dict[str, Any]) -> None:
    from_shape = {"vocab_size": 23, "n_outputs": 23, "context": 12, "d_model": 16, "n_heads": 2} | switches
    model = build(ModelConfig(**from_shape), torch.Generator())
    with pytest.raises(NotExportableError, match=f"{field} is .*, and would have to be"):
        translated(model, [])
