"""The course and what each learner did in it.

A chapter version is immutable once published; both languages of it live in one row. A learner's progress keeps the
version and rule that applied when they began. Evidence rows say what was reached; the summary columns of
ChapterProgress are written with each of them, so that reports never compute over raw activity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User

LANGUAGES = ("en", "zh-hans")
"""Keys of every localised JSON value."""

Localised = dict[str, Any]


def localised(values: Localised) -> Any:
    """The value in the reader's language, else in the other one."""
    language = get_language() or ""
    return values.get("zh-hans" if language.startswith("zh") else "en") or next(iter(values.values()), "")


class Course(models.Model):
    """A sequence of chapters."""

    slug = models.SlugField(_("short name"), unique=True)
    title = models.JSONField(_("title"), default=dict)
    summary = models.JSONField(_("summary"), default=dict)
    position = models.PositiveIntegerField(_("position"), default=1)
    terms = models.JSONField(
        _("terms"), default=list, blank=True, help_text="the glossary: see courses.loading.glossary"
    )

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return str(localised(self.title))


class Quiz(models.Model):
    """One immutable version of a chapter's quiz; `questions` holds the key and never leaves the server whole."""

    chapter = models.ForeignKey("Chapter", verbose_name=_("chapter"), on_delete=models.CASCADE, related_name="quizzes")
    number = models.PositiveIntegerField(_("number"))
    content_hash = models.CharField(_("hash of the content"), max_length=64)
    pass_percent = models.PositiveSmallIntegerField(_("percent needed"), default=80)
    time_limit_s = models.PositiveIntegerField(_("time limit, seconds"), default=0, help_text=_("0: no limit"))
    max_attempts = models.PositiveSmallIntegerField(_("attempts allowed"), default=0, help_text=_("0: no limit"))
    cool_down_s = models.PositiveIntegerField(_("wait between attempts, seconds"), default=0, help_text=_("0: none"))
    questions = models.JSONField(_("questions"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("quiz")
        verbose_name_plural = _("quizzes")
        constraints = [models.UniqueConstraint(fields=["chapter", "number"], name="quiz_number_of_chapter")]

    def __str__(self) -> str:
        return f"{self.chapter_id}/{self.number}"


class Chapter(models.Model):
    """A chapter by its stable id. `owner` says who edits its text: the files in git, or the studio."""

    course = models.ForeignKey(Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="chapters")
    slug = models.SlugField(_("short name"))
    number = models.PositiveSmallIntegerField(_("number"))
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=30)
    owner = models.CharField(_("edited in"), max_length=10, default="files", help_text=_("files or studio"))
    current = models.ForeignKey(
        "ChapterVersion",
        verbose_name=_("current version"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    labs = models.JSONField(_("labs"), default=list)

    class Meta:
        verbose_name = _("chapter")
        verbose_name_plural = _("chapters")
        ordering = ["number", "pk"]
        constraints = [models.UniqueConstraint(fields=["course", "slug"], name="chapter_slug_of_course")]

    def __str__(self) -> str:
        return f"{self.number} {self.slug}"


class ChapterVersion(models.Model):
    """One version in both languages. Without `published_at` it is the draft; afterwards nothing in it changes.

    `body` is what the reader shows, per language: {"en": [section, ...], "zh-hans": [...]}, with
    section = {"id", "title", "lede", "headings": [{"id", "title"}], "parts": [part, ...]} and
    part = {"kind": "html", "tag", "html"}, {"kind": "note", "tone", "title", "html"}, {"kind": "figure", ...} or a
    block {"kind": "guess" | "check" | "widget" | "lab", "id", ...} with its key (answer, right option), which stays
    here until the reader has committed. `outline` is what rails, rules and reports need, without the text:
    [{"id", "title", "lede", "weight", "hash", "blocks": [{"kind", "id", "title"?}, ...]}, ...]; titles and ledes are
    by language, the weights sum to 1.
    `source` also has "quiz", the quiz as YAML, so that a draft can be edited whole.
    """

    chapter = models.ForeignKey(Chapter, verbose_name=_("chapter"), on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    title = models.JSONField(_("title"), default=dict)
    summary = models.JSONField(_("summary"), default=dict)
    source = models.JSONField(
        _("source texts"),
        default=dict,
        help_text=_("Texts by name: en and zh-hans (Markdown), quiz and chapter (YAML)"),
    )
    figures = models.JSONField(_("figures"), default=dict, help_text=_("SVG by file name"))
    body = models.JSONField(_("compiled text"), default=dict)
    outline = models.JSONField(_("outline"), default=list)
    rule = models.JSONField(_("rule"), default=dict)
    quiz = models.ForeignKey(
        Quiz, verbose_name=_("quiz"), null=True, blank=True, on_delete=models.PROTECT, related_name="versions"
    )
    content_hash = models.CharField(_("hash of the content"), max_length=64, blank=True)
    follows = models.JSONField(
        _("translation follows"),
        default=dict,
        help_text=_("By language: version number whose text this translation follows"),
    )
    change = models.CharField(_("kind of change"), max_length=10, default="minor", help_text=_("minor, keep or redo"))
    note = models.CharField(_("what changed"), max_length=300, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("author"), null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    saved_at = models.DateTimeField(_("saved"), auto_now=True)
    edits = models.JSONField(
        _("last edits"), default=dict, help_text=_("Of a draft, by name of the text: when it was last saved, by whom")
    )
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)

    class Meta:
        verbose_name = _("chapter version")
        verbose_name_plural = _("chapter versions")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["chapter", "number"], name="version_number_of_chapter"),
            models.UniqueConstraint(
                fields=["chapter"], condition=models.Q(published_at=None), name="one_draft_of_chapter"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chapter_id} v{self.number}"

    @property
    def sections(self) -> list[dict[str, Any]]:
        """Sections in the reader's language."""
        return list(localised(self.body) or [])


class Enrolment(models.Model):
    """A learner takes a course. `last_*` is where they stopped."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.CASCADE, related_name="enrolments"
    )
    course = models.ForeignKey(Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="enrolments")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_chapter = models.ForeignKey(
        Chapter, verbose_name=_("last chapter"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    last_section = models.CharField(_("last section"), max_length=80, blank=True)
    last_activity_at = models.DateTimeField(_("last active"), null=True, blank=True)
    completed_chapters = models.PositiveSmallIntegerField(_("chapters complete"), default=0)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [models.UniqueConstraint(fields=["user", "course"], name="one_enrolment")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.course_id}"


class ChapterProgress(models.Model):
    """One learner in one chapter: the version and rule that apply to them, and the summary of their evidence.

    A redo clears `completed_at` and names in `redo_of` the version that was complete; `first_completed_at` stays.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.CASCADE, related_name="chapter_progress"
    )
    chapter = models.ForeignKey(Chapter, verbose_name=_("chapter"), on_delete=models.CASCADE, related_name="progress")
    version = models.ForeignKey(ChapterVersion, verbose_name=_("version"), on_delete=models.PROTECT, related_name="+")
    rule = models.JSONField(_("rule"), default=dict)
    started_at = models.DateTimeField(_("begun"), default=timezone.now)
    last_activity_at = models.DateTimeField(_("last active"), default=timezone.now)
    percent = models.PositiveSmallIntegerField(_("percent"), default=0)
    sections_read = models.PositiveSmallIntegerField(_("sections read"), default=0)
    quiz_percent = models.PositiveSmallIntegerField(_("quiz percent"), null=True, blank=True)
    quiz_attempts = models.PositiveSmallIntegerField(_("quiz attempts"), default=0)
    extra_attempts = models.PositiveSmallIntegerField(
        _("extra attempts"), default=0, help_text=_("Quiz attempts that a manager added")
    )
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    first_completed_at = models.DateTimeField(_("first completed"), null=True, blank=True)
    redone_at = models.DateTimeField(
        _("new quiz asked for"),
        null=True,
        blank=True,
        help_text=_("Attempts at earlier quizzes begun before it do not count"),
    )
    redo_of = models.ForeignKey(
        ChapterVersion,
        verbose_name=_("redo of version"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )

    class Meta:
        verbose_name = _("chapter progress")
        verbose_name_plural = _("chapter progress")
        constraints = [models.UniqueConstraint(fields=["user", "chapter"], name="one_progress_of_chapter")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.chapter_id}"


class Allowance(models.Model):
    """What a manager granted a learner, and why; never changed afterwards. `token` makes a repeated request harmless.

    kind attempt: one more attempt at the quiz of `chapter`. kind time: from then on `percent` more time in every quiz;
    the latest one holds, 0 ends it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.CASCADE, related_name="allowances"
    )
    kind = models.CharField(_("kind"), max_length=10, help_text=_("attempt or time"))
    chapter = models.ForeignKey(
        Chapter, verbose_name=_("chapter"), null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    percent = models.PositiveSmallIntegerField(_("percent more time"), default=0)
    reason = models.CharField(_("reason"), max_length=300)
    token = models.CharField(_("token of the form"), max_length=64)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("granted by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("granted"), auto_now_add=True)

    class Meta:
        verbose_name = _("allowance")
        verbose_name_plural = _("allowances")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "token"], name="allowance_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}"


class Evidence(models.Model):
    """One thing that a learner reached in a chapter; the first time counts, a better value replaces a worse one.

    `kind` is section, guess, check, widget, quiz or lab; `key` the id in the chapter; `value` what was reached.
    A redo retires evidence of what changed: the row stays as history and no longer counts.
    """

    progress = models.ForeignKey(
        ChapterProgress, verbose_name=_("chapter progress"), on_delete=models.CASCADE, related_name="evidence"
    )
    kind = models.CharField(_("kind"), max_length=10)
    key = models.CharField(_("key"), max_length=80)
    value = models.JSONField(_("value"), default=dict)
    passed = models.BooleanField(_("passed"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["progress", "kind", "key"], condition=models.Q(retired_at=None), name="one_evidence"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class AttemptQuerySet(models.QuerySet["Attempt"]):
    """Filters on attempts."""

    def for_user(self, user: User | AnonymousUser) -> AttemptQuerySet:
        """One's own attempts only."""
        return self.filter(user_id=user.pk) if user.pk else self.none()


class Attempt(models.Model):
    """A quiz attempt. Questions, order and deadline are frozen when it starts."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.CASCADE, related_name="attempts"
    )
    quiz = models.ForeignKey(Quiz, verbose_name=_("quiz"), on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField(_("number"))
    state = models.CharField(_("state"), max_length=10, default="open", help_text=_("open or graded"))
    order = models.JSONField(_("order"), help_text=_("[[question id, [option id, ...]], ...]"))
    started_at = models.DateTimeField(_("begun"), default=timezone.now)
    deadline_at = models.DateTimeField(_("deadline"), null=True, blank=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    points = models.FloatField(_("points"), null=True, blank=True)
    points_max = models.FloatField(_("points possible"), null=True, blank=True)
    percent = models.PositiveSmallIntegerField(_("percent"), null=True, blank=True)
    passed = models.BooleanField(_("passed"), default=False)
    results = models.JSONField(_("results"), default=dict, help_text=_("Points by question id"))

    objects: ClassVar[models.Manager[Attempt]] = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(fields=["user", "quiz", "number"], name="attempt_number"),
            models.UniqueConstraint(fields=["user", "quiz"], condition=models.Q(state="open"), name="one_open_attempt"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.quiz_id} #{self.number}"


class Answer(models.Model):
    """One answer of an attempt, as last given; an older `sequence` never overwrites a newer one."""

    attempt = models.ForeignKey(Attempt, verbose_name=_("attempt"), on_delete=models.CASCADE, related_name="answers")
    question = models.CharField(_("question"), max_length=80)
    value = models.JSONField(_("value"), null=True, help_text=_("Option ids, or a number as typed"))
    flagged = models.BooleanField(_("flagged"), default=False)
    sequence = models.PositiveBigIntegerField(_("sequence number"), default=0)
    saved_at = models.DateTimeField(_("saved"), default=timezone.now)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [models.UniqueConstraint(fields=["attempt", "question"], name="one_answer")]


class AnswerEvent(models.Model):
    """One change of an answer as it reached the server: the log of an attempt. Rows are only added."""

    attempt = models.ForeignKey(Attempt, verbose_name=_("attempt"), on_delete=models.CASCADE, related_name="events")
    question = models.CharField(_("question"), max_length=80)
    value = models.JSONField(_("value"), null=True)
    flagged = models.BooleanField(_("flagged"), default=False)
    at = models.DateTimeField(_("saved"), default=timezone.now)

    class Meta:
        verbose_name = _("change of an answer")
        verbose_name_plural = _("changes of answers")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.question}"
