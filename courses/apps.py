"""Chapters, quizzes, progress, reports and authoring."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from labs.signals import lab_reached


class CoursesConfig(AppConfig):
    """Listens to the labs."""

    name = "courses"
    verbose_name = _("Courses")

    def ready(self) -> None:
        """Models are loaded from here on, so that the receivers can be imported."""
        receivers = import_module("courses.progress.receivers")
        lab_reached.connect(receivers.lab_goal_reached, dispatch_uid="courses.progress")
