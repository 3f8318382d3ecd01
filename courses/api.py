"""The API of courses and one's own progress. The same selectors as the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courses.models import Chapter, Course
from courses.progress.selectors import rules_of
from courses.serializers import CourseDetailSerializer, CourseSerializer, ProgressSerializer

if TYPE_CHECKING:
    from portal.accounts.models import User

HEAVY = ("current__body", "current__source", "current__figures")


class CourseList(ListAPIView[Course]):
    """List the courses that have a published chapter."""

    serializer_class = CourseSerializer
    queryset = Course.objects.filter(chapters__current__isnull=False).distinct()


class CourseDetail(APIView):
    """One course with its published chapters. Two queries."""

    @extend_schema(responses=CourseDetailSerializer)
    def get(self, request: Request, course: str) -> Response:
        """Read a course with its published chapters."""
        chapters = Chapter.objects.filter(current__isnull=False).select_related("current").defer(*HEAVY)
        courses = Course.objects.filter(chapters__current__isnull=False).distinct()
        found = get_object_or_404(
            courses.prefetch_related(Prefetch("chapters", queryset=chapters, to_attr="published")), slug=course
        )
        return Response(CourseDetailSerializer(found).data)


class MyProgress(APIView):
    """One's own chapters with every rule explained. Two queries, and two for each lab named in a rule."""

    @extend_schema(responses=ProgressSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Read how far one is in each chapter: every rule with what was reached."""
        entries: list[dict[str, Any]] = [
            {"progress": progress, "rules": rules} for progress, rules in rules_of(cast("User", request.user))
        ]
        return Response(ProgressSerializer(entries, many=True).data)
