"""Chapters, quizzes, progress, reports and authoring."""

from django.apps import AppConfig

from labs.signals import lab_reached


class CoursesConfig(AppConfig):
    """Listens to the labs."""

    name = "courses"

    def ready(self) -> None:
        """Models are loaded from here on, so the receivers can be imported."""
        from courses.progress import receivers  # noqa: PLC0415 - models are not ready at import

        lab_reached.connect(receivers.lab_goal_reached, dispatch_uid="courses.progress")
