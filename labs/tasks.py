"""Celery's way in. A message carries nothing that matters: lost, late or doubled ones are harmless.

`work` wakes a training worker, `generate` asks for one text, `complete` for the next one of a deployment, `look` for
the answer to a question about a model, `reap` heals what was lost, every few seconds.
"""

from __future__ import annotations

import logging
from typing import Any

import redis
from celery import current_app, shared_task
from celery.signals import heartbeat_sent, worker_process_init, worker_ready, worker_shutdown, worker_shutting_down
from django.conf import settings

from labs import drain, play, queue, runner
from labs.authoring.shelf import heal_stamp
from labs.branches import presets
from labs.channel import Channel
from labs.children import nursery
from labs.control import workers
from labs.datasets import services as tables
from labs.deploy import writer
from labs.export import making
from labs.export.states import Kind
from labs.inside import looking
from labs.models import Run
from labs.wake import send
from portal.lib.redis import client

log = logging.getLogger(__name__)

COMPUTES = frozenset({"train", "play"})
"""Queues whose work needs a model."""


@shared_task
def work() -> int:
    """Carry runs until none waits."""
    return runner.work()


@shared_task
def generate(generation_id: int) -> None:
    """Let a finished model write."""
    play.generate(generation_id)


@shared_task
def complete(deployment_id: int) -> None:
    """Let a deployed model answer; what else waits there takes its turn behind the texts of others."""
    if writer.work(deployment_id):
        send(complete, deployment_id)


@shared_task
def look(probe_id: int) -> None:
    """Let a model be looked into."""
    looking.look(probe_id)


@shared_task
def export(export_id: int) -> None:
    """Write files of a finished run."""
    making.make(export_id)


@shared_task
def check(export_id: int) -> None:
    """Run the script of a finished run, and compare."""
    making.make(export_id)


@shared_task(expires=30)
def warm() -> None:
    """Train the next preset that nobody has trained, when nobody trains."""
    if settings.LAB_WARM_PRESETS:
        presets.warm_next()


@shared_task(expires=30)
def reap() -> None:
    """Give back runs of lost workers, and wake workers for whatever waits. Idempotent: two beats are safe."""
    for run in queue.reap():
        announce(run)
    play.expire()
    _top_up(work, "train", Run.objects.queued().count())
    writer.expire()
    looking.expire()
    for generation_id in play.forgotten():
        generate.delay(generation_id)
    for deployment_id in writer.forgotten():
        complete.delay(deployment_id)
    making.expire()
    tables.expire()
    heal_stamp()
    for job in making.forgotten():
        (check if job.kind == Kind.CHECK else export).delay(job.pk)
    for probe_id in looking.forgotten():
        look.delay(probe_id)


def announce(run: Run) -> None:
    """Tell watchers that a run has ended without its supervisor. Does nothing while Redis is away: pings tell later."""
    channel = Channel(run.pk, run.fence + 1)  # nobody may write after the end
    try:
        channel.send("state", {"state": run.state, "result": run.result})
    finally:
        channel.close()


def _top_up(task: Any, queue_name: str, wanted: int) -> None:
    """Have as many wake-ups in the queue as runs wait: one that was lost would leave a run waiting."""
    broker = client()
    try:
        for _ in range(int(broker.llen(queue_name)), wanted):
            task.delay()
    except redis.RedisError:
        log.warning("no wake-ups: Redis is away")
    finally:
        broker.close()


@worker_process_init.connect
def _warm(**_: Any) -> None:
    """A process that will train or write imports torch (in its nursery) before the first learner waits for it."""
    if COMPUTES & set(current_app.amqp.queues.consume_from):
        nursery.warm_later()


@worker_ready.connect
def _look_for_work(sender: Any, **_: Any) -> None:
    """Runs may have waited while no worker was there."""
    if "train" in sender.app.amqp.queues.consume_from:
        work.delay()


@worker_shutting_down.connect
def _drain(**_: Any) -> None:
    """Runs are given back at their checkpoint, to be continued by whoever claims them next."""
    drain.begin()


worker_ready.connect(workers.ready)
heartbeat_sent.connect(workers.tell)
worker_shutdown.connect(workers.gone)
