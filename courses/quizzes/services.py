"""Writes of a quiz attempt: start, save, submit, close. Called by the quiz views; each owns its transaction.

The attempt row is locked first in each of them, so that a save and a submit, or two submits, follow one another.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max
from django.http import Http404
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from courses.models import Answer, Attempt, Chapter, ChapterProgress, Quiz
from courses.progress import services as progress_services
from courses.quizzes import answering, grading, log, selectors
from portal.lib.errors import UserError

if TYPE_CHECKING:
    from portal.accounts.models import User

GRACE = timedelta(seconds=5)
"""An answer or submission that was under way when time ran out still counts."""
MAX_SEQUENCE = 2**53
"""Browsers count in milliseconds and keep whole numbers exact up to here."""


@dataclass(frozen=True)
class Given:
    """One answer as it arrives. `sequence` grows with each change on the learner's side."""

    value: grading.Answer
    flagged: bool
    sequence: int


def attempt_start(*, user: User, chapter: Chapter) -> Attempt:
    """The learner's open attempt, else a new one with questions, order and deadline frozen.

    Raises UserError "no_quiz", "no_attempt_left" or "cool_down".
    """
    attempts = Attempt.objects.filter(user=user, quiz__chapter=chapter)
    for pk in attempts.filter(state="open").values_list("pk", flat=True):
        attempt_close(attempt_id=pk)
    with transaction.atomic():
        begun = progress_services.begin(user=user, chapter=chapter)
        rows = ChapterProgress.objects.select_for_update(of=("self",)).select_related("version__quiz")
        progress = rows.defer(*selectors.heavy("version")).get(pk=begun.pk)
        return attempts.filter(state="open").first() or _create(user, progress)


def _create(user: User, progress: ChapterProgress) -> Attempt:
    """A new attempt, in an order of its own, at the quiz of the version that applies to the learner."""
    quiz = progress.version.quiz
    if quiz is None:
        raise UserError("no_quiz", _("This chapter has no quiz."), status=404)
    taken = Attempt.objects.filter(user=user, quiz=quiz).aggregate(last=Max("number"))["last"] or 0
    if quiz.max_attempts and taken >= quiz.max_attempts + progress.extra_attempts:
        message = _("All attempts at this quiz are used.")
        raise UserError("no_attempt_left", message, _("Ask your manager for another one."), status=409)
    now = timezone.now()
    _check_wait(user, quiz, now)
    limit = selectors.time_limit_s(user, quiz)
    return Attempt.objects.create(
        user=user,
        quiz=quiz,
        number=taken + 1,
        order=shuffled(quiz.questions),
        started_at=now,
        deadline_at=now + timedelta(seconds=limit) if limit else None,
    )


def _check_wait(user: User, quiz: Quiz, now: datetime) -> None:
    """Raises UserError "cool_down" while the wait after the last attempt lasts."""
    over = selectors.next_at(quiz, Attempt.objects.filter(user=user, quiz=quiz), now) if quiz.cool_down_s else None
    if over is not None:
        at = date_format(timezone.localtime(over), "DATETIME_FORMAT")
        raise UserError("cool_down", _("The next attempt can begin at %(time)s.") % {"time": at}, status=409)


def shuffled(questions: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """[[question id, [option id, ...]], ...] in a random order of both."""
    order: list[list[Any]] = []
    for question in random.sample(questions, len(questions)):
        order.append([question["id"], _mixed(question)])
    return order


def _mixed(question: Mapping[str, Any]) -> list[str]:
    """What may be chosen in `question`, in a random order; the items of an ordering never start in the right one."""
    ids = answering.choosable(question)
    mixed = random.sample(ids, len(ids))
    while question["kind"] == "order" and mixed == ids and len(ids) > 1:
        mixed = random.sample(ids, len(ids))
    return mixed


@transaction.atomic
def answer_save(*, user: User, attempt_id: int, question: str, given: Given) -> tuple[Answer, bool]:
    """Keep one answer; the row as it now stands, and whether `given` is what it holds.

    The same answer again changes nothing, an older one never overwrites a newer one. Raises Http404, and UserError
    "attempt_closed" after grading or when time is up, or "bad_answer".
    """
    attempt = _locked(user, attempt_id)
    if attempt.state != "open" or is_over(attempt, timezone.now()):
        raise UserError(
            "attempt_closed",
            _("Time is up or the attempt was submitted. This answer came too late and does not count."),
            status=409,
        )
    value = answering.checked(_question(attempt, question), given.value)
    answer, _created = Answer.objects.get_or_create(attempt=attempt, question=question)
    if given.sequence > answer.sequence:
        changed = (answer.value, answer.flagged) != (value, given.flagged)
        answer.value, answer.flagged, answer.sequence = value, given.flagged, given.sequence
        answer.saved_at = timezone.now()
        answer.save()
        if changed:
            log.note(answer)
    return answer, answer.sequence == given.sequence


@transaction.atomic
def attempt_submit(*, user: User, attempt_id: int, answers: Mapping[str, Given]) -> Attempt:
    """Grade with what is saved and what came with the form, and record it as evidence. Twice is one submission.

    An answer of the form counts unless a newer one was saved from elsewhere; after the deadline only saved ones count.
    """
    attempt = _locked(user, attempt_id)
    if attempt.state != "open":
        return attempt
    now = timezone.now()
    if is_over(attempt, now):
        return _grade(attempt, ended_at=attempt.deadline_at or now)
    _keep(attempt, answers, now)
    return _grade(attempt, ended_at=min(now, attempt.deadline_at or now))


def _keep(attempt: Attempt, answers: Mapping[str, Given], now: datetime) -> None:
    """Save the answers of a submitted form that are not older than the stored ones."""
    stored = {answer.question: answer for answer in attempt.answers.all()}
    for question in attempt.quiz.questions:
        given, old = answers.get(question["id"]), stored.get(question["id"])
        if given is None or (old is not None and given.sequence < old.sequence):
            continue
        value = answering.checked(question, given.value)
        if old is None or old.value != value:
            fields = {"value": value, "sequence": given.sequence, "saved_at": now}
            answer, _created = Answer.objects.update_or_create(
                attempt=attempt, question=question["id"], defaults=fields
            )
            if old is not None or value is not None:
                log.note(answer)


@transaction.atomic
def attempt_close(*, attempt_id: int) -> Attempt:
    """Grade an attempt whose time is over, or that a redo has overtaken, with what was saved; others stay open."""
    attempt = Attempt.objects.select_for_update(of=("self",)).select_related("quiz__chapter", "user").get(pk=attempt_id)
    now = timezone.now()
    if attempt.state == "open" and (is_over(attempt, now) or _is_outdated(attempt)):
        return _grade(attempt, ended_at=min(now, attempt.deadline_at or now))
    return attempt


def attempts_close_expired() -> int:
    """Grade every attempt whose time is over; how many. Called by the beat, so that reports need nobody to look."""
    ids = list(selectors.expired(timezone.now() - GRACE).values_list("pk", flat=True))
    for pk in ids:
        attempt_close(attempt_id=pk)
    return len(ids)


def is_over(attempt: Attempt, now: datetime) -> bool:
    """Whether the deadline and its grace have passed."""
    return attempt.deadline_at is not None and now > attempt.deadline_at + GRACE


def _grade(attempt: Attempt, *, ended_at: datetime) -> Attempt:
    """The one move from open to graded. The caller holds the lock."""
    quiz = attempt.quiz
    answers = {answer.question: answer.value for answer in attempt.answers.all()}
    score = grading.grade_attempt(quiz.questions, answers)
    attempt.state, attempt.submitted_at = "graded", ended_at
    attempt.points, attempt.points_max, attempt.percent = score.points, score.maximum, score.percent
    attempt.passed = score.percent >= quiz.pass_percent
    attempt.results = {key: mark.points for key, mark in score.marks.items()}
    attempt.save()
    if _is_outdated(attempt):
        return attempt
    progress_services.record(
        user=attempt.user,
        chapter=quiz.chapter,
        kind="quiz",
        key="quiz",
        value=_evidence(attempt),
        passed=attempt.passed,
    )
    return attempt


def _is_outdated(attempt: Attempt) -> bool:
    """Whether a redo has come between. The progress stays locked, so that none comes while the attempt is graded."""
    rows = ChapterProgress.objects.filter(user=attempt.user, chapter=attempt.quiz.chapter)
    rows = rows.select_for_update(of=("self",)).select_related("version").defer(*selectors.heavy("version"))
    return selectors.is_outdated(rows.first(), attempt)


def _evidence(attempt: Attempt) -> dict[str, Any]:
    """What progress keeps of an attempt."""
    return {
        "percent": attempt.percent,
        "attempt": attempt.number,
        "points": attempt.points,
        "points_max": attempt.points_max,
    }


def _locked(user: User, attempt_id: int) -> Attempt:
    """One's own attempt, locked. Raises Http404."""
    own = Attempt.objects.filter(user=user).select_for_update(of=("self",)).select_related("quiz__chapter", "user")
    attempt = own.filter(pk=attempt_id).first()
    if attempt is None:
        raise Http404
    return attempt


def _question(attempt: Attempt, key: str) -> dict[str, Any]:
    """A question of the attempt. Raises Http404."""
    for question in attempt.quiz.questions:
        if question["id"] == key:
            return dict(question)
    raise Http404
