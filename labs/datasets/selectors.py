"""What the page that looks at a table reads: its columns, its first rows, and which columns are likely."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.shortcuts import get_object_or_404

from labs.datasets.models import UploadDraft
from labs.uploads import folder
from trainer.corpora import CORPORA
from trainer.corpora.tables import Preview, preview

KINDS = {"classify": "labelled", "sequence": "pairs"}
"""What a table is, by the task that learns from it."""
COLUMNS = {"labelled": ("text", "label"), "pairs": ("source", "target")}
"""What must be chosen, by kind; the trainer's own names for it."""
LIKELY = {
    "text": ("text", "sentence", "review", "comment", "content", "message", "文本", "内容", "评论"),
    "label": ("label", "class", "category", "sentiment", "target", "标签", "类别", "情感"),
    "source": ("source", "question", "input", "prompt", "en", "english", "原文", "问题"),
    "target": ("target", "answer", "output", "response", "zh", "chinese", "译文", "答案"),
}
"""Names that such columns often have, likeliest first."""
SHOWN_ROWS = 8


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One column that must be chosen."""

    name: str
    value: str


def kind_for(task: str, corpora: tuple[str, ...]) -> str:
    """What kind of table a lab takes: none where its task, or what it is about, is no matter of people's own texts."""
    spoken = not corpora or any(CORPORA[name].languages for name in corpora)
    return KINDS.get(task, "") if spoken else ""


def draft_get(user: Any, draft_id: int) -> UploadDraft:
    """One's own file. Raises Http404 for any other. One query."""
    return get_object_or_404(UploadDraft.objects.for_user(user), pk=draft_id)


def path_of(draft_id: int) -> Path:
    """Where a file waits."""
    return folder() / "drafts" / str(draft_id)


def looked_at(draft: UploadDraft) -> Preview:
    """Columns and first rows. Raises UploadError, FileNotFoundError."""
    with path_of(draft.pk).open("rb") as file:
        return preview(file, draft.name, SHOWN_ROWS)


def choices(kind: str, seen: Preview, given: dict[str, str]) -> list[Choice]:
    """The columns as chosen, or as they are likely meant."""
    found: list[Choice] = []
    for name in COLUMNS[kind]:
        taken = [choice.value for choice in found]
        value = given[name] if given.get(name) in seen.columns else _likely(name, seen, taken)
        found.append(Choice(name=name, value=value))
    return found


def _likely(name: str, seen: Preview, taken: list[str]) -> str:
    """By its name; else texts are long, and labels are short."""
    left = [column for column in seen.columns if column not in taken]
    names = {column.casefold(): column for column in left}
    for likely in LIKELY[name]:
        if likely in names:
            return names[likely]
    if name == "label":  # numbers are counts and keys more often than classes
        left = [column for column in left if not all(row.get(column, "").isdecimal() for row in seen.rows)] or left
    lengths = {column: sum(len(row.get(column, "")) for row in seen.rows) for column in left}
    if not lengths:
        return ""
    return min(lengths, key=lengths.__getitem__) if name == "label" else max(lengths, key=lengths.__getitem__)
