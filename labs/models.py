"""Runs, uploads and generated texts of learners. The row is the truth about a run; Redis only wakes and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labs.assessment.models import Submission
from labs.authoring.models import LabDraft, LabVersion
from labs.compare.models import BoardEntry, Share
from labs.control.models import ControlAction
from labs.datasets.models import UploadDraft
from labs.deploy.models import Completion, Deployment
from labs.export.models import Export
from labs.inside.models import Probe
from labs.states import ENDINGS, MOVES, State, state_choices
from labs.teaching.models import LabVisit, Look

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User

__all__ = [
    "BoardEntry",
    "Completion",
    "ControlAction",
    "Deployment",
    "Export",
    "Generation",
    "LabDraft",
    "LabRecord",
    "LabVersion",
    "LabVisit",
    "Look",
    "Pace",
    "Probe",
    "Run",
    "Share",
    "Submission",
    "Upload",
    "UploadDraft",
]


class UploadQuerySet(models.QuerySet["Upload"]):
    """Filters on uploads."""

    def for_user(self, user: User | AnonymousUser) -> UploadQuerySet:
        """One's own uploads only."""
        return self.filter(owner_id=user.pk) if user.pk else self.none()


class Upload(models.Model):
    """Data of a learner's own, checked and normalised, kept under their hash in `VAR_DIR/uploads`."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads")
    name = models.CharField(_("name"), max_length=120)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField(help_text="bytes of the normalised text")
    characters = models.PositiveIntegerField()
    vocab_size = models.PositiveIntegerField(help_text="of the character tokenizer")
    kind = models.CharField(max_length=10, default="text", help_text="text, labelled or pairs")
    facts = models.JSONField(default=dict, help_text="of a table: rows, duplicates, train, held_out, columns, classes")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Upload]] = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "sha256"], name="one_upload_of_text")]

    def __str__(self) -> str:
        return self.name

    @property
    def corpus(self) -> str:
        """How a RunSpec names this text."""
        return f"sha256:{self.sha256}"


class RunQuerySet(models.QuerySet["Run"]):
    """Filters on runs."""

    def for_user(self, user: User | AnonymousUser) -> RunQuerySet:
        """One's own runs only; somebody else's does not exist."""
        return self.filter(owner_id=user.pk) if user.pk else self.none()

    def queued(self) -> RunQuerySet:
        """Waiting for a worker."""
        return self.filter(state=State.QUEUED)

    def running(self) -> RunQuerySet:
        """Held by a worker."""
        return self.filter(state=State.RUNNING)

    def active(self) -> RunQuerySet:
        """Not ended."""
        return self.filter(state__in=[State.QUEUED, State.RUNNING])


class Run(models.Model):
    """One training run, from click to curve."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="runs")
    lab = models.SlugField()
    spec = models.JSONField()
    data_hash = models.CharField(max_length=64, blank=True)
    params = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0)
    prediction = models.FloatField(null=True, blank=True, help_text="held-out loss the learner expected, nats a token")
    forecast = models.JSONField(
        default=dict, blank=True, help_text="a ranking or curve: see labs.assessment.predictions"
    )
    graded = models.BooleanField(default=False, help_text="trained for a graded attempt: see labs.assessment")

    state = models.CharField(max_length=16, choices=state_choices, default=State.QUEUED)
    fence = models.PositiveIntegerField(default=0, help_text="grows with each claim; older writers are refused")
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=64)

    # See labs.branches.
    recipe_key = models.CharField(max_length=64, blank=True, help_text="same key, same losses; empty: never replayed")
    replay_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replays")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="branches")
    fork_step = models.PositiveIntegerField(default=0, help_text="step of the parent's checkpoint it goes on from")

    created_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(
        null=True, blank=True, help_text="last time a worker took it: the owner's last turn"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    # Turns: see labs.line.
    turn_at = models.DateTimeField(
        null=True, blank=True, help_text="its place in the round; none before its first slice"
    )
    turn_s = models.FloatField(default=0.0, help_text="seconds that it has had of its present turn")
    work = models.FloatField(default=0.0, help_text="operations that it was expected to take, see labs.costs")
    pace = models.CharField(max_length=40, blank=True, help_text="which Pace says how long that takes")
    trained_s = models.FloatField(default=0.0, help_text="seconds of training so far")

    step = models.PositiveIntegerField(default=0, help_text="last step stored in `curve`")
    curve = models.JSONField(default=dict, help_text="columns: see labs.curves")
    samples = models.JSONField(default=list)
    info = models.JSONField(default=dict, help_text="the `started` and `baseline` events")
    result = models.JSONField(default=dict, help_text="the `finished` or `failed` event")
    # For lists and reports, written together with the curve: a whole curve is 30 KB and takes a millisecond to read.
    held_out = models.FloatField(null=True, blank=True, help_text="last held-out loss, nats a token")
    best_held_out = models.FloatField(null=True, blank=True, help_text="lowest held-out loss of any checkpoint")
    bits_per_byte = models.FloatField(null=True, blank=True, help_text="at the last held-out loss")
    measure = models.CharField(max_length=40, blank=True, help_text="what stands for the task, see labs.figures")
    figure = models.FloatField(null=True, blank=True, help_text="of `measure`, at the last evaluation or checkpoint")
    spark = models.JSONField(default=list, help_text="a few held-out losses, first to last")

    objects: ClassVar[models.Manager[Run]] = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "idempotency_key"], name="one_run_of_key")]
        indexes = [
            models.Index(fields=["state", "queued_at"], name="run_queue"),
            models.Index(fields=["owner", "-id"], name="run_owner"),
            models.Index(fields=["lease_until"], name="run_lease", condition=Q(state="running")),
            models.Index(fields=["recipe_key"], name="run_recipe", condition=Q(state="finished")),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def ended(self) -> bool:
        """Whether the run has reached an ending."""
        return self.state in ENDINGS

    def move(self, to: State, **changes: Any) -> bool:
        """Change state by one conditional UPDATE; False when the row has left this state or this fence meanwhile.

        Raises ValueError for a move that MOVES does not allow.
        """
        if to not in MOVES[State(self.state)]:
            raise ValueError(f"a run cannot go from {self.state} to {to}")
        rows = Run.objects.filter(pk=self.pk, state=self.state, fence=self.fence)
        if rows.update(state=to, **changes) != 1:
            return False
        for name, value in {"state": to, **changes}.items():
            setattr(self, name, value)
        return True


class GenerationQuerySet(models.QuerySet["Generation"]):
    """Filters on generated texts."""

    def for_user(self, user: User | AnonymousUser) -> GenerationQuerySet:
        """Texts of one's own runs only."""
        return self.filter(run__owner_id=user.pk) if user.pk else self.none()


class Generation(models.Model):
    """A text that a learner's finished model wrote on request."""

    OPEN = ("waiting", "writing")

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="generations")
    prompt = models.CharField(max_length=1000)
    temperature = models.FloatField()
    top_k = models.PositiveIntegerField(default=0, help_text="0: all tokens")
    top_p = models.FloatField(default=1.0)
    max_tokens = models.PositiveIntegerField(default=200)
    seed = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=10, default="waiting", help_text="waiting, writing, done or failed")
    text = models.TextField(blank=True)
    error = models.CharField(max_length=200, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="names the worker that may end it")
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Generation]] = GenerationQuerySet.as_manager()

    class Meta:
        verbose_name = _("generated text")
        verbose_name_plural = _("generated texts")
        ordering = ["-pk"]

    @property
    def is_open(self) -> bool:
        """Whether it is still to come."""
        return self.state in self.OPEN


class LabRecord(models.Model):
    """A learner's best in a lab and when they reached its goal: written with the event, read by cards and reports."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="lab_records")
    lab = models.SlugField()
    best = models.JSONField(default=dict, help_text="see labs.goals")
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reached_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("lab record")
        verbose_name_plural = _("lab records")
        constraints = [models.UniqueConstraint(fields=["user", "lab"], name="one_record_of_lab")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.lab}"


class Pace(models.Model):
    """What runs on this installation have been measured to take: learnt at the end of each, see labs.paces."""

    key = models.CharField(max_length=40, unique=True)
    value = models.FloatField(help_text="operations a second, or seconds of a start")
    runs = models.PositiveIntegerField(default=0, help_text="that it was learnt from")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("measured pace")
        verbose_name_plural = _("measured paces")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key
