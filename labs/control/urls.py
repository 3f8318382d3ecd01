"""URLs of the control page."""

from django.urls import path

from labs.control import views

urlpatterns = [
    path("control/", views.control, name="control"),
    path("control/status/", views.control_status, name="control-status"),
    path("control/mode/", views.control_set, name="control-set"),
]
