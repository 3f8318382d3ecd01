"""The Celery app. Queues: `train` (runs), `control` (reaper, beat), `play` (short texts). See `portal.supervisor`."""

import os

from celery import Celery
from celery.signals import beat_embedded_init, heartbeat_sent, worker_process_init, worker_shutdown

from portal import heartbeat, orphans

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.embedded")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

heartbeat_sent.connect(heartbeat.beat)
worker_shutdown.connect(heartbeat.stop)
worker_process_init.connect(orphans.end_with_parent)
beat_embedded_init.connect(orphans.end_with_parent)
