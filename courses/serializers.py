"""What the API says of courses, chapters and progress."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from courses.models import Chapter, Course, localised


class CourseSerializer(serializers.ModelSerializer[Course]):
    """A course; its texts in every language."""

    title = serializers.DictField(child=serializers.CharField())
    summary = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = Course
        fields = ["slug", "title", "summary"]


class SectionSerializer(serializers.Serializer[Any]):
    """A section of a chapter's current version."""

    id = serializers.CharField()
    title = serializers.DictField(child=serializers.CharField())


class ChapterSerializer(serializers.ModelSerializer[Chapter]):
    """A published chapter in its current version."""

    title = serializers.DictField(source="current.title", child=serializers.CharField())
    summary = serializers.DictField(source="current.summary", child=serializers.CharField())
    version = serializers.IntegerField(source="current.number")
    published_at = serializers.DateTimeField(source="current.published_at")
    sections = serializers.SerializerMethodField()

    class Meta:
        model = Chapter
        fields = ["slug", "number", "minutes", "title", "summary", "version", "published_at", "labs", "sections"]

    @extend_schema_field(SectionSerializer(many=True))
    def get_sections(self, chapter: Chapter) -> list[dict[str, Any]]:
        """Ids and titles."""
        outline = chapter.current.outline if chapter.current else []
        return [{"id": section["id"], "title": section["title"]} for section in outline]


class CourseDetailSerializer(CourseSerializer):
    """A course with its chapters."""

    chapters = ChapterSerializer(many=True, source="published")

    class Meta(CourseSerializer.Meta):
        fields = [*CourseSerializer.Meta.fields, "chapters"]


class RuleSerializer(serializers.Serializer[Any]):
    """One rule, explained in the reader's language."""

    kind = serializers.CharField()
    key = serializers.CharField(allow_blank=True)
    text = serializers.CharField(source="label")
    detail = serializers.CharField()
    reached = serializers.IntegerField()
    needed = serializers.IntegerField()
    passed = serializers.BooleanField()
    url = serializers.CharField()
    when = serializers.DateTimeField(allow_null=True)


class ProgressSerializer(serializers.Serializer[Any]):
    """One's own progress in a chapter that one has begun, and why it is not complete."""

    course = serializers.CharField(source="progress.chapter.course.slug")
    chapter = serializers.CharField(source="progress.chapter.slug")
    title = serializers.SerializerMethodField()
    version = serializers.IntegerField(source="progress.version.number")
    percent = serializers.IntegerField(source="progress.percent")
    sections_read = serializers.IntegerField(source="progress.sections_read")
    quiz_percent = serializers.IntegerField(source="progress.quiz_percent", allow_null=True)
    started_at = serializers.DateTimeField(source="progress.started_at")
    last_activity_at = serializers.DateTimeField(source="progress.last_activity_at")
    completed_at = serializers.DateTimeField(source="progress.completed_at", allow_null=True)
    first_completed_at = serializers.DateTimeField(source="progress.first_completed_at", allow_null=True)
    rules = RuleSerializer(many=True)

    def get_title(self, entry: dict[str, Any]) -> str:
        """In the reader's language."""
        return str(localised(entry["progress"].version.title))
