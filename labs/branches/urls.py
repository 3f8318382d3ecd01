"""URLs of what is made from a run."""

from django.urls import path

from labs.branches import views

urlpatterns = [
    path("runs/<int:run_id>/anew/", views.run_anew, name="run-anew"),
    path("runs/<int:run_id>/reseed/", views.run_reseed, name="run-reseed"),
    path("runs/<int:run_id>/continue/", views.run_continue, name="run-continue"),
    path("runs/<int:run_id>/fork/", views.run_fork, name="run-fork"),
]
