"""URLs of managers' reports."""

from django.urls import path

from courses.reports import views

urlpatterns = [
    path("team/", views.team, name="team"),
    path("team/<int:pk>/", views.team, name="team"),
    path("team/<int:pk>/progress.csv", views.team_csv, name="team-csv"),
    path("team/learners/<int:pk>/", views.learner, name="learner"),
    path("team/learners/<int:pk>/<slug:course>/<slug:chapter>/attempt/", views.attempt_allow, name="attempt-allow"),
    path("team/learners/<int:pk>/quiz-time/", views.time_allow, name="time-allow"),
]
