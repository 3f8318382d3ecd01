"""URLs of the page "Script"."""

from django.urls import path

from labs.export import views

urlpatterns = [
    path("runs/<int:run_id>/script/", views.run_script, name="run-script"),
    path("runs/<int:run_id>/exports/<slug:kind>/", views.export_create, name="export-create"),
    path("runs/<int:run_id>/exports/<slug:kind>/status/", views.export_status, name="export-status"),
    path("exports/<int:export_id>/cancel/", views.export_cancel, name="export-cancel"),
    path("exports/<int:export_id>/file/", views.export_file, name="export-file"),
]
