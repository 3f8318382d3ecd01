"""Words for the errors of specs and uploads, in the reader's language. Called by services."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.lib.words import listing
from trainer.corpora import UploadError
from trainer.spec import SpecError

CORPUS: dict[str, Promise] = {
    "python-docs": _("Python documentation topics"),
    "docs-split-a": _("Documentation, split A"),
    "docs-split-b": _("Documentation, split B"),
    "docs-split-c": _("Documentation, split C"),
    "python-source": _("Python’s standard library, source"),
    "unicode-names": _("Names of Unicode characters"),
    "stories": _("Simple stories, English"),
    "stories-zh": _("Simple stories, Chinese"),
    "word-classes": _("Sentences of known word classes"),
    "reviews": _("Reviews, English"),
    "reviews-zh": _("Reviews, Chinese"),
    "languages": _("Interface messages in many languages"),
    "entities": _("Sentences with names, places and dates"),
    "stories-qa": _("Stories with questions"),
    "translation": _("English to Chinese"),
    "copy": _("Copy a row of symbols"),
    "reverse": _("Reverse a row of symbols"),
    "recall": _("Recall at a distance"),
    "facts": _("Facts to memorise"),
    "induction": _("A row that begins again"),
}
"""Titles of the built-in corpora."""

FAMILY: dict[str, str] = {"rnn": "RNN", "lstm": "LSTM", "seq2seq": "Seq2seq", "skipgram": "Skip-gram"}
"""Short names of families that are no Transformer decoder."""

SLICE: dict[str, Promise] = {
    "held_out": _("held out"),
    "samples": _("its own texts"),
    "classes": _("word classes"),
    "negation": _("with “not”"),
    "contrast": _("with “but”"),
    "project": _("written by people"),
    "short": _("short ones"),
    "long": _("long ones"),
    "en": _("English"),
    "zh": _("Chinese"),
    "new-frames": _("new sentence frames"),
    "where-person": _("where is somebody"),
    "where-thing": _("where is a thing"),
    "who": _("who has it"),
    "unanswerable": _("cannot be known"),
    "seen": _("seen in training"),
    "recombined": _("recombined"),
    "real": _("real messages"),
    "longest": _("longest rows"),
    "hidden": _("hidden set"),
}
"""Names of slices; `facts-4` and `distance-8` say themselves."""

BASELINE: dict[str, Promise] = {
    "kneser_ney": _("n-gram baseline"),
    "naive_bayes": _("naive Bayes on words"),
    "commonest_tag": _("each word’s commonest tag"),
    "commonest_target": _("the commonest target"),
}
"""What a baseline is."""


def slice_name(name: str) -> str:
    """A slice as a person reads it."""
    kind, _dash, number_part = name.partition("-")
    if number_part.isdigit() and kind == "distance":
        return gettext("distance %(number)s") % {"number": number_part}
    if number_part.isdigit() and kind == "facts":
        return gettext("%(number)s facts") % {"number": number_part}
    return str(SLICE.get(name, name))


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How a figure is written. Shares are percent for people."""

    label: Promise | str
    percent: bool = False
    places: int = 3
    unit: Promise | str = ""

    @property
    def scale(self) -> float:
        """From the value stored to the one written."""
        return 100.0 if self.percent else 1.0

    def text(self, value: float | None) -> str:
        """A figure without its unit, but for percent: 94.2 %, 1.525."""
        if value is None:
            return "–"
        return f"{100 * value:.1f} %" if self.percent else f"{value:.{self.places}f}"


def _share(label: Promise | str) -> Measure:
    return Measure(label=label, percent=True, unit="%")


MEASURES: dict[str, Measure] = {
    "loss": Measure(label=_("Loss"), unit=_("nats a token")),
    "perplexity": Measure(label=_("Perplexity"), places=2),
    "bits_per_byte": Measure(label=_("Bits per byte")),
    "below_baseline": Measure(label=_("Bits per byte below three-character counts")),
    "lossless_bytes": Measure(label=_("Bytes a token, where nothing is lost"), places=2, unit=_("bytes")),
    "bytes_per_token": Measure(label=_("Bytes a token"), places=2, unit=_("bytes")),
    "accuracy": _share(_("Accuracy")),
    "exact_match": _share(_("Exact match")),
    "token_accuracy": _share(_("Tokens right")),
    "sentence_accuracy": _share(_("Sentences right")),
    "token_f1": _share(_("Token F1")),
    "answerable_accuracy": _share(_("Answerable, right")),
    "answerable_token_f1": _share(_("Answerable, token F1")),
    "unanswerable_accuracy": _share(_("Unanswerable, right")),
    "macro_precision": _share(_("Macro precision")),
    "macro_recall": _share(_("Macro recall")),
    "macro_f1": _share(_("Macro F1")),
    "calibration_error": _share(_("Calibration error")),
    "precision": _share(_("Precision")),
    "recall": _share(_("Recall")),
    "f1": _share("F1"),
    "bleu": Measure(label="BLEU", places=1),
    "chrf": Measure(label="chrF", places=1),
    "purity": _share(_("Neighbours of the same class")),
    "distinct_1": _share(_("Different words or characters")),
    "distinct_2": _share(_("Different pairs")),
    "distinct_3": _share(_("Different triples")),
    "novel_ngrams": _share(_("New stretches")),
    "novel_samples": _share(_("New texts")),
    "novel_lines": _share(_("New lines")),
    "known_words": _share(_("Known words")),
    "repetition": _share(_("Repetition")),
}
"""Figures that pages show, in this order; micro averages equal the accuracy and are left out."""


def measure(name: str) -> Measure:
    """How a figure is written, known or not."""
    return MEASURES.get(name) or Measure(label=name.replace("_", " "))


MAX_PREDICTION = 100_000
"""A perplexity can be large."""


def prediction_problem(name: str, value: float) -> str:
    """What is wrong with a prediction of a measure, as it was typed; empty when it can be one."""
    if name == "loss":
        if math.isfinite(value) and 0 < value < 100:
            return ""
        return gettext("Write a loss between 0 and 100 nats a token, or leave it empty.")
    high = 100 if measure(name).percent or name in ("bleu", "chrf") else MAX_PREDICTION
    if math.isfinite(value) and 0 <= value <= high:
        return ""
    return gettext("Write a number from 0 to %(high)s, or leave it empty.") % {"high": f"{high:,}"}


def best_words(best: Mapping[str, Any]) -> str:
    """A learner's best in a lab: measure and value; empty for what has words of its own."""
    if "measure" not in best:
        return ""
    shown = measure(best["measure"])
    values = {"measure": shown.label, "value": shown.text(best["figure"]), "slice": slice_name(best["slice"])}
    if best["slice"] in ("run", "held_out"):
        return gettext("Your best: %(measure)s %(value)s.") % values
    return gettext("Your best: %(measure)s %(value)s (%(slice)s).") % values


SPEC: dict[str, Promise] = {
    "unknown": _("This is not a setting of a recipe."),
    "not_a_number": _("Write a number."),
    "invalid": _("This value cannot be read."),
    "out_of_range": _("Choose a value from %(low)s to %(high)s."),
    "not_a_choice": _("Choose one of: %(choices)s."),
    "not_a_multiple": _("The width must be a multiple of %(factor)s, twice the number of heads."),
    "too_few_tokens": _("One step needs %(low)s tokens; train on at least that many."),
    "too_many_steps": _("That would take more than %(high)s steps: choose fewer tokens, a larger batch or context."),
    "bad_prompts": _("Give one to five prompts of 1 to 64 characters."),
    "not_installed": _("The data are not on this machine: %(package)s is missing."),
    "nothing_left": _("These settings leave no example to make."),
    "unknown_option": _("“%(option)s” cannot be set for this corpus."),
    "option_out_of_range": _("Choose a value from %(low)s to %(high)s for “%(option)s”."),
    "only_for_tasks": _("This is only for the tasks %(tasks)s."),
    "not_for_family": _("Only these families can be fine-tuned: %(families)s."),
    "not_for_tuning": _("A tied head cannot learn while the embedding stays: untie it, or tune everything."),
    "not_for_scratch": _("New weights have no model to start from: leave this empty, or choose how to fine-tune."),
    "no_base": _("The model to start from is not there. Choose a finished one."),
    "not_as_in_base": _("The model to start from has %(base)s here; fine-tuning keeps it."),
    "not_in_a_fork": _("The run that this one goes on from has %(parent)s here; a fork keeps it."),
    "ends_before_fork": _("The run has trained so far already. Choose %(low)s tokens or more."),
    "no_checkpoint": _("The checkpoint of step %(step)s is no longer there."),
    "wrong_kind": _("This task cannot learn from these data. Choose others."),
    "unknown_corpus": _("This text is not there. Choose another, or upload it again."),
}

UPLOAD: dict[str, Promise] = {
    "empty": _("The file is empty."),
    "too_small": _("The text has %(found)s bytes; at least %(low)s are needed to learn from."),
    "too_large": _("The text has %(found)s bytes; at most %(high)s are allowed."),
    "binary": _("This is not a text file: there is a zero byte at position %(offset)s."),
    "not_utf8": _("The text is not UTF-8: see byte %(offset)s. Save it as UTF-8 and upload it again."),
    "bad_csv": _("Line %(line)s has not as many columns as the header."),
    "no_column": _("There is no column “%(column)s”. The columns are: %(columns)s."),
    "bad_json": _("Line %(line)s is no JSON object. In JSON Lines each line is one."),
    "empty_cell": _("Line %(line)s has nothing in the column “%(column)s”."),
    "too_few_rows": _("There are %(found)s different rows; at least %(low)s are needed."),
    "too_many_rows": _("There are more than %(high)s rows, which is the most."),
    "one_class": _("All rows have the same label, “%(label)s”: there is nothing to tell apart."),
    "too_few_per_class": _("The label “%(label)s” has %(found)s different rows; each needs at least %(low)s."),
    "too_many_classes": _(
        "There are %(found)s different labels; at most %(high)s are allowed. Is this the right column?"
    ),
    "too_uniform": _("The text has only %(found)s different characters; at least %(low)s are needed."),
}


def number(value: Any) -> str:
    """A number without needless digits: 1,000,000; 0.001; 10."""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:g}"
    return f"{int(value):,}" if isinstance(value, int | float) else str(value)


def filled(text: Promise, params: Mapping[str, Any]) -> str:
    """A sentence with its numbers put in."""
    return str(text) % {name: number(value) for name, value in params.items()}


def spec_fields(error: SpecError) -> dict[str, str]:
    """A sentence for every wrong field."""
    return {name: filled(SPEC[code], params) for name, (code, params) in error.errors.items()}


def upload_reason(error: UploadError) -> str:
    """Why a file was refused."""
    params = error.params | {
        name: listing(value) for name, value in error.params.items() if isinstance(value, tuple | list)
    }
    return filled(UPLOAD[error.code], params)
