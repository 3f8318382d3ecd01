"""URLs of this app, by subject."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("courses.quizzes.urls")),
    path("", include("courses.reports.urls")),
    path("", include("courses.studio.urls")),
    path("", include("courses.reader.urls")),
]
