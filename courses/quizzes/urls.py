"""URLs of quizzes and attempts."""

from django.urls import path

from courses.quizzes import views

urlpatterns = [
    path("learn/<slug:course>/<slug:chapter>/quiz/", views.quiz, name="quiz"),
    path("learn/<slug:course>/<slug:chapter>/quiz/start/", views.quiz_start, name="quiz-start"),
    path("attempts/<int:pk>/", views.attempt, name="attempt"),
    path("attempts/<int:pk>/answers/<slug:question>/", views.attempt_save, name="attempt-save"),
    path("attempts/<int:pk>/submit/", views.attempt_submit, name="attempt-submit"),
]
