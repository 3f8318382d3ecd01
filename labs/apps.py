"""Labs, runs, queue, live events, results and playing with a model."""

from django.apps import AppConfig


class LabsConfig(AppConfig):
    name = "labs"
