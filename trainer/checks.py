"""What each field of a recipe may be, and how its errors are named. Standard library only. Called by `trainer.spec`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trainer.corpora import CORPORA, OPTIONS
from trainer.models.config import ACTIVATIONS, FAMILIES, NORM_PLACES, NORMS, POSITIONS

if TYPE_CHECKING:
    from trainer.spec import RunSpec

Problems = dict[str, tuple[str, dict[str, Any]]]

TASKS = ("language", "masked", "embed", "classify", "tag", "sequence")
TOKENIZERS = ("characters", "bytes", "bpe", "words")
NORMALISATIONS = ("nfc", "nfkc", "lowercase", "strip_accents")
OPTIMIZERS = ("muon", "adamw", "momentum", "sgd")
SCHEDULES = ("linear", "cosine", "constant")
TUNINGS = ("scratch", "frozen", "full", "lora")
DEVICES = ("cpu", "cuda")
PRECISIONS = ("float32", "bfloat16")

CHOICES: dict[str, tuple[str, ...]] = {
    "task": TASKS,
    "tokenizer": TOKENIZERS,
    "family": FAMILIES,
    "positions": POSITIONS,
    "norm": NORMS,
    "norm_place": NORM_PLACES,
    "activation": ACTIVATIONS,
    "tuning": TUNINGS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "device": DEVICES,
    "precision": PRECISIONS,
}

TASK_FAMILIES: dict[str, tuple[str, ...]] = {
    "language": ("gpt", "rnn", "lstm"),
    "masked": ("encoder",),
    "embed": ("skipgram",),
    "classify": ("gpt", "rnn", "lstm", "encoder", "bag"),
    "tag": ("gpt", "rnn", "lstm", "encoder"),
    "sequence": ("gpt", "rnn", "lstm", "seq2seq"),
}

WORD_TASKS = ("embed",)
"""Tasks about whole words."""

TIED_TASKS = ("language", "masked", "sequence")
"""Tasks whose outputs are the vocabulary."""

TUNED_FAMILIES = ("gpt", "encoder", "rnn", "lstm")

# Bounds of the numeric fields, both ends included.
LIMITS: dict[str, tuple[float, float]] = {
    "examples": (0, 100_000),
    "data_seed": (0, 2**31 - 1),
    "vocab_size": (16, 8_000),
    "n_layers": (1, 6),
    "d_model": (16, 256),
    "n_heads": (1, 8),
    "d_ff": (0, 2_048),
    "context": (8, 256),
    "lookback": (0, 4),
    "dropout": (0.0, 0.9),
    "window": (1, 10),
    "negatives": (1, 20),
    "lora_rank": (1, 64),
    "learning_rate": (1e-6, 10.0),
    "embedding_rate": (0.0, 10.0),
    "momentum": (0.0, 0.99),
    "warmup": (0, 1000),
    "clip": (0.0, 100.0),
    "weight_decay": (0.0, 1.0),
    "batch": (1, 256),
    "tokens": (1_000, 4_000_000),
    "seed": (0, 2**31 - 1),
    "threads": (1, 64),
}
MAX_STEPS = 20_000
MIN_BPE = 300
"""Fewest tokens of a BPE vocabulary: 256 bytes, and some merges."""


class SpecError(ValueError):
    """Every field that is wrong, at once: `errors` maps a field to (code, parameters)."""

    def __init__(self, errors: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(f"{name}: {code} {params}" for name, (code, params) in self.errors.items()))


def problems(spec: RunSpec) -> Problems:
    """Every field that is out of range, or does not suit another: {field: (code, parameters)}."""
    found: Problems = {}
    for name, (low, high) in LIMITS.items():
        value = getattr(spec, name)
        if not (math.isfinite(value) and low <= value <= high):
            found[name] = ("out_of_range", {"low": low, "high": high})
    for name, choices in CHOICES.items():
        if getattr(spec, name) not in choices:
            found[name] = ("not_a_choice", {"choices": ", ".join(choices)})
    if any(name not in NORMALISATIONS for name in spec.normalise):
        found["normalise"] = ("not_a_choice", {"choices": ", ".join(NORMALISATIONS)})
    if not 1 <= len(spec.prompts) <= 5 or any(not _is_prompt(prompt) for prompt in spec.prompts):
        found["prompts"] = ("bad_prompts", {})
    for check in (_data, _model, _length, _tuning):
        found = check(spec, found) | found
    return found


def _data(spec: RunSpec, found: Problems) -> Problems:
    """Corpus and tokenizer against the task."""
    problems: Problems = {}
    if spec.corpus in CORPORA:
        tasks = CORPORA[spec.corpus].tasks
        if "task" not in found and spec.task not in tasks:
            problems["task"] = ("not_a_choice", {"choices": ", ".join(tasks)})
    elif not _is_hash(spec.corpus):
        problems["corpus"] = ("not_a_choice", {"choices": ", ".join(CORPORA)})
    bounds = OPTIONS.get(spec.corpus, {})
    for name, value in dict(spec.options).items():
        if name not in bounds:
            problems["options"] = ("unknown_option", {"option": name, "choices": ", ".join(bounds)})
        elif not bounds[name][0] <= value <= bounds[name][1]:
            low, high, _ = bounds[name]
            problems["options"] = ("option_out_of_range", {"option": name, "low": low, "high": high})
    size = bounds.get("size")
    takes_examples = spec.corpus in CORPORA and CORPORA[spec.corpus].kind != "text"
    if size and takes_examples and spec.examples and not size.low <= spec.examples <= size.high:
        problems["examples"] = ("out_of_range", {"low": size.low, "high": size.high})
    if spec.task in WORD_TASKS and spec.tokenizer != "words":
        problems["tokenizer"] = ("not_a_choice", {"choices": "words"})
    if spec.tokenizer == "bpe" and "vocab_size" not in found and spec.vocab_size < MIN_BPE:
        problems["vocab_size"] = ("out_of_range", {"low": MIN_BPE, "high": LIMITS["vocab_size"][1]})
    return problems


def _model(spec: RunSpec, found: Problems) -> Problems:
    """Family against the task, width against the heads."""
    problems: Problems = {}
    families = TASK_FAMILIES.get(spec.task, FAMILIES)
    if spec.family not in families:
        problems["family"] = ("not_a_choice", {"choices": ", ".join(families)})
    if spec.family in ("gpt", "encoder", "seq2seq") and not {"d_model", "n_heads"} & found.keys():
        factor = spec.n_heads * (2 if spec.positions == "rotary" else 1)
        if spec.d_model % factor:
            problems["d_model"] = ("not_a_multiple", {"factor": factor})
    if spec.tied and spec.task not in TIED_TASKS:
        problems["tied"] = ("only_for_tasks", {"tasks": ", ".join(TIED_TASKS)})
    return problems


def _length(spec: RunSpec, found: Problems) -> Problems:
    """Tokens against the size of a step."""
    if {"tokens", "batch", "context"} & found.keys():
        return {}
    if spec.tokens < spec.tokens_per_step:
        return {"tokens": ("too_few_tokens", {"low": spec.tokens_per_step})}
    if spec.steps > MAX_STEPS:
        return {"tokens": ("too_many_steps", {"high": MAX_STEPS})}
    return {}


def _tuning(spec: RunSpec, found: Problems) -> Problems:
    """Fine-tuning against its base."""
    if "tuning" in found:
        return {}
    problems: Problems = {}
    if spec.tuning == "scratch":
        if spec.base:
            problems["base"] = ("not_for_scratch", {})
    elif not _is_hash(spec.base):
        problems["base"] = ("no_base", {})
    elif spec.family not in TUNED_FAMILIES:
        problems["tuning"] = ("not_for_family", {"families": ", ".join(TUNED_FAMILIES)})
    if spec.tied and spec.tuning in ("frozen", "lora"):
        problems["tied"] = ("not_for_tuning", {"tuning": spec.tuning})  # the head learns, the embedding stays
    return problems


def convert(name: str, value: Any, kind: type) -> Any:
    """Untrusted `value` as the type of field `name`. Raises TypeError, ValueError or OverflowError."""
    if name == "options":
        return {str(option): _whole(number) for option, number in dict(value).items()}
    if kind is tuple:
        if isinstance(value, str) or not all(isinstance(item, str) for item in value):
            raise ValueError(name)
        return tuple(value)
    if kind is str:
        if not isinstance(value, str):
            raise TypeError(name)
        return value
    if kind is bool:
        return _truth(value)
    if isinstance(value, bool):
        raise TypeError(name)
    return float(value) if kind is float else _whole(value)


def _whole(value: Any) -> int:
    number = float(value)
    if isinstance(value, bool) or not number.is_integer():  # also refuses nan; int() raises OverflowError for infinity
        raise ValueError(value)
    return int(number)


def _truth(value: Any) -> bool:
    words = {"true": True, "on": True, "1": True, "yes": True, "false": False, "off": False, "0": False, "no": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError(value)


def _is_hash(name: str) -> bool:
    digits = name.removeprefix("sha256:")
    return len(name) == len("sha256:") + 64 and name.startswith("sha256:") and set(digits) <= set("0123456789abcdef")


def _is_prompt(text: str) -> bool:
    """1 to 64 characters that UTF-8 has, none of them zero."""
    return 1 <= len(text) <= 64 and "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
