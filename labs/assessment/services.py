"""Start a graded attempt, and grade its answers. Pages call these; nothing that a browser sends decides any point."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labs import costs
from labs import selectors as runs
from labs.assessment import grading, rules, selectors
from labs.assessment.carrying import settle
from labs.assessment.models import Submission
from labs.assessment.questions import Question, read_answer
from labs.assessment.states import Standing
from labs.catalogue import LABS
from labs.goals import check_submission
from labs.lab import Lab
from labs.locks import lock_owner
from labs.models import Run
from labs.states import ENDINGS
from labs.tasks import work
from labs.wake import send
from portal.lib.errors import UserError
from trainer.spec import RunSpec

log = logging.getLogger(__name__)

SECRET_BYTES = 32
KEY_LENGTH = 40
MOST_ANSWER = 200
"""Characters."""


def submission_create(*, owner: Any, run_id: int, idempotency_key: str) -> Submission:
    """Submit the recipe of one's own finished run: the server queues it anew with a seed of its own, never from the
    cache. The same key again is the same attempt.

    Raises UserError: `not_gradable`, `attempt_unfinished`, `no_attempts_left`, `no_key`. Http404.
    """
    source = runs.run_get(owner, run_id)
    lab = LABS[source.lab]
    key = f"graded-{idempotency_key.strip()[:KEY_LENGTH]}" if idempotency_key.strip() else ""
    if not key:
        raise UserError("no_key", _("The form is incomplete."), _("Load the page again and press Submit."))
    with transaction.atomic():
        lock_owner(owner)
        if existing := Submission.objects.for_user(owner).filter(run__idempotency_key=key).first():
            return existing
        if wrong := rules.obstacles(lab, source):
            raise UserError("not_gradable", _("This recipe cannot be graded."), " ".join(wrong))
        _check_attempts(owner, lab)
        run = _graded_run(owner, lab, source, key)
        last = Submission.objects.for_user(owner).filter(lab=lab.slug).aggregate(last=Max("attempt"))["last"]
        submission = Submission.objects.create(
            owner=owner,
            lab=lab.slug,
            attempt=(last or 0) + 1,
            source=source,
            run=run,
            secret=secrets.token_hex(SECRET_BYTES),
        )
        transaction.on_commit(lambda: send(work))
    log.info("attempt %s: user %s submitted run %s as run %s", submission.pk, owner.pk, source.pk, run.pk)
    return submission


def _check_attempts(owner: Any, lab: Lab) -> None:
    mine = Submission.objects.for_user(owner).filter(lab=lab.slug)
    for stale in mine.filter(state=Standing.TRAINING, run__state__in=ENDINGS).select_related("run"):
        if stale.run:  # ended without its worker: cancelled while it waited, or lost
            settle(stale.run)
    mine.filter(state=Standing.TRAINING, run=None).update(state=Standing.VOID)
    if mine.unfinished().exists():
        text = _("You have an attempt that is not graded yet.")
        raise UserError("attempt_unfinished", text, _("Answer its questions first."), status=409)
    if selectors.attempts_used(owner, lab.slug) >= lab.graded.attempts:
        most = lab.graded.attempts
        text = ngettext("Your %(number)s attempt is used up.", "Your %(number)s attempts are used up.", most)
        raise UserError("no_attempts_left", text % {"number": most}, status=409)


def _graded_run(owner: Any, lab: Lab, source: Run, key: str) -> Run:
    """What was said before the source ran is held against the outcome of the graded run."""
    spec = RunSpec.stored(rules.graded_spec(lab, source))
    facts = runs.corpus_facts(owner, spec.corpus)
    vocab = facts.vocab_size(spec) if facts else costs.vocabulary(spec)
    return Run.objects.create(
        owner=owner,
        lab=lab.slug,
        spec=spec.to_dict(),
        params=costs.parameters(spec, vocab),
        steps=spec.steps,
        **costs.load(spec, vocab),
        prediction=source.prediction,
        forecast=source.forecast,
        graded=True,
        idempotency_key=key,
    )


def submission_answer(*, owner: Any, submission_id: int, answers: Mapping[str, str]) -> Submission:
    """Grade one's attempt by its answers (`0`, `1`, ... as they were typed), once and for all; again: what it got.

    Raises UserError: `not_trained`, `void`, `invalid_request` with a field `answer-<place>` for each. Http404.
    """
    submission = selectors.submission_get(owner, submission_id)
    if submission.is_graded:
        return submission
    if submission.state != Standing.OPEN or submission.run is None:
        text = _("This attempt has no questions: its run has not finished.")
        raise UserError("not_trained", text, _("Wait until it has."), status=409)
    clean, wrong = _read(submission.questions, answers)
    if wrong:
        raise UserError("invalid_request", _("Nothing was graded: some answers are missing."), fields=wrong)
    lab, run = LABS[submission.lab], submission.run
    said = selectors.verdict(owner, lab, run)
    scores = grading.graded(
        committed=said.committed,
        closeness=said.closeness,
        target=lab.graded.share(submission.hidden_value),
        questions=submission.questions,
        answers=clean,
    )
    passed = scores.total >= grading.PASS
    with transaction.atomic():
        changes: dict[str, Any] = {"answers": clean, "scores": scores.to_dict(), "score": scores.total}
        if not submission.move(Standing.GRADED, passed=passed, graded_at=timezone.now(), **changes):
            return selectors.submission_get(owner, submission_id)  # the same form, sent twice at once
        check_submission(run, scores.total, passed=passed)
    log.info("attempt %s: graded %s points, %s", submission.pk, scores.total, "passed" if passed else "not passed")
    return submission


def _read(questions: list[Question], answers: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The answers by place, and what is wrong with them."""
    clean: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for place, question in enumerate(questions):
        typed = str(answers.get(str(place), "")).strip()[:MOST_ANSWER]
        clean[str(place)] = typed
        if "choices" in question:
            if typed not in question["choices"]:
                wrong[f"answer-{place}"] = _("Choose one.")
        elif read_answer(typed) is None:
            wrong[f"answer-{place}"] = _("Write a number.")
    return clean, wrong
