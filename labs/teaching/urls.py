"""URLs of teachers' pages."""

from django.urls import path

from labs.teaching import views

urlpatterns = [
    path("teaching/", views.teaching, name="teaching"),
    path("teaching/labs/<slug:slug>/", views.teaching_lab, name="teaching-lab"),
    path("teaching/labs/<slug:slug>/learners.csv", views.teaching_csv, name="teaching-csv"),
    path("teaching/runs/<int:run_id>/", views.teaching_run, name="teaching-run"),
]
