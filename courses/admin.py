"""Django's admin for administrators. What is published or recorded is read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from courses.models import (
    Allowance,
    Answer,
    AnswerEvent,
    Attempt,
    Chapter,
    ChapterProgress,
    ChapterVersion,
    Course,
    Enrolment,
    Evidence,
    Quiz,
)


class RecordAdmin(admin.ModelAdmin[Any]):
    """Rows that nobody may edit by hand: they are written by services and are evidence."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never; viewing stays possible."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False


@admin.register(Course)
class CourseAdmin(admin.ModelAdmin[Course]):
    """Texts come from the files; the order of courses is set here."""

    list_display = ("slug", "position")
    readonly_fields = ("slug", "title", "summary")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Courses come from files."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Course | None = None) -> bool:
        """Progress hangs on it."""
        return False


@admin.register(Chapter)
class ChapterAdmin(admin.ModelAdmin[Chapter]):
    """Giving a chapter back to the files (`owner`) lets the next load_course publish over the studio's version."""

    list_display = ("course", "number", "slug", "owner", "current")
    list_filter = ("course", "owner")
    list_select_related = ("course", "current")
    fields = ("course", "slug", "number", "minutes", "owner", "labs", "current")
    readonly_fields = ("course", "slug", "number", "minutes", "labs", "current")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Chapters come from files."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Chapter | None = None) -> bool:
        """Progress hangs on it."""
        return False


@admin.register(ChapterVersion)
class ChapterVersionAdmin(RecordAdmin):
    """Versions, immutable once published."""

    list_display = ("chapter", "number", "change", "note", "author", "published_at")
    list_filter = ("chapter", "change")
    list_select_related = ("chapter", "author")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Lists never need the compiled texts."""
        return super().get_queryset(request).defer("body", "source", "figures")


@admin.register(Quiz)
class QuizAdmin(RecordAdmin):
    """Versions of quizzes."""

    list_display = ("chapter", "number", "pass_percent", "time_limit_s", "max_attempts", "created_at")
    list_select_related = ("chapter",)


@admin.register(Enrolment)
class EnrolmentAdmin(RecordAdmin):
    """Who takes which course."""

    list_display = ("user", "course", "completed_chapters", "last_activity_at", "completed_at")
    list_filter = ("course",)
    list_select_related = ("user", "course")
    search_fields = ("user__email", "user__display_name")


@admin.register(ChapterProgress)
class ChapterProgressAdmin(RecordAdmin):
    """Where each learner stands."""

    list_display = ("user", "chapter", "percent", "quiz_percent", "last_activity_at", "completed_at")
    list_filter = ("chapter",)
    list_select_related = ("user", "chapter")
    search_fields = ("user__email", "user__display_name")


@admin.register(Evidence)
class EvidenceAdmin(RecordAdmin):
    """What was reached, and what a redo has retired."""

    list_display = ("progress", "kind", "key", "passed", "updated_at", "retired_at")
    list_filter = ("kind", "passed")
    list_select_related = ("progress__user", "progress__chapter")
    search_fields = ("progress__user__email",)


@admin.register(Attempt)
class AttemptAdmin(RecordAdmin):
    """Quiz attempts."""

    list_display = ("user", "quiz", "number", "state", "percent", "passed", "started_at", "submitted_at")
    list_filter = ("state", "passed")
    list_select_related = ("user", "quiz")
    search_fields = ("user__email",)


@admin.register(Answer)
class AnswerAdmin(RecordAdmin):
    """Answers as last given."""

    list_display = ("attempt", "question", "flagged", "saved_at")
    list_select_related = ("attempt",)


@admin.register(Allowance)
class AllowanceAdmin(RecordAdmin):
    """What managers granted, and why."""

    list_display = ("user", "kind", "chapter", "percent", "reason", "granted_by", "created_at")
    list_filter = ("kind",)
    list_select_related = ("user", "chapter", "granted_by")
    search_fields = ("user__email",)


@admin.register(AnswerEvent)
class AnswerEventAdmin(RecordAdmin):
    """The log of attempts."""

    list_display = ("attempt", "question", "flagged", "at")
    list_select_related = ("attempt",)
