"""`manage.py warm_presets`: queues every preset of every lab that nobody has trained, so that it is replayed later."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from labs.branches.presets import cold, queue_preset


class Command(BaseCommand):
    """Queue the presets that have not been trained. Workers carry them one at a time, in turn with learners' runs."""

    help = "Queue every lab preset that nobody has trained yet; afterwards it answers at once."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Queue, and say what."""
        for slug, spec, key in list(cold()):
            run = queue_preset(slug, spec, key)
            self.stdout.write(f"{slug}: run {run.pk}, {run.steps} steps, {run.state}")
        self.stdout.write("Every other preset has been trained. Workers take these one at a time.")
