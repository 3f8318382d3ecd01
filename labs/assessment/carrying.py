"""What the worker of a graded run needs: the secret to draw its hidden set from, and what follows its end. Called by
`labs.runner`, inside the transaction that ends the run.
"""

from __future__ import annotations

from django.utils import timezone

from labs.assessment.models import Submission
from labs.assessment.questions import drawn
from labs.assessment.states import Standing
from labs.catalogue import LABS
from labs.figures import figures
from labs.models import Run
from labs.states import State


def secret_of(run: Run) -> str | None:
    """From which the child draws its hidden set; None for a run that is not graded. One query where it is."""
    if not run.graded:
        return None
    # A graded run without its attempt has nothing to be measured for, but is never trained on what is hidden.
    return Submission.objects.filter(run_id=run.pk).values_list("secret", flat=True).first() or f"none {run.pk}"


def settle(run: Run) -> None:
    """Freeze the questions of the attempt whose run has finished, or void it. Idempotent. Two queries."""
    if not run.graded or not run.ended:
        return
    submission = Submission.objects.filter(run_id=run.pk, state=Standing.TRAINING).first()
    if submission is None:
        return
    if run.state != State.FINISHED:
        submission.move(Standing.VOID)
        return
    lab = LABS.get(submission.lab)
    submission.move(
        Standing.OPEN,
        questions=drawn(run, submission.secret),
        hidden_value=figures(run).get("hidden", {}).get(lab.graded.measure) if lab else None,
        trained_at=timezone.now(),
    )
