"""Chapters, quizzes, progress, reports and authoring."""

from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "courses"
