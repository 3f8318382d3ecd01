"""URLs of tables that wait for a choice."""

from django.urls import path

from labs.datasets import views

urlpatterns = [
    path("tables/", views.table_create, name="table-create"),
    path("tables/<int:draft_id>/", views.table, name="table"),
    path("tables/<int:draft_id>/delete/", views.table_delete, name="table-delete"),
]
