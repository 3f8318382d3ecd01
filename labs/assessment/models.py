"""Graded attempts. Imported by `labs.models`, so that Django finds them there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from labs.assessment.states import STANDING_MOVES, UNFINISHED, Standing, standing_choices
from labs.states import State

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Filters on graded attempts."""

    def for_user(self, user: User | AnonymousUser) -> SubmissionQuerySet:
        """One's own attempts only; somebody else's does not exist."""
        return self.filter(owner_id=user.pk) if user.pk else self.none()

    def unfinished(self) -> SubmissionQuerySet:
        """In training, or with questions to answer."""
        return self.filter(state__in=UNFINISHED)


class Submission(models.Model):
    """One graded attempt at a lab: a recipe that the server trains anew and measures on data that nobody has seen.

    The row is its own audit: who, when, which recipe, which seeds, what was asked, said and scored. Nothing in it is
    ever changed after `graded_at`.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="submissions")
    lab = models.SlugField()
    attempt = models.PositiveSmallIntegerField(help_text="1, 2, ... of this learner in this lab")
    source = models.ForeignKey(
        "labs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="whose recipe it is"
    )
    run = models.OneToOneField(
        "labs.Run", null=True, on_delete=models.SET_NULL, related_name="submission", help_text="the graded run"
    )
    state = models.CharField(max_length=10, choices=standing_choices, default=Standing.TRAINING)
    secret = models.CharField(max_length=64, help_text="draws hidden data and questions; never leaves the server")

    questions = models.JSONField(default=list, help_text="frozen when training ends: see labs.assessment.questions")
    answers = models.JSONField(default=dict, help_text="by place of the question, as they were typed")
    scores = models.JSONField(default=dict, help_text="parts in points: see labs.assessment.grading")
    score = models.FloatField(null=True, blank=True, help_text="points of 100")
    hidden_value = models.FloatField(null=True, blank=True, help_text="the lab's target measure on the hidden set")
    passed = models.BooleanField(default=False)

    created_at = models.DateTimeField(auto_now_add=True)
    trained_at = models.DateTimeField(null=True, blank=True)
    graded_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Submission]] = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("graded attempt")
        verbose_name_plural = _("graded attempts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "lab", "attempt"], name="one_attempt_of_number"),
            models.UniqueConstraint(
                fields=["owner", "lab"], condition=Q(state__in=["training", "open"]), name="one_unfinished_attempt"
            ),
        ]
        indexes = [models.Index(fields=["lab", "state"], name="submission_lab")]

    def __str__(self) -> str:
        return f"{self.lab} {self.attempt}"

    @property
    def is_graded(self) -> bool:
        """Whether its score stands."""
        return self.state == Standing.GRADED

    @property
    def standing(self) -> Standing:
        """The state, also when a run ended without its worker: cancelled while it waited, or lost."""
        left = self.state == Standing.TRAINING and (
            self.run is None or (self.run.ended and self.run.state != State.FINISHED)
        )
        return Standing.VOID if left else Standing(self.state)

    def move(self, to: Standing, **changes: Any) -> bool:
        """Change state by one conditional UPDATE; False when the row has left this state meanwhile.

        Raises ValueError for a move that STANDING_MOVES does not allow.
        """
        if to not in STANDING_MOVES[Standing(self.state)]:
            raise ValueError(f"a graded attempt cannot go from {self.state} to {to}")
        if Submission.objects.filter(pk=self.pk, state=self.state).update(state=to, **changes) != 1:
            return False
        for name, value in {"state": to, **changes}.items():
            setattr(self, name, value)
        return True
