"""URLs of the labs. Live streams, `runs/<id>/stream`, are not Django's: see `portal.asgi`."""

from django.urls import include, path

from labs import views

urlpatterns = [
    path("", include("labs.assessment.urls")),
    path("", include("labs.branches.urls")),
    path("", include("labs.compare.urls")),
    path("", include("labs.authoring.urls")),
    path("", include("labs.datasets.urls")),
    path("", include("labs.control.urls")),
    path("", include("labs.deploy.urls")),
    path("", include("labs.export.urls")),
    path("", include("labs.inside.urls")),
    path("", include("labs.teaching.urls")),
    path("labs/", views.lab_list, name="lab-list"),
    path("labs/<slug:slug>/", views.lab, name="lab"),
    path("labs/<slug:slug>/cost/", views.cost, name="cost"),
    path("labs/<slug:slug>/recipe/", views.recipe, name="recipe"),
    path("labs/<slug:slug>/runs/", views.run_submit, name="run-submit"),
    path("runs/<int:run_id>/", views.run, name="run"),
    path("runs/<int:run_id>/status/", views.run_status, name="run-status"),
    path("runs/<int:run_id>/cancel/", views.run_cancel, name="run-cancel"),
    path("runs/<int:run_id>/points.csv", views.run_points, name="run-points"),
    path("runs/<int:run_id>/generations/", views.generation_create, name="generation-create"),
    path("generations/<int:generation_id>/", views.generation, name="generation"),
    path("uploads/", views.upload_create, name="upload-create"),
    path("uploads/<int:upload_id>/delete/", views.upload_delete, name="upload-delete"),
]
