"""URLs of deployments. The API under /v1/ is not Django's: see `portal.asgi`."""

from django.urls import path

from labs.deploy import views

urlpatterns = [
    path("runs/<int:run_id>/deployments/", views.deployment_create, name="deployment-create"),
    path("deployments/<int:deployment_id>/revoke/", views.deployment_revoke, name="deployment-revoke"),
]
