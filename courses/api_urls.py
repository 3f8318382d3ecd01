"""API endpoints of this app."""

from django.urls import path

from courses import api

urlpatterns = [
    path("courses/", api.CourseList.as_view(), name="api-courses"),
    path("courses/<slug:course>/", api.CourseDetail.as_view(), name="api-course"),
    path("me/progress/", api.MyProgress.as_view(), name="api-progress"),
]
