"""What pages and API read of deployments."""

from __future__ import annotations

import hashlib
from typing import Any

from django.shortcuts import get_object_or_404

from labs.deploy.models import Deployment, DeploymentQuerySet
from labs.models import Run
from labs.states import State
from trainer.spec import RunSpec

TASKS = ("language", "sequence")
"""What a model must have learnt to write a text."""


def can_deploy(run: Run) -> bool:
    """Whether the run has left a model that writes."""
    return run.state == State.FINISHED and task_of(run) in TASKS


def task_of(run: Run) -> str:
    """What the run's model has learnt."""
    return RunSpec.stored(run.spec).task


def deployment_get(user: Any, deployment_id: int) -> Deployment:
    """One's own deployment. Raises Http404 for any other. One query."""
    return get_object_or_404(Deployment.objects.for_user(user), pk=deployment_id)


def deployments(user: Any, run: Run) -> DeploymentQuerySet:
    """One's own deployments of a run, newest first. One query."""
    return Deployment.objects.for_user(user).filter(run_id=run.pk)


def key_hash(key: str) -> str:
    """What is kept of a key. Keys are long and random, so a plain hash is as safe as a slow one."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def deployment_of_key(key: str) -> Deployment | None:
    """The deployment that a key opens or once opened, with run and owner; None for a wrong key. One query."""
    return Deployment.objects.select_related("run", "owner").filter(key_sha256=key_hash(key)).first()
