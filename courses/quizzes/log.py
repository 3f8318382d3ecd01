"""The log of an attempt: each change of an answer with the time at which it reached the server.

Written by the services of attempts, read by the learner on the result page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from courses.models import Answer, AnswerEvent, Attempt
from courses.quizzes import grading
from courses.quizzes.presenting import ShownQuestion


@dataclass(frozen=True)
class Line:
    """One change. `value` is what was typed, or the places of the options chosen; empty for a question in parts."""

    at: datetime
    place: int
    change: str
    value: str


def note(answer: Answer) -> None:
    """Add the answer as it now stands. One query."""
    AnswerEvent.objects.create(
        attempt_id=answer.attempt_id,
        question=answer.question,
        value=answer.value,
        flagged=answer.flagged,
        at=answer.saved_at,
    )


def lines_of(attempt: Attempt, questions: Sequence[ShownQuestion]) -> list[Line]:
    """All changes, oldest first: saved, cleared, flagged or unflagged. One query.

    Attempts from before there was a log show each answer as last saved.
    """
    by_id = {question.id: question for question in questions}
    events = list(attempt.events.all()) or [
        AnswerEvent(question=one.question, value=one.value, flagged=one.flagged, at=one.saved_at)
        for one in sorted(attempt.answers.all(), key=lambda answer: answer.saved_at)
    ]
    lines: list[Line] = []
    before: dict[str, AnswerEvent] = {}
    for event in events:
        old, question = before.get(event.question), by_id.get(event.question)
        before[event.question] = event
        if question is not None:
            lines.append(Line(event.at, question.place, _change(old, event), _words(question, event)))
    return lines


def _change(old: AnswerEvent | None, event: AnswerEvent) -> str:
    if old is not None and old.value == event.value and old.flagged != event.flagged:
        return "flagged" if event.flagged else "unflagged"
    if old is None and event.flagged and grading.is_blank(event.value):
        return "flagged"
    return "cleared" if grading.is_blank(event.value) else "saved"


def _words(question: ShownQuestion, event: AnswerEvent) -> str:
    if isinstance(event.value, str):
        return event.value
    if isinstance(event.value, list):
        return ", ".join(str(option.place) for option in question.options if option.id in event.value)
    return ""
