"""Pages of a quiz: start, attempt, result. Saving answers JSON; everything else works as plain forms too."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from courses.models import Attempt, Chapter, localised
from courses.quizzes import grading, log, presenting, selectors, services
from portal.lib.errors import UserError
from portal.lib.numbers import whole

if TYPE_CHECKING:
    from portal.accounts.models import User


def person(request: HttpRequest) -> User:
    """The signed-in person; the views below all require one."""
    return cast("User", request.user)


def title_of(chapter: Chapter) -> str:
    """The chapter's title in the reader's language."""
    return str(localised(chapter.current.title)) if chapter.current else chapter.slug


@require_safe
@login_required
@never_cache
def quiz(request: HttpRequest, course: str, chapter: str) -> HttpResponse:
    """The rules of the quiz, past attempts, and the way in."""
    found = selectors.chapter_get(course, chapter)
    overview = selectors.quiz_overview(person(request), found)
    if overview.open and services.is_over(overview.open, timezone.now()):
        services.attempt_close(attempt_id=overview.open.pk)
        overview = selectors.quiz_overview(person(request), found)
    context = {
        "overview": overview,
        "chapter": found,
        "title": title_of(found),
        "time_limit": presenting.clock(overview.time_limit_s),
    }
    return render(request, "quizzes/quiz.html", context)


@require_POST
@login_required
def quiz_start(request: HttpRequest, course: str, chapter: str) -> HttpResponse:
    """Begin an attempt, or go on with the open one."""
    if not person(request).is_learner:
        raise PermissionDenied(_("Quizzes are taken by learners."))
    attempt = services.attempt_start(user=person(request), chapter=selectors.chapter_get(course, chapter))
    return redirect("attempt", pk=attempt.pk)


@require_safe
@login_required
@never_cache
def attempt(request: HttpRequest, pk: int) -> HttpResponse:
    """The questions of an open attempt, else its result."""
    found = selectors.attempt_get(person(request), pk)
    if found.state == "open" and services.is_over(found, timezone.now()):
        services.attempt_close(attempt_id=pk)
        found = selectors.attempt_get(person(request), pk)
    if found.state == "open":
        return render(request, "quizzes/attempt.html", _open_context(found))
    return render(request, "quizzes/result.html", _result_context(request, found))


@require_POST
@login_required
def attempt_save(request: HttpRequest, pk: int, question: str) -> HttpResponse:
    """Keep one answer as it is given. A refusal is JSON too, in the shape of the API's errors."""
    try:
        found = selectors.attempt_get(person(request), pk)
        given = _given(request.POST, "value", "flagged", "sequence")
        answer, kept = services.answer_save(user=person(request), attempt_id=found.pk, question=question, given=given)
    except UserError as error:
        body = {"code": error.code, "message": str(error.message), "hint": str(error.hint)}
        return JsonResponse(body, status=error.status)
    return JsonResponse(
        {
            "kept": kept,
            "value": answer.value,
            "flagged": answer.flagged,
            "sequence": answer.sequence,
            "saved_at": answer.saved_at,
            "readable": presenting.is_readable(found.quiz, question, answer.value),
        }
    )


@require_POST
@login_required
def attempt_submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Grade the attempt with everything in the form."""
    found = selectors.attempt_get(person(request), pk)
    answers = {
        key: _given(request.POST, f"value-{key}", f"flagged-{key}", f"sequence-{key}")
        for key, _options in found.order
        if f"sequence-{key}" in request.POST
    }
    services.attempt_submit(user=person(request), attempt_id=found.pk, answers=answers)
    return redirect("attempt", pk=pk)


def _given(form: QueryDict, value: str, flagged: str, sequence: str) -> services.Given:
    """One answer of a form: options come as a list, a text as `<value>-typed`, parts as `<value>.<part>`."""
    parts = {name.removeprefix(f"{value}."): form.get(name, "") for name in form if name.startswith(f"{value}.")}
    typed = form.get(f"{value}-typed")
    chosen: grading.Answer = parts or (typed if typed is not None else form.getlist(value))
    return services.Given(
        value=chosen,
        flagged=form.get(flagged) == "1",
        sequence=min(whole(form.get(sequence)), services.MAX_SEQUENCE),
    )


def _open_context(found: Attempt) -> dict[str, object]:
    """What the page of an open attempt needs; nothing of the key."""
    questions = presenting.questions_of(found)
    return {
        "attempt": found,
        "chapter": found.quiz.chapter,
        "title": title_of(found.quiz.chapter),
        "questions": questions,
        "texts": presenting.page_texts(),
        "answered": sum(question.answered for question in questions),
        "flagged": sum(question.flagged for question in questions),
        "allowed": found.quiz.max_attempts and max(found.quiz.max_attempts, found.number),
        "now": timezone.now(),
    }


def _result_context(request: HttpRequest, found: Attempt) -> dict[str, object]:
    """What the page of a graded attempt needs."""
    questions = presenting.questions_of(found, reveal=True)
    overview = selectors.quiz_overview(person(request), found.quiz.chapter)
    return {
        "attempt": found,
        "chapter": found.quiz.chapter,
        "title": title_of(found.quiz.chapter),
        "overview": overview,
        "counts": overview.counts(found),
        "log": log.lines_of(found, questions),
        "questions": sorted(questions, key=lambda question: bool(question.result["right"])),
        "in_order": questions,
        "right": sum(bool(question.result["right"]) for question in questions),
        "time": presenting.clock(
            (found.submitted_at - found.started_at).total_seconds() if found.submitted_at else None
        ),
        "time_limit": presenting.clock(
            (found.deadline_at - found.started_at).total_seconds() if found.deadline_at else None
        ),
        "out_of_time": bool(found.deadline_at and found.submitted_at and found.submitted_at >= found.deadline_at),
    }
