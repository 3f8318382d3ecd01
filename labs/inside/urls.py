"""URLs of looking inside a run."""

from django.urls import path

from labs.inside import views

urlpatterns = [
    path("runs/<int:run_id>/inside/", views.run_inside, name="run-inside"),
    path("runs/<int:run_id>/inside/<slug:question>/", views.probe_ask, name="probe-ask"),
    path("probes/<int:probe_id>/", views.probe, name="probe"),
]
