"""Plain sentences for whatever the trainer refuses, in English: the portal has its own words. Used by every
command.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainer.corpora import CorpusError, UploadError
from trainer.probe.subject import ProbeError
from trainer.spec import SpecError
from trainer.tasks.base import DataError

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130

FIELDS = {
    "unknown": "there is no such field",
    "not_a_number": "must be a number",
    "invalid": "cannot be read",
    "out_of_range": "must be from {low} to {high}",
    "not_a_choice": "must be one of: {choices}",
    "not_a_multiple": "must be a multiple of {factor}",
    "too_few_tokens": "one step takes {low} tokens, so at least {low}",
    "too_many_steps": "would take more than {high} steps: fewer tokens, a larger batch or a longer context",
    "bad_prompts": "one to five prompts of 1 to 64 characters each",
    "unknown_option": "the corpus has no option {option}; it has: {choices}",
    "option_out_of_range": "{option} must be from {low} to {high}",
    "only_for_tasks": "only for the tasks {tasks}",
    "not_for_scratch": "new weights start from no model: add --tuning full, frozen or lora",
    "not_for_tuning": "a tied head cannot learn while the embedding stays ({tuning})",
    "not_for_family": "only {families} can be fine-tuned",
    "no_base": "must be the folder of a finished model",
    "not_as_in_base": "must be {base}, as in the model to start from",
    "unknown_corpus": "must be one of: {choices}",
    "nothing_left": "these options leave no example",
    "not_installed": "needs the package {package}",
}
"""Of `trainer.checks`, `trainer.starting` and corpora, by code."""

DATA = {
    "text_too_short": "the text has {found} tokens; this context needs at least {needed}",
    "vocabulary_too_large": "{found} different characters; at most {limit} can be tokens: use --tokenizer bpe",
    "one_class": "all examples have one label ({label}); at least two are needed",
    "too_few_examples": "{found} examples; at least {needed} are needed",
    "examples_too_long": "no example fits a context of {context} tokens; the shortest has {shortest}",
    "wrong_kind": "the task learns from {needed}, not from {found}",
    "unknown_labels": "the model does not know the labels {labels}; it knows {known}",
    "no_slice": "there is no slice {slice}; there are: {choices}",
    "needs_data": "the run's own data is not built in: give them with --text or --data",
}
"""Of `trainer.tasks` and the commands, by reason."""

UPLOADS = {
    "empty": "the file is empty",
    "too_small": "the text has {found} bytes; at least {low} are needed",
    "too_large": "more than {high} bytes",
    "binary": "no text: a zero byte at position {offset}",
    "not_utf8": "not UTF-8: see byte {offset}",
    "bad_csv": "line {line} has not as many columns as the header, or an open quote",
    "bad_json": "line {line} is no JSON object",
    "no_column": "there is no column {column}; the columns are: {columns}",
    "empty_cell": "line {line} has an empty {column}",
    "too_uniform": "only {found} different characters; at least {low} are needed",
    "too_few_rows": "{found} different rows; at least {low} are needed",
    "too_many_rows": "more than {high} rows",
    "one_class": "all rows have one label ({label}); at least two labels are needed",
    "too_few_per_class": "the label {label} has {found} examples; each needs at least {low}",
    "too_many_classes": "{found} labels; at most {high} are allowed",
}
"""Of `trainer.corpora.uploads` and `tables`, by code."""

PROBES = {
    "no_model": "no model in {folder}",
    "no_snapshot": "no snapshot of step {step}; there are: {steps}",
    "no_attention": "a model of the family {family} has no attention",
    "no_layers": "a model of the family {family} has no layers to look into",
    "not_causal": "a model of the family {family} sees what comes after",
    "not_about_text": "the task {task} is not about the next token",
    "nothing_known": "the vocabulary knows nothing of this; unknown: {unknown}",
    "too_short": "{found} tokens; at least {needed} are needed",
    "needed": "this question needs a value",
}
"""Of `trainer.probe`, by code."""


class RefusedError(Exception):
    """What a person asked for cannot be done. `lines` say why, one thing each."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        super().__init__("; ".join(lines))


def option(field: str) -> str:
    """How a field is called on the command line."""
    return "--" + field.replace("_", "-")


def sentence(words: Mapping[str, str], code: str, params: Mapping[str, Any]) -> str:
    """The sentence of a code, or the code itself with its numbers."""
    shown = {name: _shown(value) for name, value in params.items()}
    if code in words:
        return words[code].format_map(shown)
    numbers = ", ".join(f"{name} {value}" for name, value in shown.items())
    return code.replace("_", " ") + (f" ({numbers})" if numbers else "")


def spec_refusal(error: SpecError, values: Mapping[str, Any]) -> RefusedError:
    """A line for each wrong field: its name, the value that it has in `values`, and what it may be."""
    lines = []
    for field, (code, params) in error.errors.items():
        value = f" {_value(values[field])}" if field in values else ""
        lines.append(f"{option(field)}{value}: {sentence(FIELDS, code, params)}")
    return RefusedError(*lines)


def data_refusal(detail: Mapping[str, Any]) -> RefusedError:
    """Why data cannot be used, from the detail of a DataError or of a run that was refused."""
    return RefusedError(sentence(DATA, str(detail["reason"]), detail))


def upload_refusal(error: UploadError, name: str) -> RefusedError:
    """Why a file cannot be used; `name` is the option or the file."""
    return RefusedError(f"{name}: {sentence(UPLOADS, error.code, error.params)}")


def refusal_of(error: Exception) -> RefusedError:
    """Words for any error that the trainer raises on purpose."""
    if isinstance(error, SpecError):
        return spec_refusal(error, {})
    if isinstance(error, DataError):
        return data_refusal(error.detail)
    if isinstance(error, CorpusError):
        return RefusedError(sentence(FIELDS, error.code, error.params))
    if isinstance(error, ProbeError):
        field = f"{option(error.params['field'])}: " if "field" in error.params else ""
        return RefusedError(field + sentence(FIELDS | PROBES, error.code, error.params))
    return RefusedError(str(error))


def _value(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.10g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return _value(value)
