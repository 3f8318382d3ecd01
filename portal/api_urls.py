"""The API: both apps' endpoints, schema and docs."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from portal.api_docs import api_docs

urlpatterns = [
    path("", include("courses.api_urls")),
    path("", include("labs.api_urls")),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", api_docs, name="api-docs"),
]
