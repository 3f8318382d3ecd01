"""How each field of a recipe looks in the panel, and when it has a meaning. Called by `labs.forms`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Text = str | Promise
Choices = tuple[tuple[str, Text], ...]


@dataclass(frozen=True, kw_only=True)
class Face:
    """How a field is shown. `kind` names the part in `labs/_knob.html`."""

    label: Text
    kind: str
    choices: Choices = ()
    unit: Text = ""
    hint: Text = ""
    less: Text = ""
    more: Text = ""
    low: int = 0
    high: int = 0


def _same(*values: str) -> Choices:
    return tuple((value, value) for value in values)


SWITCH: Choices = (
    ("true", pgettext_lazy("a part of a model", "on")),
    ("false", pgettext_lazy("a part of a model", "off")),
)

FACES: dict[str, Face] = {
    "task": Face(
        label=_("Task"),
        kind="select",
        choices=(
            ("language", _("next token")),
            ("masked", _("hidden tokens")),
            ("embed", _("words from neighbours")),
            ("classify", _("a label a text")),
            ("tag", _("a tag a word")),
            ("sequence", _("a target from a source")),
        ),
    ),
    "corpus": Face(label=_("Text"), kind="select"),
    "examples": Face(label=_("Examples"), kind="number", hint=_("0 takes the usual number.")),
    "data_seed": Face(label=_("Data seed"), kind="number"),
    "tokenizer": Face(
        label=_("Tokens are"),
        kind="seg",
        choices=(
            ("characters", _("characters")),
            ("bpe", _("BPE pieces")),
            ("words", _("words")),
            ("bytes", _("bytes")),
        ),
    ),
    "vocab_size": Face(label=_("Vocabulary"), kind="number", unit=_("tokens")),
    "normalise": Face(
        label=_("Before splitting"),
        kind="checks",
        choices=(
            ("nfc", "NFC"),
            ("nfkc", "NFKC"),
            ("lowercase", _("lower case")),
            ("strip_accents", _("without accents")),
        ),
    ),
    "family": Face(
        label=_("Model"),
        kind="select",
        choices=(
            ("gpt", "Transformer"),
            ("rnn", "RNN"),
            ("lstm", "LSTM"),
            ("encoder", _("Encoder")),
            ("seq2seq", _("Encoder and decoder")),
            ("skipgram", "Skip-gram"),
            ("bag", _("Bag of words")),
        ),
    ),
    "n_layers": Face(label=_("Layers"), kind="stepper", less=_("Fewer layers"), more=_("More layers"), low=1, high=6),
    "d_model": Face(label=_("Width"), kind="seg", choices=_same("32", "64", "96", "128")),
    "n_heads": Face(label=_("Heads"), kind="seg", choices=_same("1", "2", "4", "8")),
    "d_ff": Face(label=_("Feed-forward"), kind="number", hint=_("Its width; 0 is four times that of the model.")),
    "context": Face(label=_("Context"), kind="seg", choices=_same("32", "64", "128")),
    "positions": Face(
        label=_("Positions"),
        kind="select",
        choices=(
            ("rotary", _("rotary")),
            ("learned", _("learned")),
            ("sinusoidal", _("sinusoidal")),
            ("none", pgettext_lazy("positions", "none")),
        ),
    ),
    "causal": Face(label=_("Causal mask"), kind="seg", choices=SWITCH),
    "norm": Face(label=_("Norm"), kind="seg", choices=(("layer", "LayerNorm"), ("rms", "RMSNorm"))),
    "norm_place": Face(
        label=_("Norm stands"),
        kind="seg",
        choices=(
            ("before", pgettext_lazy("place of the norm", "before")),
            ("after", pgettext_lazy("place of the norm", "after")),
        ),
    ),
    "residual": Face(label=_("Residual"), kind="seg", choices=SWITCH),
    "activation": Face(
        label=_("Activation"), kind="seg", choices=(("relu2", "ReLU²"), ("gelu", "GELU"), ("relu", "ReLU"))
    ),
    "tied": Face(label=_("Tied head"), kind="seg", choices=SWITCH),
    "lookback": Face(
        label=_("Look back"), kind="stepper", less=_("Fewer tokens"), more=_("More tokens"), low=0, high=4
    ),
    "dropout": Face(label=_("Dropout"), kind="number"),
    "window": Face(label=_("Window"), kind="stepper", less=_("Narrower"), more=_("Wider"), low=1, high=10),
    "negatives": Face(label=_("Negatives"), kind="stepper", less=_("Fewer"), more=_("More"), low=1, high=20),
    "tuning": Face(
        label=_("Starts from"),
        kind="select",
        choices=(
            ("scratch", _("new weights")),
            ("frozen", _("a model, frozen but for its head")),
            ("full", _("a model, all of it learns")),
            ("lora", _("a model, with LoRA")),
        ),
    ),
    "base": Face(label=_("Base model"), kind="select", hint=_("Your finished runs of this lab.")),
    "lora_rank": Face(label=_("LoRA rank"), kind="number"),
    "optimizer": Face(
        label=_("Optimiser"),
        kind="seg",
        choices=(("muon", "Muon"), ("adamw", "AdamW"), ("momentum", _("Momentum")), ("sgd", "SGD")),
    ),
    "learning_rate": Face(
        label=_("Learning rate"), kind="rate", hint=_("Muon learns well near 0.03, AdamW near 0.01.")
    ),
    "embedding_rate": Face(label=_("Rate of tables"), kind="number", hint=_("0 is 0.8 of the learning rate.")),
    "momentum": Face(label=_("Momentum"), kind="number", hint=_("0 is the usual one.")),
    "schedule": Face(
        label=_("Schedule"),
        kind="seg",
        choices=(
            ("linear", pgettext_lazy("schedule of the learning rate", "linear")),
            ("cosine", pgettext_lazy("schedule of the learning rate", "cosine")),
            ("constant", pgettext_lazy("schedule of the learning rate", "constant")),
        ),
    ),
    "warmup": Face(label=_("Warm-up"), kind="number", unit=_("steps")),
    "clip": Face(label=_("Clip at"), kind="number", unit=_("norm; 0 is off")),
    "weight_decay": Face(label=_("Weight decay"), kind="number"),
    "batch": Face(label=_("Batch"), kind="number", unit=_("windows")),
    "tokens": Face(
        label=_("Train on"),
        kind="seg",
        choices=(("256000", "¼ M"), ("512000", "½ M"), ("1024000", "1 M"), ("2048000", "2 M")),
        hint=_("Millions of tokens in all"),
    ),
    "prompts": Face(label=_("Prompts"), kind="lines", hint=_("One a line, one to five.")),
    "seed": Face(label=_("Seed"), kind="seed"),
}
"""Every field that a link can say, in the order of a panel made from ticks."""

OPTION_FACES: dict[str, Face] = {
    "negation": Face(label=_("Negation"), kind="number", unit=_("% of reviews")),
    "contrast": Face(label=_("Contrast"), kind="number", unit=_("% of reviews")),
    "languages": Face(label=_("Languages"), kind="number"),
    "chinese": Face(label=_("Chinese"), kind="number", unit=_("% of sentences")),
    "facts": Face(label=_("Facts"), kind="stepper", less=_("Fewer"), more=_("More"), low=2, high=12),
    "distractors": Face(label=_("Distractors"), kind="stepper", less=_("Fewer"), more=_("More"), low=0, high=8),
    "people": Face(label=_("People"), kind="stepper", less=_("Fewer"), more=_("More"), low=2, high=5),
    "sentences": Face(label=_("Sentences"), kind="number", unit=_("% of pairs")),
    "length": Face(label=_("Longest row"), kind="stepper", less=_("Shorter"), more=_("Longer"), low=2, high=32),
    "distance": Face(label=_("Distance"), kind="number", unit=_("words")),
}
"""Options of the generated corpora; `size` is the field `examples`."""

BLOCKS = ("gpt", "encoder", "seq2seq")
LAYERED = (*BLOCKS, "rnn", "lstm")

When = Mapping[str, tuple[str, ...]]

WHEN: dict[str, When] = {
    "examples": {"task": ("classify", "tag", "sequence")},
    "prompts": {"task": ("language",)},
    "vocab_size": {"tokenizer": ("bpe", "words")},
    "n_layers": {"family": LAYERED},
    "d_model": {"family": (*LAYERED, "skipgram")},
    "n_heads": {"family": BLOCKS},
    "d_ff": {"family": BLOCKS},
    "positions": {"family": BLOCKS},
    "causal": {"family": ("gpt",)},
    "norm": {"family": LAYERED},
    "norm_place": {"family": BLOCKS},
    "residual": {"family": BLOCKS},
    "activation": {"family": BLOCKS},
    "tied": {"task": ("language", "masked", "sequence")},
    "lookback": {"family": ("gpt",)},
    "dropout": {"family": LAYERED},
    "window": {"task": ("embed",)},
    "negatives": {"task": ("embed",)},
    "tuning": {"family": ("gpt", "encoder", "rnn", "lstm")},
    "base": {"tuning": ("frozen", "full", "lora")},
    "lora_rank": {"tuning": ("lora",)},
    "embedding_rate": {"optimizer": ("muon",)},
    "momentum": {"optimizer": ("muon", "adamw", "momentum")},
}
"""Values of other fields, one of each, without which a field changes nothing."""
