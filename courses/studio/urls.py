"""URLs of the authors' studio."""

from django.urls import path

from courses.studio import views

urlpatterns = [
    path("studio/", views.studio, name="studio"),
    path("studio/<slug:course>/<slug:chapter>/", views.studio_chapter, name="studio-chapter"),
    path("studio/<slug:course>/<slug:chapter>/preview/", views.studio_preview, name="studio-preview"),
    path("studio/<slug:course>/<slug:chapter>/save/", views.studio_save, name="studio-save"),
    path("studio/<slug:course>/<slug:chapter>/discard/", views.studio_discard, name="studio-discard"),
    path("studio/<slug:course>/<slug:chapter>/publish/", views.studio_publish, name="studio-publish"),
    path("studio/<slug:course>/<slug:chapter>/versions/", views.studio_versions, name="studio-versions"),
    path("studio/<slug:course>/<slug:chapter>/restore/", views.studio_restore, name="studio-restore"),
]
