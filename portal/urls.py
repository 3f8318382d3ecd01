"""The only place that joins the apps."""

from django.contrib import admin
from django.urls import include, path

from portal import views

urlpatterns = [
    path("", include("courses.urls")),
    path("", include("labs.urls")),
    path("account/", include("portal.accounts.urls")),
    path("api/", include("portal.api_urls")),
    path("admin/login/", views.admin_login),
    path("admin/", admin.site.urls),
    path("favicon.ico", views.favicon),
    path("healthz", views.healthz, name="healthz"),
]

admin.site.site_header = admin.site.site_title = "Gradus"

handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.not_found
handler500 = views.server_error
