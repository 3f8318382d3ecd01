"""What a learner sees of an attempt. Called by the quiz views.

While the attempt is open, questions are copied field by field from a list of allowed ones, so that the key (`right`,
`answer`, `tolerance`, `why`) cannot slip into a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from courses.models import Answer, Attempt, Quiz, localised
from courses.quizzes import answering, grading
from courses.quizzes.parts import ShownPart, parts_of
from courses.quizzes.plot import Plot, plot_of

FORMS = {"multiple": "options", "single": "options", "match": "parts", "order": "parts", "cloze": "cloze"}
"""The template of each kind of question; the others are typed."""


@dataclass(frozen=True)
class ShownOption:
    """An option; `right` and `why` are set only after grading."""

    id: str
    place: int
    html: SafeString
    chosen: bool
    right: bool | None = None
    why: SafeString | str = ""


@dataclass(frozen=True)
class ShownQuestion:
    """A question in the frozen order; `result` holds what is revealed after grading."""

    id: str
    place: int
    kind: str
    points: float | int
    section: str
    html: SafeString
    options: list[ShownOption]
    unit: str
    typed: str
    answered: bool
    flagged: bool
    sequence: int
    saved_at: Any = None
    parts: list[ShownPart] = field(default_factory=list)
    plot: Plot | None = None
    is_code: bool = False
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def form(self) -> str:
        """Where the answer is given: the template in quizzes/kinds."""
        return f"quizzes/kinds/_{FORMS.get(self.kind, 'typed')}.html"

    @property
    def graded(self) -> str:
        """Where the answer is compared with the key."""
        form = FORMS.get(self.kind, "typed")
        return f"quizzes/kinds/_graded_{'parts' if form == 'cloze' else form}.html"

    @property
    def rule(self) -> str:
        """How points are given for a part of the answer; empty when all of it must be right."""
        return {
            "multiple": _("Each right choice earns an equal share of the points, each wrong one takes a share away."),
            "order": _("Each item in its right place earns an equal share of the points."),
            "match": _("Each right pair earns an equal share of the points."),
            "cloze": _("Each gap filled rightly earns an equal share of the points."),
        }.get(self.kind, "")


def questions_of(attempt: Attempt, *, reveal: bool = False) -> list[ShownQuestion]:
    """The attempt's questions in the reader's language, with key and explanations only when `reveal`."""
    by_id = {question["id"]: question for question in attempt.quiz.questions}
    answers = {answer.question: answer for answer in attempt.answers.all()}
    return [
        _shown(by_id[key], options, answers.get(key), place=place, reveal=reveal)
        for place, (key, options) in enumerate(attempt.order, start=1)
    ]


def _shown(
    question: Mapping[str, Any], order: list[str], answer: Answer | None, *, place: int, reveal: bool
) -> ShownQuestion:
    value = answer.value if answer else None
    return ShownQuestion(
        id=question["id"],
        place=place,
        kind=question["kind"],
        points=whole(question.get("points", 1)),
        section=question["section"],
        html=html(question["prompt"]),
        options=_options(question, order, value, reveal=reveal) if question.get("options") else [],
        parts=parts_of(question, order, value, reveal=reveal),
        plot=plot_of(question),
        is_code=bool(question.get("code")),
        unit=str(localised(question["unit"])) if question.get("unit") else "",
        typed=value if isinstance(value, str) else "",
        answered=not grading.is_blank(value),
        flagged=bool(answer and answer.flagged),
        sequence=answer.sequence if answer else 0,
        saved_at=answer.saved_at if answer else None,
        result=_result(question, value) if reveal else {},
    )


def _options(question: Mapping[str, Any], order: list[str], value: Any, *, reveal: bool) -> list[ShownOption]:
    by_id = {option["id"]: option for option in question.get("options") or ()}
    chosen = value if isinstance(value, list) else []
    return [
        ShownOption(
            id=key,
            place=place,
            html=html(by_id[key]["text"]),
            chosen=key in chosen,
            right=bool(by_id[key].get("right")) if reveal else None,
            why=html(by_id[key]["why"]) if reveal else "",
        )
        for place, key in enumerate(order, start=1)
    ]


def _result(question: Mapping[str, Any], value: grading.Answer) -> dict[str, Any]:
    """Points, and the key of what was typed with its explanation."""
    mark = grading.grade(question, value)
    shown: dict[str, Any] = {"points": mark.points, "right": mark.right, "part": 0 < mark.points < mark.maximum}
    shown["why"] = html(question["why"]) if question.get("why") else ""
    shown["unreadable"] = not grading.is_readable(question, value)
    if question["kind"] in grading.NUMBERS:
        shown |= {"answer": whole(question["answer"]), "tolerance": whole(question.get("tolerance", 0))}
    elif question["kind"] == "shape":
        shown["answer"] = question["answer"]
    elif question["kind"] == "text":
        shown |= {"answer": str(localised(question["accept"])[0]), "others": localised(question["accept"])[1:]}
    return shown


def keyed(question: Mapping[str, Any]) -> ShownQuestion:
    """A question with its key and without an answer, for its author."""
    order = answering.choosable(question)
    return _shown(question, order, None, place=1, reveal=True)


def whole(number: float) -> float | int:
    """3.0 as 3, so that it counts and reads as a whole number."""
    return int(number) if number == int(number) else number


def clock(seconds: float | None) -> str:
    """A length of time as the quiz clock shows it: "25:00"; empty for None or 0."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}" if seconds else ""


def is_readable(quiz: Quiz, key: str, value: grading.Answer) -> bool:
    """Whether a typed answer is a number or a shape; said while it is typed, right or wrong only after grading."""
    question = next(question for question in quiz.questions if question["id"] == key)
    return grading.is_readable(question, value)


def page_texts() -> dict[str, str]:
    """Sentences that the attempt page builds in the browser; {…} is filled there."""
    return {
        "saving": _("Saving…"),
        "saved": _("Saved"),
        "savedAgo": _("Saved {seconds} s ago"),
        "offline_one": _("Offline: 1 answer kept on this computer, trying again in {seconds} s"),
        "offline_other": _("Offline: {count} answers kept on this computer, trying again in {seconds} s"),
        "signedOut": _("You are signed out. Your answers are kept on this computer; sign in again in another tab."),
        "refused": _("This answer could not be saved: {reason}"),
        "elsewhere": _("A newer answer from another window is shown."),
        "submitLabel": _("Submit {answered} of {total}"),
        "submitAsk": _("{answered} of {total} answered"),
        "submitting": _("Submitting…"),
        "submitOffline": _(
            "Offline: the attempt is submitted when the connection is back, trying again in {seconds} s"
        ),
        "timeUp": _("Time is up. The saved answers are graded."),
        "minuteLeft": _("One minute left."),
        "counts": _("{answered} answered, {flagged} flagged, {open} open."),
        "flag": _("Flag"),
        "flagged": _("Flagged"),
        "nav": _("Question {place}"),
        "navAnswered": _("answered"),
        "navOpen": _("not answered"),
        "navFlagged": _("flagged"),
        "comma": pgettext("between names", ", "),
        "unreadable": _("This is not read as a number. Write it like 2.31 or 0.05."),
        "unreadableShape": _("This is not read as a shape. Write it like 12, 64 or B, T, C."),
        "moved": _("Place {place} of {total}."),
    }


def html(texts: Any) -> SafeString:
    """A text of the quiz in the reader's language. The compiler made it from Markdown and sanitised it."""
    return mark_safe(str(localised(texts)))  # noqa: S308 - sanitised by courses.loading when the quiz was published
