"""URLs of the pages for authors of labs."""

from django.urls import path

from labs.authoring import views

urlpatterns = [
    path("lab-studio/", views.lab_shelf, name="lab-shelf"),
    path("lab-studio/import/", views.lab_import, name="lab-import"),
    path("lab-studio/<slug:slug>/", views.lab_edit, name="lab-edit"),
    path("lab-studio/<slug:slug>/save/", views.lab_save, name="lab-save"),
    path("lab-studio/<slug:slug>/controls/", views.lab_controls, name="lab-controls"),
    path("lab-studio/<slug:slug>/discard/", views.lab_discard, name="lab-discard"),
    path("lab-studio/<slug:slug>/publish/", views.lab_publish, name="lab-publish"),
    path("lab-studio/<slug:slug>/restore/", views.lab_restore, name="lab-restore"),
    path("lab-studio/<slug:slug>/export.zip", views.lab_export, name="lab-export"),
]
