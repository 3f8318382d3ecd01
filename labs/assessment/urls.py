"""URLs of report cards and graded attempts."""

from django.urls import path

from labs.assessment import views

urlpatterns = [
    path("runs/<int:run_id>/report/", views.run_report, name="run-report"),
    path("runs/<int:run_id>/report.md", views.run_report_markdown, name="run-report-markdown"),
    path("runs/<int:run_id>/submissions/", views.submission_create, name="submission-create"),
    path("submissions/<int:submission_id>/answers/", views.submission_answer, name="submission-answer"),
]
