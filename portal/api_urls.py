"""The API: both apps' endpoints, schema and docs."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

urlpatterns = [
    path("", include("courses.api_urls")),
    path("", include("labs.api_urls")),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
]
