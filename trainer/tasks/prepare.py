"""From a recipe and its data to a task. Called by `trainer.loop` and by all that load a finished model's data again."""

from __future__ import annotations

from collections.abc import Callable

from trainer.corpora import Data, Examples
from trainer.spec import RunSpec
from trainer.tasks.base import DataError, Task
from trainer.tasks.classify import ClassifyTask
from trainer.tasks.embed import EmbedTask
from trainer.tasks.language import LanguageTask
from trainer.tasks.masked import MaskedTask
from trainer.tasks.sequence import SequenceTask
from trainer.tasks.tag import TagTask
from trainer.tokenizer import Tokenizer

TEXT_TASKS: dict[str, Callable[[RunSpec, str, Tokenizer | None], Task]] = {
    "language": LanguageTask,
    "masked": MaskedTask,
    "embed": EmbedTask,
}
EXAMPLE_TASKS: dict[str, Callable[[RunSpec, Examples, Tokenizer | None], Task]] = {
    "classify": ClassifyTask,
    "tag": TagTask,
    "sequence": SequenceTask,
}
KINDS = {"classify": "labelled", "tag": "tagged", "sequence": "pairs"}


def prepare(spec: RunSpec, data: Data, tokenizer: Tokenizer | None = None) -> Task:
    """Make data ready; with a `tokenizer`, that of the model to go on with. Raises DataError."""
    needed, found = KINDS.get(spec.task, "text"), data.kind if isinstance(data, Examples) else "text"
    if needed != found:
        raise DataError("wrong_kind", needed=needed, found=found)
    if isinstance(data, Examples):
        return EXAMPLE_TASKS[spec.task](spec, data, tokenizer)
    return TEXT_TASKS[spec.task](spec, data, tokenizer)
