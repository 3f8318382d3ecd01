"""The only place that joins the apps."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("courses.urls")),
    path("", include("labs.urls")),
    path("account/", include("portal.accounts.urls")),
    path("api/", include("portal.api_urls")),
    path("admin/", admin.site.urls),
]
