"""API of the labs."""

from django.urls import path

from labs import api

urlpatterns = [
    path("runs/", api.run_list, name="api-run-list"),
    path("runs/<int:run_id>/", api.run_read, name="api-run"),
    path("runs/<int:run_id>/events/", api.run_events, name="api-run-events"),
    path("runs/<int:run_id>/cancel/", api.run_cancel, name="api-run-cancel"),
    path("runs/<int:run_id>/samples/", api.run_samples, name="api-run-samples"),
]
